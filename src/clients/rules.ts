/** What makes a client valid, and what it is when nothing is said. Pure; knows neither how it arrives nor where it is kept. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { JWK } from 'jose';
import { DESCRIPTION_MAX, isTokenTtl, TOKEN_TTL_MAX, TOKEN_TTL_MIN } from '../apis/index.js';
import type { FieldFault } from '../errors.js';
import { isCidr } from '../lib/networks.js';
import type { ClientFields, ClientJwks, ClientType, TlsSubject } from './types.js';

const MAX_LIST = 100;
const MAX_KEYS = 20;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;
const MIN_RSA_BITS = 2048;
/** Checking a signature of a larger key costs too much. */
const MAX_RSA_BITS = 8192;
const NAME_MAX = 200;

/** Everything but the name that a client of this type has when nothing is said. */
export function clientDefaults(type: ClientType): Omit<ClientFields, 'name'> {
  const confidential = type === 'service' || type === 'web';
  return {
    description: '',
    ownerContact: '',
    type,
    authMethods: confidential ? ['client_secret_basic', 'client_secret_post'] : ['none'],
    grantTypes: type === 'service' ? ['client_credentials'] : ['authorization_code', 'refresh_token'],
    redirectUris: [],
    postLogoutRedirectUris: [],
    backchannelLogoutUri: null,
    idTokenAlg: null,
    pkce: 'required',
    jwks: null,
    jwksUri: null,
    tlsSubject: null,
    tokenTtl: null,
    allowedNetworks: [],
    serves: [],
    enabled: true,
  };
}

/** Whether one of its authentication methods needs a client secret. */
export function needsSecret(client: Pick<ClientFields, 'authMethods'>): boolean {
  return client.authMethods.some((m) => m === 'client_secret_basic' || m === 'client_secret_post');
}

/** A client id: VSCHAR without space (RFC 6749 appendix A.1), at most 128 characters, no colon (it would break HTTP Basic). */
export function isClientId(text: string): boolean {
  return /^[A-Za-z0-9._~-]{1,128}$/.test(text);
}

/** Every fault of a client; pointers are relative to it. */
export function clientFaults(client: ClientFields): FieldFault[] {
  const faults: FieldFault[] = [];
  const fault = (pointer: string, message: string): void => void faults.push({ pointer, message });
  if (client.name.trim() === '' || client.name.length > NAME_MAX || isUnprintable(client.name)) {
    fault('/name', `must be 1 to ${NAME_MAX} printable characters`);
  }
  if (client.ownerContact.length > NAME_MAX || isUnprintable(client.ownerContact)) {
    fault('/ownerContact', `must be ${NAME_MAX} printable characters at most`);
  }
  if (client.description.length > DESCRIPTION_MAX) {
    fault('/description', `must be ${DESCRIPTION_MAX} characters at most`);
  }
  if (client.tokenTtl !== null && !isTokenTtl(client.tokenTtl)) {
    fault('/tokenTtl', `must be ${TOKEN_TTL_MIN} to ${TOKEN_TTL_MAX} seconds`);
  }
  for (const [index, network] of client.allowedNetworks.entries()) {
    if (!isCidr(network)) fault(`/allowedNetworks/${index}`, 'must be a CIDR range such as 10.0.0.0/8');
  }
  for (const name of ['allowedNetworks', 'redirectUris', 'postLogoutRedirectUris', 'serves'] as const) {
    if (client[name].length > MAX_LIST) fault(`/${name}`, `must be ${MAX_LIST} entries at most`);
    if (new Set(client[name]).size !== client[name].length) fault(`/${name}`, 'has an entry twice');
  }
  faults.push(...methodFaults(client), ...uriFaults(client), ...jwksFaults(client.jwks));
  return faults;
}

function methodFaults(client: ClientFields): FieldFault[] {
  const faults: FieldFault[] = [];
  const fault = (pointer: string, message: string): void => void faults.push({ pointer, message });
  const { authMethods: methods, grantTypes } = client;
  if (methods.length === 0) fault('/authMethods', 'must name at least one method');
  if (new Set(methods).size !== methods.length) fault('/authMethods', 'names a method twice');
  if (new Set(grantTypes).size !== grantTypes.length) fault('/grantTypes', 'names a grant type twice');
  if (methods.includes('none')) {
    if (methods.length > 1) fault('/authMethods', 'none stands alone');
    if (grantTypes.includes('client_credentials')) {
      fault('/grantTypes', 'client_credentials needs client authentication: not with the method none');
    }
  }
  const hasKeys = client.jwks !== null || client.jwksUri !== null;
  if (client.jwks !== null && client.jwksUri !== null) fault('/jwksUri', 'not together with jwks');
  for (const method of ['private_key_jwt', 'self_signed_tls_client_auth'] as const) {
    if (methods.includes(method) && !hasKeys) fault('/jwks', `${method} needs jwks or jwksUri`);
  }
  if (methods.includes('tls_client_auth') && client.tlsSubject === null) {
    fault('/tlsSubject', 'tls_client_auth needs the subject of the certificate');
  }
  const wrongSubject = client.tlsSubject && tlsSubjectFault(client.tlsSubject);
  if (wrongSubject) fault('/tlsSubject/value', wrongSubject);
  return faults;
}

