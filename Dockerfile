# syntax=docker/dockerfile:1
# The base is pinned by tag, not by digest: no registry of images could be read where this file was written. Pin the
# digest in your own build (docs/operations.md).
FROM node:24-slim AS build
WORKDIR /app
# The scripts of the project itself run after the sources are there; those of dependencies are never needed.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production \
    GATEHOUSE_HOST=0.0.0.0 \
    GATEHOUSE_ADMIN_HOST=0.0.0.0 \
    GATEHOUSE_DATA_DIR=/var/lib/gatehouse \
    GATEHOUSE_KEYS_DIR=/etc/gatehouse/keys
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/build/src ./build/src
COPY migrations ./migrations
COPY views ./views
RUN mkdir -p /var/lib/gatehouse /etc/gatehouse/keys \
 && chown node:node /var/lib/gatehouse /etc/gatehouse/keys \
 && chmod 700 /var/lib/gatehouse /etc/gatehouse/keys
USER node
VOLUME ["/var/lib/gatehouse"]
EXPOSE 4000 4001
# Every file outside the volume may be read-only. Node is process 1: main.js handles SIGTERM and SIGINT itself and
# waits for the workers that it starts, so that no init is needed.
STOPSIGNAL SIGTERM
# Life, not readiness: platforms restart what is unhealthy, and a restart brings back no dependency. The certificate of the
# admin plane bears other names than the address that is asked here, so that only the answer counts.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "const e = process.env; e.NODE_TLS_REJECT_UNAUTHORIZED = '0'; fetch((e.GATEHOUSE_ADMIN_TLS_CERT_FILE ? 'https://' : 'http://') + e.GATEHOUSE_ADMIN_HOST + ':' + (e.GATEHOUSE_ADMIN_PORT ?? 4001) + '/healthz', { signal: AbortSignal.timeout(2500) }).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "build/src/main.js"]
