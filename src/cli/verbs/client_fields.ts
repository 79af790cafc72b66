/** The options of `clients create` and `clients update`, and what they become on the wire. */
import { InvalidArgumentError, type Command } from 'commander';
import { AUTH_METHODS, CLIENT_TYPES, GRANT_TYPES, TLS_SUBJECT_KINDS } from '../../clients/types.js';
import { parseDuration } from '../duration.js';
import { usageFailure } from '../failure.js';
import { readTextFile, SMALL_INPUT_BYTES } from '../shell.js';
import { choice, collect, collectOf, words } from '../verb.js';

export interface ClientFieldOptions {
  readonly type?: string;
  readonly description?: string;
  readonly owner?: string;
  readonly redirectUri?: string[];
  readonly postLogoutRedirectUri?: string[];
  readonly backchannelLogoutUri?: string;
  readonly authMethod?: string[];
  readonly grantType?: string[];
  readonly jwksFile?: string;
  readonly jwksUri?: string;
  readonly idTokenAlg?: string;
  readonly pkce?: string;
  readonly tlsSubject?: { readonly kind: string; readonly value: string };
  readonly tokenTtl?: number;
  readonly allowedNetwork?: string[];
  readonly serves?: string[];
}

/** Short names for the grant types that have long ones. */
const GRANT_TYPE_ALIASES: Readonly<Record<string, string>> = {
  device_code: 'urn:ietf:params:oauth:grant-type:device_code',
};

function tlsSubject(text: string): { kind: string; value: string } {
  const cut = text.indexOf('=');
  const [kind, value] = [text.slice(0, cut), text.slice(cut + 1)];
  if (cut === -1 || value === '' || !TLS_SUBJECT_KINDS.some((known) => known === kind))
    throw new InvalidArgumentError(`Use KIND=VALUE, with a kind of ${TLS_SUBJECT_KINDS.join(', ')}.`);
  return { kind, value };
}

export function addClientFieldOptions(command: Command): Command {
  return command
    .addOption(choice('--type <type>', 'what kind of program it is (default: service)', CLIENT_TYPES))
    .option('--description <text>', 'what the client is')
    .option('--owner <contact>', 'whom to call about it')
    .option('--redirect-uri <uri>', 'where logins return to; can be repeated', collect)
    .option('--post-logout-redirect-uri <uri>', 'where logouts return to; can be repeated', collect)
    .option('--backchannel-logout-uri <uri>', 'where it hears of logouts')
    .option(
      '--auth-method <method>',
      `how it proves who it is; can be repeated (${AUTH_METHODS.join(', ')})`,
      collectOf(AUTH_METHODS),
    )
    .option(
      '--grant-type <grant>',
      `how it may get tokens; can be repeated (${GRANT_TYPES.join(', ')}; device_code for short)`,
      collectOf([...GRANT_TYPES, ...Object.keys(GRANT_TYPE_ALIASES)]),
    )
    .addOption(choice('--pkce <mode>', 'whether its logins need PKCE', ['required', 'optional']))
    .option('--jwks-file <file>', 'its public keys (a JWK or JWK Set), for private_key_jwt and certificates')
    .option('--jwks-uri <uri>', 'where it publishes its public keys')
    .option(
      '--tls-subject <kind=value>',
      `subject of its certificate (${TLS_SUBJECT_KINDS.join(', ')})`,
      tlsSubject,
    )
    .option('--id-token-alg <alg>', 'the algorithm of its ID tokens')
    .option('--token-ttl <duration>', 'shorter life of its access tokens, in seconds or as 5m', parseDuration)
    .option('--allowed-network <cidr>', 'a network it may come from; can be repeated', collect)
    .option('--serves <uri>', 'an API whose resource server it is; can be repeated', collect);
}

/** The fields that were given, by their names on the wire. @throws CliFailure (wrong usage) */
export function clientFields(options: ClientFieldOptions): Record<string, unknown> {
  if (options.jwksFile !== undefined && options.jwksUri !== undefined)
    throw usageFailure('--jwks-file and --jwks-uri exclude each other');
  const given = {
    type: options.type,
    description: options.description,
    ownerContact: options.owner,
    redirectUris: options.redirectUri,
    postLogoutRedirectUris: options.postLogoutRedirectUri,
    backchannelLogoutUri: options.backchannelLogoutUri,
    authMethods: options.authMethod ?? impliedMethods(options),
    grantTypes: options.grantType?.map((name) => GRANT_TYPE_ALIASES[name] ?? name),
    pkce: options.pkce,
    jwks: options.jwksFile === undefined ? undefined : readJwks(options.jwksFile),
    jwksUri: options.jwksUri,
    tlsSubject: options.tlsSubject,
    idTokenAlg: options.idTokenAlg,
    tokenTtl: options.tokenTtl,
    allowedNetworks: options.allowedNetwork === undefined ? undefined : words(options.allowedNetwork),
    serves: options.serves === undefined ? undefined : words(options.serves),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Whoever names keys or a certificate for a client means to authenticate it by them. */
function impliedMethods(options: ClientFieldOptions): string[] | undefined {
  if (options.tlsSubject !== undefined) return ['tls_client_auth'];
  return (options.jwksFile ?? options.jwksUri) === undefined ? undefined : ['private_key_jwt'];
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** A JWK Set of public keys. A private key never leaves this machine. */
function readJwks(file: string): { keys: unknown[] } {
  let content: unknown;
  try {
    content = JSON.parse(readTextFile(file, SMALL_INPUT_BYTES));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw usageFailure(`${file} is not JSON: a JWK or a JWK Set is expected`);
    throw error;
  }
  const keys: unknown[] = isObject(content) && Array.isArray(content['keys']) ? content['keys'] : [content];
  for (const key of keys) {
    if (!isObject(key) || typeof key['kty'] !== 'string')
      throw usageFailure(`${file} holds no JWK or JWK Set`);
    if (PRIVATE_MEMBERS.some((member) => member in key))
      throw usageFailure(`${file} holds a private key; name a file with the public part alone`);
  }
  return { keys };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Grants from `--api URI --scope "A B"`. One API takes all scopes; several APIs take as many `--scope`, in the same order.
 * @throws CliFailure (wrong usage) when it is not clear which scopes belong to which API
 */
export function grantsOf(
  apis: readonly string[] = [],
  scopes: readonly string[] = [],
): { audience: string; scopes: string[] }[] {
  if (apis.length === 0 && scopes.length > 0)
    throw usageFailure('--scope needs --api: scopes belong to an API');
  const [only] = apis;
  if (apis.length === 1 && only !== undefined) return [{ audience: only, scopes: words(scopes) }];
  if (apis.length !== scopes.length)
    throw usageFailure(
      'with several --api give as many --scope, in the same order',
      '--api urn:a --scope "a:read a:write" --api urn:b --scope b:read',
    );
  return apis.map((audience, index) => ({ audience, scopes: words([scopes[index] ?? '']) }));
}
