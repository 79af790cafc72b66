import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientFields, grantsOf } from '../../../src/cli/verbs/client_fields.js';

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const file = (name: string, content: unknown): string => {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

describe('grants from --api and --scope', () => {
  it('gives one API all scopes', () => {
    expect(grantsOf(['urn:a'], ['x y', 'z', 'x'])).toEqual([{ audience: 'urn:a', scopes: ['x', 'y', 'z'] }]);
    expect(grantsOf(['urn:a'], [])).toEqual([{ audience: 'urn:a', scopes: [] }]);
    expect(grantsOf()).toEqual([]);
  });

  it('pairs several APIs with as many --scope', () => {
    expect(grantsOf(['urn:a', 'urn:b'], ['x', 'y z'])).toEqual([
      { audience: 'urn:a', scopes: ['x'] },
      { audience: 'urn:b', scopes: ['y', 'z'] },
    ]);
  });

  it('refuses what could be read in two ways', () => {
    expect(() => grantsOf([], ['x'])).toThrow('--scope needs --api');
    expect(() => grantsOf(['urn:a', 'urn:b'], ['x'])).toThrow('as many --scope');
  });
});

describe('client fields', () => {
  const publicJwk = { kty: 'EC', crv: 'P-256', x: 'a', y: 'b' };

  it('takes a JWK or a JWK Set, and then authenticates by it', () => {
    const expected = { jwks: { keys: [publicJwk] }, authMethods: ['private_key_jwt'] };
    expect(clientFields({ jwksFile: file('jwk.json', publicJwk) })).toEqual(expected);
    expect(clientFields({ jwksFile: file('jwks.json', { keys: [publicJwk] }) })).toEqual(expected);
  });

  it('lets --auth-method have the last word', () => {
    const given = { jwksUri: 'https://a.example/jwks', authMethod: ['self_signed_tls_client_auth'] };
    expect(clientFields(given)).toEqual({ jwksUri: given.jwksUri, authMethods: given.authMethod });
  });

  it('never sends a private key', () => {
    const path = file('private.json', { keys: [{ ...publicJwk, d: 'secret' }] });
    expect(() => clientFields({ jwksFile: path })).toThrow('holds a private key');
  });

  it('says what is wrong with a key file', () => {
    expect(() => clientFields({ jwksFile: file('text.json', 'nope') })).toThrow('is not JSON');
    expect(() => clientFields({ jwksFile: file('none.json', { keys: [{}] }) })).toThrow('holds no JWK');
    expect(() => clientFields({ jwksFile: join(directory, 'missing') })).toThrow('cannot be read (ENOENT)');
    expect(() => clientFields({ jwksFile: 'a', jwksUri: 'b' })).toThrow('exclude each other');
  });

  it('knows the short name of the device grant', () => {
    expect(clientFields({ grantType: ['device_code', 'client_credentials'] })).toEqual({
      grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'client_credentials'],
    });
  });
});
