/** Rules that lie between settings: what must come together, what cannot, and what is allowed but unwise. */
import ipaddr from 'ipaddr.js';
import type { ConfigurationFault } from './faults.js';
import type { Settings } from './schema.js';
import { specOf, type SettingName } from './sources.js';

interface Rule {
  readonly setting: SettingName;
  readonly broken: (settings: Settings) => boolean;
  readonly message: string;
}

const RULES: readonly Rule[] = [
  {
    setting: 'redisUrl',
    broken: (s) => s.redisUrl !== undefined && s.databaseUrl === undefined,
    message: 'needs DATABASE_URL: Redis holds short-lived data only',
  },
  {
    setting: 'workers',
    broken: (s) => s.workers !== 1 && s.databaseUrl === undefined,
    message: 'more than one worker needs DATABASE_URL: the embedded database belongs to one process',
  },
  {
    setting: 'tlsCertFile',
    broken: (s) => (s.tlsCertFile === undefined) !== (s.tlsKeyFile === undefined),
    message: 'GATEHOUSE_TLS_CERT_FILE and GATEHOUSE_TLS_KEY_FILE come together',
  },
  {
    setting: 'adminTlsCertFile',
    broken: (s) => (s.adminTlsCertFile === undefined) !== (s.adminTlsKeyFile === undefined),
    message: 'GATEHOUSE_ADMIN_TLS_CERT_FILE and GATEHOUSE_ADMIN_TLS_KEY_FILE come together',
  },
  {
    setting: 'tlsClientCaFile',
    broken: (s) =>
      s.tlsClientCaFile !== undefined && s.tlsCertFile === undefined && s.clientCertHeader === undefined,
    message:
      'has no use without GATEHOUSE_TLS_CERT_FILE or GATEHOUSE_CLIENT_CERT_HEADER: no client certificate could arrive',
  },
  {
    setting: 'clientCertHeader',
    broken: (s) => s.clientCertHeader !== undefined && s.trustedProxies.length === 0,
    message: 'needs GATEHOUSE_TRUSTED_PROXIES: the header of anyone else is never believed',
  },
  {
    setting: 'adminPort',
    broken: (s) => s.port !== 0 && s.port === s.adminPort && overlaps(s.host, s.adminHost),
    message: 'is the port of the public plane already',
  },
];

const WARNINGS: readonly Rule[] = [
  {
    setting: 'issuer',
    broken: (s) =>
      s.issuer.startsWith('https:') && s.tlsCertFile === undefined && s.trustedProxies.length === 0,
    message:
      'is https, but neither GATEHOUSE_TLS_CERT_FILE nor GATEHOUSE_TRUSTED_PROXIES is set: the addresses of callers will be those of the proxy',
  },
  {
    setting: 'issuer',
    broken: (s) => s.issuer.startsWith('http:') && !isLoopback(new URL(s.issuer).hostname),
    message: 'is plain http and not on loopback: tokens and secrets travel unencrypted',
  },
  {
    setting: 'issuer',
    broken: (s) => s.issuer.startsWith('http:') && s.tlsCertFile !== undefined,
    message: 'is plain http although the public plane speaks TLS: clients that follow it will not connect',
  },
  {
    setting: 'adminHost',
    broken: (s) => !isLoopback(s.adminHost) && s.adminTlsCertFile === undefined,
    message: 'is not loopback and has no TLS: keep the admin plane in a private network',
  },
  {
    setting: 'clientCertHeader',
    broken: (s) => s.clientCertHeader !== undefined && s.tlsClientCaFile === undefined,
    message:
      'is set without GATEHOUSE_TLS_CLIENT_CA_FILE: chains cannot be checked, so that only self_signed_tls_client_auth works',
  },
  {
    setting: 'trustedProxies',
    broken: (s) => s.trustedProxies.some((range) => range.endsWith('/0')),
    message: 'covers every address: anyone can claim any address and any client certificate',
  },
];

/** Faults of combinations of settings that are each valid. */
export function combinationFaults(settings: Settings): ConfigurationFault[] {
  return RULES.filter((rule) => rule.broken(settings)).map(({ setting, message }) => ({
    setting: specOf(setting).env,
    source: 'combination',
    message,
  }));
}

/** Sentences about what is allowed but unwise; main logs each once. */
export function combinationWarnings(settings: Settings): string[] {
  return WARNINGS.filter((rule) => rule.broken(settings)).map(
    ({ setting, message }) => `${specOf(setting).env} ${message}`,
  );
}

const WILDCARDS = ['0.0.0.0', '::'];

function overlaps(a: string, b: string): boolean {
  return a === b || WILDCARDS.includes(a) || WILDCARDS.includes(b);
}

function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return ipaddr.isValid(name) && ipaddr.process(name).range() === 'loopback';
}
