/** Generates docs/configuration.md from the table of settings, so that the two cannot differ. */
import { settingNames, specOf } from './sources.js';
import type { SettingSpec } from './schema.js';

const INTRODUCTION = `# Configuration

Generated from src/config/schema.ts by \`gatehouse docs\`; do not edit.

Values come from three places, the later winning: the default, the YAML file that \`GATEHOUSE_CONFIG\` names, the
environment. In the file a key such as \`admin.port\` is nested (\`admin: { port: 4001 }\`). A variable that is set to
nothing counts as not set. Lists are YAML lists, or comma-separated in the environment.

The whole configuration is checked before anything connects. Unknown \`GATEHOUSE_\` variables, unknown keys, impossible
values and impossible combinations are all listed together, and the process ends with exit code 2.

Secrets can also be read from a file, as container platforms mount them: set \`NAME_FILE\` to its path instead of
\`NAME\` (marked *secret* below). Secrets are never printed.

Two variables are no settings of the server: \`GATEHOUSE_CONFIG\`, the path of the YAML file, and \`GATEHOUSE_ADMIN_FILE\`,
where the command line finds its credentials (default: \`admin.json\` in the data directory).

| variable | key in the file | default | what it does |
|---|---|---|---|
`;

const CLOSING = `
## Combinations that are refused

- \`REDIS_URL\` or more than one worker without \`DATABASE_URL\`.
- A certificate file without its key file, or the reverse.
- \`GATEHOUSE_CLIENT_CERT_HEADER\` without \`GATEHOUSE_TRUSTED_PROXIES\`.
- \`GATEHOUSE_TLS_CLIENT_CA_FILE\` where no client certificate could arrive.
- One port for both planes on one address.

## Behind a proxy

The address of a caller is the rightmost entry of \`X-Forwarded-For\` that is not itself a trusted proxy, and only when
the connection comes from a trusted proxy. \`Forwarded\` (RFC 7239) is not read: a proxy that sets one of the two headers
usually passes the other one through from the caller. \`X-Request-Id\` of a trusted proxy is kept in the log; that of
anyone else is replaced. Make sure that the proxy removes the client certificate header from what callers send.

## TLS

TLS 1.2 or newer. Certificate and key files are looked at once a second and taken over when they changed; new files
that do not fit together are reported in the log, and the old ones stay in use.
`;

/** The text of docs/configuration.md. */
export function configurationDocument(): string {
  const rows = settingNames.map((name) => row(specOf(name)));
  return `${INTRODUCTION}${rows.join('\n')}\n${CLOSING}`;
}

function row(spec: SettingSpec): string {
  const standard = spec.schema.safeParse(undefined);
  const note = spec.secret === true ? ' *Secret.*' : '';
  const cells = [`\`${spec.env}\``, `\`${spec.key}\``, defaultText(standard.data), `${spec.doc}${note}`];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultText(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return 'none';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
