/** The checks of `gatehouse doctor`. Each answers findings and never throws; knows nothing of how they are shown. */
import { existsSync, statSync } from 'node:fs';
import { z } from 'zod';
import { CliFailure } from '../failure.js';
import { AdminClient } from '../remote/admin_client.js';
import { adminFilePath, findAdminFile, issuerOf, type AdminFile } from '../remote/admin_file.js';
import { jsonOf, parsed } from '../remote/answers.js';
import { discover } from '../remote/discovery.js';
import { exchange } from '../remote/http.js';
import { migrateSchema, settingsOf } from '../server.js';
import type { Shell } from '../shell.js';
import { metadataShape, readinessShape, type Metadata } from '../wire.js';

export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly detail: string;
  readonly hint?: string | undefined;
}

type Check = (shell: Shell) => Promise<Finding[]>;

/** In the order in which a person would look. */
export const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ['configuration', configuration],
  ['admin.json', adminFile],
  ['discovery', discovery],
  ['keys', keys],
  ['clock', clock],
  ['readiness', readiness],
  ['schema', schema],
  ['admin access', adminAccess],
];

/** Runs one check; what it throws becomes a finding. */
export async function runCheck(name: string, check: Check, shell: Shell): Promise<Finding[]> {
  try {
    return await check(shell);
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    return [{ check: name, status: 'failed', detail: error.message, hint: error.hint }];
  }
}

const one = (check: string, status: Finding['status'], detail: string, hint?: string): Finding => ({
  check,
  status,
  detail,
  hint,
});

async function configuration(shell: Shell): Promise<Finding[]> {
  const { settings, warnings } = settingsOf(shell.env);
  const store = settings.databaseUrl === undefined ? `embedded, in ${settings.dataDir}` : 'PostgreSQL';
  return [
    one('configuration', 'ok', `as seen from here: issuer ${settings.issuer}, database ${store}`),
    ...warnings.map((warning) => one('configuration', 'warning', warning)),
  ];
}

async function adminFile(shell: Shell): Promise<Finding[]> {
  const path = adminFilePath(shell.env);
  const file = findAdminFile(shell.env);
  if (file === undefined)
    return [
      one(
        'admin.json',
        'failed',
        `there is no ${path}`,
        'the server writes it on its first start; otherwise set GATEHOUSE_ADMIN_FILE or use `gatehouse admin recover`',
      ),
    ];
  const open = process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0;
  return [
    open
      ? one('admin.json', 'warning', `${path} can be read by other users`, `chmod 600 ${path}`)
      : one('admin.json', 'ok', `${path} names ${file.issuer} and ${file.adminUrl}`),
  ];
}

const issuerFor = (shell: Shell): string => issuerOf(undefined, findAdminFile(shell.env), shell.env);

const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);

async function discovery(shell: Shell): Promise<Finding[]> {
  const issuer = issuerFor(shell);
  const metadata = await discover(shell, issuer);
  const findings: Finding[] = [];
  const astray = Object.entries(metadata).filter(
    ([name, value]) =>
      (name.endsWith('_endpoint') || name === 'jwks_uri') &&
      typeof value === 'string' &&
      !value.startsWith(`${metadata.issuer.replace(/\/$/, '')}/`),
  );
  for (const [name, value] of astray)
    findings.push(one('discovery', 'warning', `${name} ${String(value)} does not lie below the issuer`));
  const other = await authorizationServerMetadata(shell, metadata.issuer);
  for (const name of [
    'issuer',
    'token_endpoint',
    'jwks_uri',
    'introspection_endpoint',
    'revocation_endpoint',
  ])
    if (other[name] !== metadata[name])
      findings.push(one('discovery', 'failed', `the two discovery documents differ in ${name}`));
  const url = new URL(metadata.issuer);
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    findings.push(
      one('discovery', 'warning', 'the issuer is plain http: secrets and tokens travel in clear', 'use TLS'),
    );
  return findings.length > 0 ? findings : [one('discovery', 'ok', `${issuer} describes itself consistently`)];
}

