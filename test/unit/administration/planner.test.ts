import { describe, expect, it } from '@jest/globals';
import { planApply } from '../../../src/administration/index.js';
import { isAudience, isScopeToken } from '../../../src/apis/index.js';
import { clientDefaults, clientFaults, phcFault } from '../../../src/clients/index.js';

const empty = { apis: [], clients: [], grants: [] };
const options = { prune: false, newId: () => 'c_new' };

describe('rules', () => {
  it('takes absolute audiences without fragment, and scope tokens', () => {
    expect(isAudience('https://api.example.com/a')).toBe(true);
    expect(isAudience('https://api.example.com/#a')).toBe(false);
    expect(isAudience('/relative')).toBe(false);
    expect(isScopeToken('orders:read')).toBe(true);
    expect(isScopeToken('a b')).toBe(false);
  });

  it('refuses a public client with client_credentials, and private keys', () => {
    const base = { ...clientDefaults('spa'), name: 'a' };
    expect(clientFaults(base)).toEqual([]);
    expect(clientFaults({ ...base, grantTypes: ['client_credentials'] })).toHaveLength(1);
    const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }] };
    expect(clientFaults({ ...base, jwks })[0]?.pointer).toBe('/jwks/keys/0');
    expect(phcFault('$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHRzb21l$c29tZWhhc2hzb21laGFzaHNv')).toMatch(
      /memory/,
    );
  });
});

describe('planApply', () => {
  it('creates what is missing', () => {
    const plan = planApply(
      {
        version: 1,
        apis: [{ audience: 'https://a.example', scopes: { read: '' } }],
        clients: [{ name: 'shop', grants: { 'https://a.example': ['read'] } }],
      },
      empty,
      options,
    );
    expect(plan.faults).toEqual([]);
    expect(plan.summary).toEqual({ create: 3, update: 0, delete: 0, unchanged: 0 });
  });

  it('names unknown APIs and system APIs', () => {
    const plan = planApply(
      {
        version: 1,
        apis: [{ audience: 'urn:gatehouse:admin' }],
        clients: [{ name: 'x', grants: { 'urn:no': ['a'] } }],
      },
      empty,
      options,
    );
    expect(plan.faults.map((fault) => fault.pointer)).toEqual(['/apis/0', '/clients/0/grants/urn:no']);
  });
});
