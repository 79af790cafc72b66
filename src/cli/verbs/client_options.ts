/** The options by which token, introspect and revoke say as which client they ask. Owns where credentials may come from. */
import type { Command } from 'commander';
import { ASSERTION_ALGS } from '../../clients/types.js';
import { usageFailure } from '../failure.js';
import { findAdminFile, issuerOf, variable, type AdminFile } from '../remote/admin_file.js';
import { parseAssertionKey, type ClientCredentials } from '../remote/client_authentication.js';
import { discover } from '../remote/discovery.js';
import { readLine, readTextFile, SMALL_INPUT_BYTES, type Shell } from '../shell.js';
import { choice } from '../verb.js';
import type { Metadata } from '../wire.js';

export interface ClientOptions {
  readonly issuer?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly clientSecretFile?: string;
  readonly privateKeyFile?: string;
  readonly signingAlg?: string;
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';
}

/** For the details of each verb that takes these options. */
export const CLIENT_DETAILS = `Other users of this machine can see a secret that stands on the command line. Better ways: the environment
(GATEHOUSE_CLIENT_ID, GATEHOUSE_CLIENT_SECRET), a file (--client-secret-file), or stdin (--client-secret -).
Without any client the one in admin.json asks.`;

export function addClientOptions(command: Command): Command {
  return command
    .option('--client-id <id>', 'as which client to ask [env GATEHOUSE_CLIENT_ID]')
    .option(
      '--client-secret <secret>',
      'its secret, or - to read it from stdin [env GATEHOUSE_CLIENT_SECRET]',
    )
    .option('--client-secret-file <file>', 'a file that holds its secret')
    .option('--private-key-file <file>', 'its private key (PEM or JWK), for private_key_jwt')
    .addOption(
      choice(
        '--signing-alg <alg>',
        'the algorithm of the assertion, if the key allows several',
        ASSERTION_ALGS,
      ),
    )
    .addOption(
      choice('--auth-method <method>', 'how it proves who it is (default: what the credentials fit)', [
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
        'none',
      ]),
    )
    .option('--issuer <url>', 'the issuer (default: that of admin.json, else GATEHOUSE_ISSUER)');
}

export interface Party {
  readonly metadata: Metadata;
  readonly credentials: ClientCredentials;
}

/** Finds issuer and credentials. @param stdinTaken whether another argument already reads stdin */
export async function partyOf(shell: Shell, options: ClientOptions, stdinTaken = false): Promise<Party> {
  const file =
    options.issuer !== undefined && options.clientId !== undefined ? undefined : findAdminFile(shell.env);
  const issuer = issuerOf(options.issuer, file, shell.env);
  // The administrator's secret goes to nobody but the issuer that made it.
  const own = file?.issuer === issuer ? file : undefined;
  const credentials = await credentialsOf(shell, options, own, stdinTaken);
  return { metadata: await discover(shell, issuer), credentials };
}

async function credentialsOf(
  shell: Shell,
  options: ClientOptions,
  file: AdminFile | undefined,
  stdinTaken: boolean,
): Promise<ClientCredentials> {
  const { authMethod } = options;
  const clientId = options.clientId ?? variable(shell.env, 'GATEHOUSE_CLIENT_ID');
  if (clientId === undefined) {
    const named = options.clientSecret ?? options.clientSecretFile ?? options.privateKeyFile;
    if (named !== undefined) throw usageFailure('--client-id is missing: whose credentials are these?');
    if (file !== undefined)
      return { method: 'client_secret_basic', clientId: file.clientId, clientSecret: file.clientSecret };
    throw usageFailure(
      'no client is named, and there is no admin.json for this issuer',
      'give --client-id, or set GATEHOUSE_CLIENT_ID and GATEHOUSE_CLIENT_SECRET',
    );
  }
  if (authMethod === 'none') return { method: 'none', clientId };
  if (options.privateKeyFile !== undefined || authMethod === 'private_key_jwt')
    return { method: 'private_key_jwt', clientId, key: assertionKey(options) };
  const clientSecret = await secretOf(shell, options, stdinTaken);
  if (clientSecret === undefined)
    throw usageFailure(
      `no secret is given for the client ${clientId}`,
      'set GATEHOUSE_CLIENT_SECRET, or use --client-secret-file, --client-secret -, --private-key-file or --auth-method none',
    );
  return { method: authMethod ?? 'client_secret_basic', clientId, clientSecret };
}

function assertionKey(options: ClientOptions): ReturnType<typeof parseAssertionKey> {
  const file = options.privateKeyFile;
  if (file === undefined) throw usageFailure('private_key_jwt needs --private-key-file');
  if ((options.clientSecret ?? options.clientSecretFile) !== undefined)
    throw usageFailure('a secret and --private-key-file exclude each other');
  return parseAssertionKey(readTextFile(file, SMALL_INPUT_BYTES), file, options.signingAlg);
}

async function secretOf(
  shell: Shell,
  options: ClientOptions,
  stdinTaken: boolean,
): Promise<string | undefined> {
  const { clientSecret, clientSecretFile } = options;
  if (clientSecret !== undefined && clientSecretFile !== undefined)
    throw usageFailure('--client-secret and --client-secret-file exclude each other');
  if (stdinTaken && (clientSecret === '-' || clientSecretFile === '-'))
    throw usageFailure('the token and the secret cannot both come from stdin');
  if (clientSecret === '-') return readLine(shell, '-');
  if (clientSecretFile !== undefined) return readLine(shell, clientSecretFile);
  return clientSecret ?? variable(shell.env, 'GATEHOUSE_CLIENT_SECRET');
}

/** The token that an argument names: itself, or stdin for `-`. */
export async function tokenOf(shell: Shell, argument: string): Promise<string> {
  const token = argument === '-' ? (await readLine(shell, '-')).trim() : argument;
  if (token === '') throw usageFailure('the token is empty');
  return token;
}
