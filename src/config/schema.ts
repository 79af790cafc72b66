/**
 * Every setting: its name in the environment, its key in the YAML file, its type, default and reason.
 * docs/configuration.md is generated from this table. Knows nothing of where values come from.
 */
import { z } from 'zod';
import { isCidr } from '../lib/networks.js';

export interface SettingSpec {
  /** Name in the environment. */
  readonly env: string;
  /** Path in the YAML file named by GATEHOUSE_CONFIG. */
  readonly key: string;
  readonly schema: z.ZodType;
  readonly doc: string;
  /** Also readable from the file that `${env}_FILE` names; never printed. */
  readonly secret?: boolean;
}

/** A whole number in decimal, from YAML or as text. Coercion is not used: it would read '', null and '0x10' as numbers. */
const integer = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`;
  const decimal = z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number);
  return z
    .union([z.number(), decimal], { error })
    .pipe(z.number({ error }).int(error).min(min, error).max(max, error));
};
const port = integer(0, 65535);
const path = z.string().min(1);
const host = z.string().regex(/^[A-Za-z0-9._:%-]+$/, 'must be an address or a host name, without a port');
const bool = z.union(
  [z.boolean(), z.enum(['true', 'false', '1', '0']).transform((v) => v === 'true' || v === '1')],
  { error: 'must be true or false' },
);

/** An http(s) URL in its normal form, because issuers are compared character by character (RFC 8414 §3.3). */
const origin = z.string().superRefine((value, context) => {
  const fault = (message: string): void => context.addIssue({ code: 'custom', message });
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    fault('must be an http(s) URL');
  } else if (/[?#]/.test(value) || url.username !== '' || url.password !== '' || value.endsWith('/')) {
    fault('must have no query, fragment, credentials or trailing slash');
  } else if (url.href !== value && url.href !== `${value}/`) {
    fault(`must be written in its normal form, ${url.href.replace(/\/$/, '')}`);
  }
});

/** A list from YAML, or one text of comma-separated items from the environment. */
const list = z.union(
  [
    z.array(z.string()),
    z.string().transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    ),
  ],
  { error: 'must be a list of texts' },
);
const cidrList = list.superRefine((items, context) => {
  for (const item of items) {
    if (!isCidr(item))
      context.addIssue({ code: 'custom', message: `"${item}" is not a CIDR range such as 10.0.0.0/8` });
  }
});
const databaseUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://');
const redisUrl = z
  .string()
  .regex(
    /^(rediss?|redis\+(cluster|sentinel)|rediss\+(cluster|sentinel)):\/\//,
    'must start with redis://, rediss://, redis+cluster:// or redis+sentinel://',
  );
const masterKey = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]{43}=?$/, 'must be 32 bytes in base64')
  .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64');

export const SETTINGS = {
  issuer: {
    env: 'GATEHOUSE_ISSUER',
    key: 'issuer',
    schema: origin.default('http://localhost:4000'),
    doc: 'The issuer identifier, and the base of every public endpoint. Never derived from a request.',
  },
  host: {
    env: 'GATEHOUSE_HOST',
    key: 'host',
    schema: host.default('127.0.0.1'),
    doc: 'Address on which the public plane listens.',
  },
  port: {
    env: 'GATEHOUSE_PORT',
    key: 'port',
    schema: port.default(4000),
    doc: 'Port of the public plane; 0 takes any free one.',
  },
  adminHost: {
    env: 'GATEHOUSE_ADMIN_HOST',
    key: 'admin.host',
    schema: host.default('127.0.0.1'),
    doc: 'Address on which the admin plane listens: a private network.',
  },
  adminPort: {
    env: 'GATEHOUSE_ADMIN_PORT',
    key: 'admin.port',
    schema: port.default(4001),
    doc: 'Port of the admin plane; 0 takes any free one.',
  },
  adminUrl: {
    env: 'GATEHOUSE_ADMIN_URL',
    key: 'admin.url',
    schema: origin.optional(),
    doc: 'URL of the admin plane as the CLI reaches it, written to admin.json. Default: made from the admin host and port.',
  },
  dataDir: {
    env: 'GATEHOUSE_DATA_DIR',
    key: 'data_dir',
    schema: path.default('.gatehouse'),
    doc: 'Directory of the embedded database, admin.json and the audit spool.',
  },
  keysDir: {
    env: 'GATEHOUSE_KEYS_DIR',
    key: 'keys_dir',
    schema: path.default('keys'),
    doc: 'Directory in which a file-based master key lies.',
  },
  databaseUrl: {
    env: 'DATABASE_URL',
    key: 'database_url',
    schema: databaseUrl.optional(),
    secret: true,
    doc: 'PostgreSQL (14 or newer). Without it Gatehouse runs on the embedded database.',
  },
  databasePoolSize: {
    env: 'GATEHOUSE_DATABASE_POOL_SIZE',
    key: 'database.pool_size',
    schema: integer(2, 200).default(10),
    doc: 'Connections to PostgreSQL per worker.',
  },
  redisUrl: {
    env: 'REDIS_URL',
    key: 'redis_url',
    schema: redisUrl.optional(),
    secret: true,
    doc: 'Redis or Valkey for short-lived data: redis://host, redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/NAME (rediss for TLS). Needs DATABASE_URL.',
  },
  redisPrefix: {
    env: 'GATEHOUSE_REDIS_PREFIX',
    key: 'redis_prefix',
    schema: z
      .string()
      .regex(/^[A-Za-z0-9:_-]{1,64}$/, 'must be 1 to 64 letters, digits, colons, underscores or hyphens')
      .default('gatehouse:'),
    doc: 'Prefix of every key and channel in Redis, so that several installations can share one.',
  },
  masterKey: {
    env: 'GATEHOUSE_MASTER_KEY',
    key: 'master_key',
    schema: masterKey.optional(),
    secret: true,
    doc: '32 bytes in base64 that wrap every key at rest. Without it: the file master.key in the keys directory, made on the first start of the embedded default and never made when DATABASE_URL is set.',
  },
  workers: {
    env: 'GATEHOUSE_WORKERS',
    key: 'workers',
    schema: z
      .union([z.literal('max'), integer(1, 256)], { error: 'must be `max` or a whole number from 1 to 256' })
      .default(1),
    doc: 'Worker processes; `max` takes one for each core. More than one needs DATABASE_URL.',
  },
  logLevel: {
    env: 'GATEHOUSE_LOG_LEVEL',
    key: 'log_level',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    doc: 'Least severity that is logged.',
  },
  trustedProxies: {
    env: 'GATEHOUSE_TRUSTED_PROXIES',
    key: 'trusted_proxies',
    schema: cidrList.default([]),
    doc: 'CIDR ranges of proxies whose X-Forwarded-For and client certificate header are believed. Those of everyone else are ignored.',
  },
  clientCertHeader: {
    env: 'GATEHOUSE_CLIENT_CERT_HEADER',
    key: 'client_cert_header',
    schema: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header')
      .optional(),
    doc: 'Header in which a trusted proxy hands over the client certificate: URL-encoded PEM (nginx $ssl_client_escaped_cert) or RFC 9440 Client-Cert. Needs GATEHOUSE_TRUSTED_PROXIES. For tls_client_auth the chain is checked again, against GATEHOUSE_TLS_CLIENT_CA_FILE.',
  },
  tlsCertFile: {
    env: 'GATEHOUSE_TLS_CERT_FILE',
    key: 'tls.cert_file',
    schema: path.optional(),
    doc: 'Certificate chain (PEM) of the public plane; reloaded when the file changes.',
  },
  tlsKeyFile: {
    env: 'GATEHOUSE_TLS_KEY_FILE',
    key: 'tls.key_file',
    schema: path.optional(),
    doc: 'Private key (PEM) of the public plane.',
  },
  tlsClientCaFile: {
    env: 'GATEHOUSE_TLS_CLIENT_CA_FILE',
    key: 'tls.client_ca_file',
    schema: path.optional(),
    doc: 'Authorities (PEM, roots and the intermediates below them) whose client certificates tls_client_auth accepts, from TLS and from the header of a proxy alike. With a certificate of its own the public plane asks for client certificates only when this is set, so that browsers are not bothered; self_signed_tls_client_auth needs it for that reason, with any authority.',
  },
  adminTlsCertFile: {
    env: 'GATEHOUSE_ADMIN_TLS_CERT_FILE',
    key: 'admin.tls.cert_file',
    schema: path.optional(),
    doc: 'Certificate chain (PEM) of the admin plane.',
  },
  adminTlsKeyFile: {
    env: 'GATEHOUSE_ADMIN_TLS_KEY_FILE',
    key: 'admin.tls.key_file',
    schema: path.optional(),
    doc: 'Private key (PEM) of the admin plane.',
  },
  outboundAllow: {
    env: 'GATEHOUSE_DANGER_ALLOW_PRIVATE_NETWORKS',
    key: 'danger_allow_private_networks',
    schema: cidrList.default([]),
    doc: 'CIDR ranges of private or loopback addresses that outbound requests (jwks_uri) may reach all the same.',
  },
  maxStaleness: {
    env: 'GATEHOUSE_MAX_STALENESS',
    key: 'limits.max_staleness',
    schema: integer(1, 86_400).default(900),
    doc: 'Seconds for which tokens are issued from the last known good state while the database is away; then 503.',
  },
  maxRevocationStaleness: {
    env: 'GATEHOUSE_MAX_REVOCATION_STALENESS',
    key: 'limits.max_revocation_staleness',
    schema: integer(1, 3600).default(60),
    doc: 'Seconds for which introspection answers while the feed of revocations cannot be read; then 503.',
  },
  pollInterval: {
    env: 'GATEHOUSE_POLL_INTERVAL_MS',
    key: 'limits.poll_interval_ms',
    schema: integer(50, 10_000).default(500),
    doc: 'Milliseconds between looks at the change feed, in case a signal was missed.',
  },
  clientCacheSize: {
    env: 'GATEHOUSE_CLIENT_CACHE_SIZE',
    key: 'limits.client_cache_size',
    schema: integer(100, 5_000_000).default(150_000),
    doc: 'Clients kept ready in memory per worker (about 4 KB each); so many are read ahead.',
  },
  bodyLimit: {
    env: 'GATEHOUSE_BODY_LIMIT',
    key: 'limits.body_bytes',
    schema: integer(1024, 1_048_576).default(65_536),
    doc: 'Largest request body of the public plane in bytes.',
  },
  adminBodyLimit: {
    env: 'GATEHOUSE_ADMIN_BODY_LIMIT',
    key: 'limits.admin_body_bytes',
    schema: integer(65_536, 536_870_912).default(134_217_728),
    doc: 'Largest document that apply takes, in bytes; every other admin request is limited to 256 KiB.',
  },
  authFailuresPerClient: {
    env: 'GATEHOUSE_AUTH_FAILURES_PER_CLIENT',
    key: 'limits.auth_failures_per_client',
    schema: integer(1, 100_000).default(10),
    doc: 'Failed authentications of one client from one network per minute before further failures get 429.',
  },
  authFailuresPerNetwork: {
    env: 'GATEHOUSE_AUTH_FAILURES_PER_NETWORK',
    key: 'limits.auth_failures_per_network',
    schema: integer(1, 1_000_000).default(100),
    doc: 'Failed authentications from one network (/24 or /64), over all clients, per minute before further failures get 429.',
  },
  shutdownTimeout: {
    env: 'GATEHOUSE_SHUTDOWN_TIMEOUT',
    key: 'limits.shutdown_timeout',
    schema: integer(1, 300).default(15),
    doc: 'Seconds that requests in flight have to finish after SIGTERM.',
  },
  auditSpoolBytes: {
    env: 'GATEHOUSE_AUDIT_SPOOL_BYTES',
    key: 'audit.spool_bytes',
    schema: integer(1_048_576, 68_719_476_736).default(268_435_456),
    doc: 'Largest size of the spool that takes audit events while the database is away; when it is full, issuance stops with 503.',
  },
  accessLog: {
    env: 'GATEHOUSE_ACCESS_LOG',
    key: 'access_log',
    schema: bool.default(true),
    doc: 'Whether one event per request is logged. Failures are logged in any case.',
  },
} as const satisfies Record<string, SettingSpec>;

export type Settings = { readonly [K in keyof typeof SETTINGS]: z.infer<(typeof SETTINGS)[K]['schema']> };