/** RFC 8414 §3.1: the well-known part stands between host and path. */
async function authorizationServerMetadata(shell: Shell, issuer: string): Promise<Metadata> {
  const { origin, pathname } = new URL(issuer);
  const url = `${origin}/.well-known/oauth-authorization-server${pathname === '/' ? '' : pathname}`;
  const answer = await exchange(shell, { url });
  if (answer.status !== 200) throw new CliFailure(`${url} answered ${answer.status}`);
  return parsed(metadataShape, jsonOf(answer), url);
}

const jwksShape = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

async function keys(shell: Shell): Promise<Finding[]> {
  const { jwks_uri: url } = await discover(shell, issuerFor(shell));
  const { keys: published } = parsed(jwksShape, jsonOf(await exchange(shell, { url })), url);
  if (published.length === 0)
    return [one('keys', 'failed', `${url} publishes no key: no token can be verified`)];
  if (published.some((key) => 'd' in key || 'k' in key))
    return [one('keys', 'failed', `${url} publishes a private or symmetric key`)];
  return [one('keys', 'ok', `${published.length} public keys`)];
}

/** The Date header has whole seconds, and the answer takes its time. */
const CLOCK_TOLERANCE_S = 3;

async function clock(shell: Shell): Promise<Finding[]> {
  const before = shell.now();
  const answer = await exchange(shell, { url: `${issuerFor(shell)}/.well-known/openid-configuration` });
  const here = (before + shell.now()) / 2;
  const there = Date.parse(answer.headers.get('date') ?? '');
  if (Number.isNaN(there)) return [one('clock', 'skipped', 'the server sends no Date header')];
  const difference = Math.round((there + 500 - here) / 1000);
  if (Math.abs(difference) <= CLOCK_TOLERANCE_S)
    return [one('clock', 'ok', 'the same here and on the server')];
  return [
    one(
      'clock',
      Math.abs(difference) > 30 ? 'failed' : 'warning',
      `the server's clock is ${Math.abs(difference)} s ${difference > 0 ? 'ahead of' : 'behind'} the one here`,
      'tokens and assertions depend on time: run NTP on both',
    ),
  ];
}

async function readiness(shell: Shell): Promise<Finding[]> {
  const url = `${adminUrlOf(shell)}/readyz`;
  const answer = await exchange(shell, { url });
  const report = parsed(readinessShape, jsonOf(answer), url);
  const findings = Object.entries(report.checks).map(([name, { ok, detail, required }]) =>
    one(`readiness: ${name}`, ok ? 'ok' : required === false ? 'warning' : 'failed', detail),
  );
  return answer.status === 200
    ? findings
    : [one('readiness', 'failed', `the server is ${report.status}`), ...findings];
}

function adminUrlOf(shell: Shell): string {
  const file: AdminFile | undefined = findAdminFile(shell.env);
  if (file === undefined) throw new CliFailure('without admin.json the admin port is not known');
  return file.adminUrl;
}

/** Asks the database itself, unless it is the embedded one, which only the running server can open. */
async function schema(shell: Shell): Promise<Finding[]> {
  const { settings } = settingsOf(shell.env);
  if (settings.databaseUrl === undefined) {
    if (!existsSync(settings.dataDir)) return [one('schema', 'skipped', 'there is no database here yet')];
    const serving = await exchange(shell, { url: `${adminUrlOf(shell)}/healthz` }).then(
      () => true,
      () => false,
    );
    if (serving) return [one('schema', 'ok', 'embedded: the running server brought it up to date')];
  }
  const { migrations } = await migrateSchema(shell.env, true);
  if (migrations.length === 0) return [one('schema', 'ok', 'up to date')];
  return [
    one(
      'schema',
      'warning',
      `lacks ${migrations.join(', ')}`,
      '`gatehouse migrate`, or a start of the server, runs them',
    ),
  ];
}

async function adminAccess(shell: Shell): Promise<Finding[]> {
  const admin = new AdminClient(shell, ['apis:read']);
  await admin.page('/apis', {}, 1);
  return [one('admin access', 'ok', `${admin.file.clientId} gets a token and the admin API takes it`)];
}
