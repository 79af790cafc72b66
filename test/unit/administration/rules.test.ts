import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { JWK } from 'jose';
import { API_DEFAULTS, apiFaults, isAudience, isScopeToken } from '../../../src/apis/index.js';
import {
  chosenSecretFault,
  clientDefaults,
  clientFaults,
  isClientId,
  phcFault,
  type ClientFields,
} from '../../../src/clients/index.js';

const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicJwk = ecKey.publicKey.export({ format: 'jwk' }) as JWK;
const privateJwk = ecKey.privateKey.export({ format: 'jwk' }) as JWK;

const faultsOf = (fields: Partial<ClientFields>): string[] =>
  clientFaults({ ...clientDefaults(fields.type ?? 'service'), name: 'a', ...fields }).map(
    ({ pointer }) => pointer,
  );

describe('an audience (RFC 8707 §2)', () => {
  it.each(['https://api.example.com/a?b=c', 'urn:shop:inventory', 'tag:example.com,2030:x'])(
    'takes %s',
    (uri) => {
      expect(isAudience(uri)).toBe(true);
    },
  );
  it.each([
    'https://api.example.com/#a',
    '/relative',
    'no',
    '',
    'urn:a b',
    `urn:${'a'.repeat(600)}`,
    'https://',
  ])('refuses %s', (uri) => {
    expect(isAudience(uri)).toBe(false);
  });
});

describe('a scope token (RFC 6749 §3.3)', () => {
  it.each(['orders:read', 'a', '!#[]~', 'x'.repeat(128)])('takes %s', (name) => {
    expect(isScopeToken(name)).toBe(true);
  });
  it.each(['', 'a b', 'a"b', 'a\\b', 'ä', 'a\n', 'x'.repeat(129)])('refuses %j', (name) => {
    expect(isScopeToken(name)).toBe(false);
  });
});

describe('an API', () => {
  const faults = (fields: object): string[] =>
    apiFaults('urn:a', { ...API_DEFAULTS, ...fields }).map(({ pointer }) => pointer);
  it('has a lifetime of 10 seconds to a day', () => {
    for (const tokenTtl of [10, 86_400]) expect(faults({ tokenTtl })).toEqual([]);
    for (const tokenTtl of [9, 86_401, 10.5, Number.NaN]) expect(faults({ tokenTtl })).toEqual(['/tokenTtl']);
  });
  it('has each scope once', () => {
    const scope = { name: 'a', description: '' };
    expect(faults({ scopes: [scope, scope] })).toEqual(['/scopes/1/name']);
  });
});