const isUnprintable = (text: string): boolean => /\p{Cc}/u.test(text);

/** RFC 8705 §2.1.2: a DN, or one entry of the subject alternative name. */
function tlsSubjectFault({ kind, value }: TlsSubject): string | undefined {
  if (value.trim() === '' || value.length > 1000 || isUnprintable(value)) {
    return 'must be 1 to 1000 printable characters';
  }
  if (kind === 'san_ip' && isIP(value) === 0) return 'must be an IP address';
  if (kind === 'san_uri' && !URL.canParse(value)) return 'must be a URI';
  if (kind === 'subject_dn' && !value.includes('='))
    return 'must be a distinguished name: CN=orders,O=Example';
  return undefined;
}

function uriFaults(client: ClientFields): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const name of ['redirectUris', 'postLogoutRedirectUris'] as const) {
    for (const [index, uri] of client[name].entries()) {
      const message = redirectFault(uri, client.type);
      if (message !== undefined) faults.push({ pointer: `/${name}/${index}`, message });
    }
  }
  for (const name of ['jwksUri', 'backchannelLogoutUri'] as const) {
    const uri = client[name];
    if (uri !== null && !isSecure(uri)) {
      faults.push({ pointer: `/${name}`, message: 'must be an https URL without fragment or credentials' });
    }
  }
  return faults;
}

/** What Gatehouse itself asks; whether it may reach a loopback address is decided when it does. */
function isSecure(uri: string): boolean {
  const url = parsed(uri);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname));
}

/** The URL, unless it is none, has a fragment or credentials, or is longer than 2000 characters. */
function parsed(uri: string): URL | undefined {
  if (uri.length > 2000 || !/^[\x21-\x7e]+$/.test(uri) || uri.includes('#') || !URL.canParse(uri))
    return undefined;
  const url = new URL(uri);
  return url.username === '' && url.password === '' ? url : undefined;
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** RFC 9700 §2.1, RFC 8252 §7: https, http on the own machine, or a private-use scheme of a native app. */
function redirectFault(uri: string, type: ClientType): string | undefined {
  const url = parsed(uri);
  if (url === undefined || uri.includes('*'))
    return 'must be an absolute URI without fragment, credentials or wildcard';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol === 'http:') {
    return LOOPBACK.has(url.hostname) ? undefined : 'must be https, except on the loopback address';
  }
  if (type === 'native' && url.protocol.includes('.')) return undefined;
  return 'must be https; only native clients may use a private scheme, which has a dot (com.example.app)';
}

function jwksFaults(jwks: ClientJwks | null): FieldFault[] {
  if (jwks === null) return [];
  if (jwks.keys.length === 0 || jwks.keys.length > MAX_KEYS) {
    return [{ pointer: '/jwks/keys', message: `must be 1 to ${MAX_KEYS} keys` }];
  }
  return jwks.keys.flatMap((key, index) => {
    const message = jwkFault(key);
    return message === undefined ? [] : [{ pointer: `/jwks/keys/${index}`, message }];
  });
}

function jwkFault(key: JWK): string | undefined {
  if (PRIVATE_MEMBERS.some((member) => key[member] !== undefined)) {
    return 'holds a private or symmetric member; register the public key alone, and replace this one: it was exposed';
  }
  if (key.kty !== 'RSA' && key.kty !== 'EC' && key.kty !== 'OKP') return 'must have kty RSA, EC or OKP';
  if (key.use !== undefined && key.use !== 'sig') return 'must be a key for signatures (use: sig)';
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: { ...key }, format: 'jwk' });
    const bits = asymmetricKeyDetails?.modulusLength;
    if (bits !== undefined && (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)) {
      return `must be RSA of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`;
    }
    const leaf = key.x5c?.[0];
    if (leaf !== undefined) new X509Certificate(Buffer.from(leaf, 'base64'));
    return undefined;
  } catch {
    return 'is not a valid public key';
  }
}

/** Why an argon2 hash made elsewhere cannot be imported; undefined when it can. Its cost is bounded: we pay it at each login. */
export function phcFault(phc: string): string | undefined {
  const match =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/.exec(
      phc,
    );
  if (match === null) return 'must be a PHC string of argon2id, version 19';
  const [memory, passes, lanes] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (memory < 4096 || memory > 262_144) return 'must have a memory cost of 4096 to 262144 KiB';
  if (passes < 1 || passes > 10) return 'must have 1 to 10 passes';
  if (lanes < 1 || lanes > 8) return 'must have 1 to 8 lanes';
  return undefined;
}

/** Why a chosen secret is not accepted; undefined when it is. */
export function chosenSecretFault(value: string): string | undefined {
  return /^[^\p{Cc}\p{Cs}]{8,256}$/u.test(value)
    ? undefined
    : 'must be 8 to 256 characters without control characters';
}
