/** admin.json: where the server is and as whom the CLI speaks to it. Knows nothing of tokens. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { loadSettings } from '../../config/load.js';
import type { Environment } from '../../config/sources.js';
import { errorCode } from '../error_code.js';
import { CliFailure } from '../failure.js';

const shape = z.looseObject({
  issuer: z.url(),
  adminUrl: z.url(),
  clientId: z.string().min(1),
  clientSecret: z.string().min(1),
});

export interface AdminFile {
  readonly path: string;
  readonly issuer: string;
  /** Without a slash at the end. */
  readonly adminUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Variables of the CLI that the server does not know as settings. */
const CLI_VARIABLES = ['GATEHOUSE_CLIENT_ID', 'GATEHOUSE_CLIENT_SECRET'];

/** The environment as the server reads it. */
export function serverEnvironment(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !CLI_VARIABLES.includes(name)));
}

/** A variable that is set to nothing counts as not set. */
export function variable(env: Environment, name: string): string | undefined {
  const value = env[name] ?? '';
  return value === '' ? undefined : value;
}

/** GATEHOUSE_ADMIN_FILE, or admin.json in the data directory of the same configuration that the server has. */
export function adminFilePath(env: Environment): string {
  const named = variable(env, 'GATEHOUSE_ADMIN_FILE');
  if (named !== undefined) return named;
  return join(variable(env, 'GATEHOUSE_DATA_DIR') ?? configuredDataDir(env), 'admin.json');
}

function configuredDataDir(env: Environment): string {
  if (variable(env, 'GATEHOUSE_CONFIG') === undefined) return '.gatehouse';
  try {
    return loadSettings(serverEnvironment(env), (path) => readFileSync(path, 'utf8')).settings.dataDir;
  } catch {
    // `serve` and `doctor` tell what is wrong with the configuration; a client verb only needs a place to look.
    return '.gatehouse';
  }
}

/** Undefined when there is none. @throws CliFailure when there is one that cannot be used */
export function findAdminFile(env: Environment): AdminFile | undefined {
  const path = adminFilePath(env);
  if (!existsSync(path)) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw unusable(path, `cannot be read (${errorCode(error, 'not JSON')})`);
  }
  const result = shape.safeParse(content);
  if (!result.success)
    throw unusable(path, `lacks ${result.error.issues.map((issue) => issue.path.join('.')).join(', ')}`);
  const { issuer, adminUrl, clientId, clientSecret } = result.data;
  return { path, issuer, adminUrl: adminUrl.replace(/\/$/, ''), clientId, clientSecret };
}

function unusable(path: string, what: string): CliFailure {
  return new CliFailure(`${path} ${what}`, {
    code: 'admin_file',
    hint: '`gatehouse admin recover` on the machine of the server writes a new one',
  });
}

/** @throws CliFailure when there is none */
export function requireAdminFile(env: Environment): AdminFile {
  const file = findAdminFile(env);
  if (file !== undefined) return file;
  throw new CliFailure(`there is no ${adminFilePath(env)}, so it is not known where the server is`, {
    code: 'admin_file',
    hint: 'the server writes it on its first start (`npm start` or `gatehouse serve`); run this in the same directory, or name the file in GATEHOUSE_ADMIN_FILE',
  });
}

/** --issuer, else that of admin.json, else GATEHOUSE_ISSUER, else the server's own default. */
export function issuerOf(option: string | undefined, file: AdminFile | undefined, env: Environment): string {
  return option ?? file?.issuer ?? variable(env, 'GATEHOUSE_ISSUER') ?? 'http://localhost:4000';
}