describe('a client', () => {
  it('is valid as it is by default', () => {
    for (const type of ['service', 'web', 'spa', 'native'] as const) expect(faultsOf({ type })).toEqual([]);
  });

  it('has a name of printable characters, and an id without a colon', () => {
    expect(faultsOf({ name: ' ' })).toEqual(['/name']);
    expect(faultsOf({ name: 'a\u001b[31m' })).toEqual(['/name']);
    expect(isClientId('orders-1_2.3~4')).toBe(true);
    for (const id of ['', 'a:b', 'a b', 'x'.repeat(129)]) expect(isClientId(id)).toBe(false);
  });

  it('that is public has no client_credentials, and none stands alone', () => {
    expect(faultsOf({ type: 'spa', grantTypes: ['client_credentials'] })).toEqual(['/grantTypes']);
    expect(faultsOf({ type: 'spa', authMethods: ['none', 'client_secret_basic'] })).toEqual(['/authMethods']);
    expect(faultsOf({ authMethods: [] })).toEqual(['/authMethods']);
  });

  it('has the keys or the subject that its method needs', () => {
    expect(faultsOf({ authMethods: ['private_key_jwt'] })).toEqual(['/jwks']);
    expect(faultsOf({ authMethods: ['self_signed_tls_client_auth'] })).toEqual(['/jwks']);
    expect(faultsOf({ authMethods: ['tls_client_auth'] })).toEqual(['/tlsSubject']);
    const jwks = { keys: [publicJwk] };
    expect(faultsOf({ authMethods: ['private_key_jwt'], jwks })).toEqual([]);
    expect(faultsOf({ jwks, jwksUri: 'https://a.example/jwks' })).toEqual(['/jwksUri']);
  });

  it.each<[string, JWK]>([
    ['private', privateJwk],
    ['symmetric', { kty: 'oct', k: 'c2VjcmV0' }],
    ['symmetric without its value', { kty: 'oct' }],
    ['not on its curve', { ...publicJwk, y: publicJwk.x ?? '' }],
    ['for encryption', { ...publicJwk, use: 'enc' }],
    ['with a certificate that is none', { ...publicJwk, x5c: ['AAAA'] }],
    ['small', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })],
  ])('registers no key that is %s', (_why, key) => {
    expect(faultsOf({ jwks: { keys: [key] } })).toEqual(['/jwks/keys/0']);
  });

  it.each<[ClientFields['type'], string, boolean]>([
    ['web', 'https://app.example/cb', true],
    ['web', 'https://app.example/cb#f', false],
    ['web', 'https://*.example/cb', false],
    ['web', 'https://u:p@app.example/cb', false],
    ['web', 'http://app.example/cb', false],
    ['web', 'com.example.app:/cb', false],
    ['web', 'javascript:alert(1)', false],
    ['native', 'http://127.0.0.1/cb', true],
    ['native', 'http://[::1]:8080/cb', true],
    ['native', 'com.example.app:/cb', true],
    ['native', 'myapp:/cb', false],
    ['native', 'javascript:alert(1)', false],
    ['native', 'data:text/html,x', false],
  ])('%s: redirect URI %s -> %s', (type, uri, good) => {
    expect(faultsOf({ type, redirectUris: [uri] })).toEqual(good ? [] : ['/redirectUris/0']);
  });

  it('has networks in CIDR notation and a subject of its kind', () => {
    expect(faultsOf({ allowedNetworks: ['10.0.0.0/8', '2001:db8::/32'] })).toEqual([]);
    expect(faultsOf({ allowedNetworks: ['10.0.0.0/33', '10.1'] })).toEqual([
      '/allowedNetworks/0',
      '/allowedNetworks/1',
    ]);
    const authMethods = ['tls_client_auth'] as const;
    expect(faultsOf({ authMethods, tlsSubject: { kind: 'san_dns', value: 'a.example' } })).toEqual([]);
    expect(faultsOf({ authMethods, tlsSubject: { kind: 'san_ip', value: 'a.example' } })).toEqual([
      '/tlsSubject/value',
    ]);
  });
});

describe('secrets that people chose', () => {
  it('have 8 to 256 characters of any script', () => {
    for (const value of ['12345678', 'ä'.repeat(256), '🔑'.repeat(8)])
      expect(chosenSecretFault(value)).toBeUndefined();
    for (const value of ['1234567', 'x'.repeat(257), '1234567\0', 'line\nbreak'])
      expect(chosenSecretFault(value)).toBeDefined();
  });

  it('come as argon2id within bounds, so that nobody registers a bomb', () => {
    const phc = (parameters: string, type = 'argon2id'): string =>
      `$${type}$v=19$${parameters}$c29tZXNhbHRzb21l$c29tZWhhc2hzb21laGFzaHNvbWVoYXNoc29tZQ`;
    for (const good of ['m=19456,t=2,p=1', 'm=262144,t=10,p=8']) expect(phcFault(phc(good))).toBeUndefined();
    for (const bad of [
      'm=262145,t=2,p=1',
      'm=19456,t=11,p=1',
      'm=19456,t=2,p=9',
      'm=8,t=1,p=1',
      'm=19456,t=0,p=1',
    ])
      expect(phcFault(phc(bad))).toBeDefined();
    expect(phcFault(phc('m=19456,t=2,p=1', 'argon2i'))).toBeDefined();
    expect(phcFault('secret')).toBeDefined();
  });
});
