#!/usr/bin/env bash
# Fills a directory (default: deploy/secrets) with what docker-compose.yml needs for a trial. Overwrites nothing.
set -euo pipefail
umask 077
directory="${1:-$(dirname "$0")/secrets}"
name="${2:-localhost}"
mkdir -p "$directory"
cd "$directory"

put() { # file, text
  if [ ! -e "$1" ]; then
    printf '%s\n' "$2" >"$1"
    chmod 644 "$1" # read by the container's own user; the directory keeps others out
  fi
}

put master_key "$(openssl rand -base64 32)"
put postgres_password "$(openssl rand -hex 24)"
put database_url "postgres://gatehouse:$(cat postgres_password)@postgres:5432/gatehouse"
put redis_url "redis://redis:6379"
if [ ! -e tls.key ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$name" \
    -addext "subjectAltName=DNS:$name" -keyout tls.key -out tls.crt 2>/dev/null
fi
if [ ! -e client-ca.crt ]; then
  cp tls.crt client-ca.crt
fi
chmod 644 tls.crt tls.key client-ca.crt
chmod 700 .
echo "Secrets for a trial are in $(pwd)."
