#!/usr/bin/env bash
# Starts or stops the real stores that tests run on, on loopback, with their data under DIR.
#   stores.sh start DIR   prints NAME=value lines for the tests, and writes them to DIR/env
#   stores.sh stop DIR    ends exactly what start began
set -euo pipefail
verb=${1:?start or stop}
dir=${2:?a directory}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

free_port() { node -e "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})"; }
# A cluster node also listens on its port + 10000, which must stay below 65536.
cluster_port() { local p; while :; do p=$(free_port); [ "$p" -lt 55000 ] && { echo "$p"; return; }; p=$((20000 + RANDOM)); (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }; done; }
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

start() {
  local bin pg_port redis_port nodes=() port
  bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)")
  chmod 755 "$dir"
  mkdir -p "$dir/postgres" && { [ "$(id -u)" != 0 ] || chown postgres "$dir/postgres"; }
  (cd / && as_postgres "$bin/initdb" -D "$dir/postgres/data" -A trust -U gatehouse >"$dir/initdb.log" 2>&1)
  pg_port=$(free_port)
  (cd / && as_postgres "$bin/pg_ctl" -D "$dir/postgres/data" -l "$dir/postgres/log" -w \
    -o "-p $pg_port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200" start >/dev/null)
  redis_port=$(free_port)
  redis "$redis_port" --appendonly yes
  for _ in 1 2 3 4 5 6; do
    port=$(cluster_port)
    redis "$port" --cluster-enabled yes --cluster-config-file nodes.conf --cluster-node-timeout 2000 --appendonly yes
    nodes+=("127.0.0.1:$port")
  done
  redis-cli --cluster create "${nodes[@]}" --cluster-replicas 1 --cluster-yes >"$dir/cluster.log"
  for _ in $(seq 1 60); do
    redis-cli -p "${nodes[0]#*:}" cluster info | grep -q cluster_state:ok && break
    sleep 0.5
  done
  {
    echo "TEST_DATABASE_URL=postgres://gatehouse@127.0.0.1:$pg_port/postgres"
    echo "TEST_REDIS_URL=redis://127.0.0.1:$redis_port"
    echo "TEST_REDIS_CLUSTER_URL=redis+cluster://$(IFS=,; echo "${nodes[*]}")"
  } | tee "$dir/env"
}

redis() {
  local port=$1 home="$dir/redis-$1"
  shift
  mkdir -p "$home"
  redis-server --bind 127.0.0.1 --port "$port" --dir "$home" --daemonize yes --pidfile "$home/pid" \
    --logfile "$home/log" --maxmemory-policy noeviction "$@" >/dev/null
}

# Waits for each to be gone: a server whose directory vanishes while it saves refuses to end.
stop() {
  local file pids=() pid
  for file in "$dir"/redis-*/pid; do [ -f "$file" ] && pids+=("$(cat "$file")"); done
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  file="$dir/postgres/data/postmaster.pid"
  if [ -f "$file" ]; then
    pids+=("$(head -n 1 "$file")")
    kill -INT "${pids[-1]}" 2>/dev/null || true
  fi
  for pid in "${pids[@]}"; do
    for _ in $(seq 1 100); do kill -0 "$pid" 2>/dev/null || continue 2; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true
  done
}

"$verb"
