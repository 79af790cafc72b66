import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openApi, type JsonObject } from '../../src/http/admin/openapi.js';
import { ROUTES } from '../../src/http/admin/routes/index.js';
import { ISSUER, startAdminPlane, type AdminPlane } from './admin_plane.js';

let plane: AdminPlane;
beforeAll(async () => {
  plane = await startAdminPlane();
}, 60_000);
afterAll(() => plane.close());

const api = openApi(ISSUER, '1.2.3');

function* references(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (name === '$ref') yield String(inner);
    else yield* references(inner);
  }
}

function resolve(reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((at, step) => (at as JsonObject | undefined)?.[step], api);
}

describe('the OpenAPI 3.1 description', () => {
  it('is served without a token', async () => {
    const { status, body, headers } = await plane.send('GET', '/openapi.json', { as: '' });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json');
    expect(body['openapi']).toBe('3.1.0');
    expect(body['paths']).toEqual(JSON.parse(JSON.stringify(api.paths)));
  });

  it('has every route, each operation under a name of its own', () => {
    const described = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
    const ids = Object.values(api.paths).flatMap((methods) =>
      Object.values(methods).map((each) => each.operationId),
    );
    expect(new Set(ids).size).toBe(ROUTES.length);
  });

  it('refers only to what is there, and has nothing that nobody refers to', () => {
    const used = new Set(references(api));
    for (const reference of used) expect([reference, resolve(reference)]).not.toContain(undefined);
    const { schemas } = api['components'] as { schemas: JsonObject };
    for (const name of Object.keys(schemas)) expect(used).toContain(`#/components/schemas/${name}`);
  });

  it('describes path, query, body, success, failure and scope of each operation', () => {
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const parameters = operation['parameters'] as { name: string; in: string; schema: JsonObject }[];
        const inPath = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
        expect(inPath.map((name) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
        for (const parameter of parameters) expect(Object.keys(parameter.schema)).not.toHaveLength(0);
        const responses = Object.keys(operation['responses'] as object);
        expect(responses).toEqual(expect.arrayContaining(['400', '401', '403', '503']));
        expect(responses.filter((status) => status.startsWith('2'))).toHaveLength(1);
        expect(operation['security']).not.toHaveLength(0);
        if (method === 'get') expect(operation).not.toHaveProperty('requestBody');
        if (method === 'patch' || method === 'put') expect(operation).toHaveProperty('requestBody');
        if (method === 'post') expect(operation).toHaveProperty('requestBody');
      }
    }
  });

  it('names the token endpoint and the scopes', () => {
    const { securitySchemes } = api['components'] as { securitySchemes: JsonObject };
    expect(securitySchemes).toMatchObject({
      clientCredentials: { flows: { clientCredentials: { tokenUrl: `${ISSUER}/token` } } },
    });
  });
});

describe('the schema of documents', () => {
  it('is a JSON Schema that editors can use', async () => {
    const { body, headers } = await plane.send('GET', '/schema/apply.json', { as: '' });
    expect(headers.get('content-type')).toBe('application/schema+json');
    expect(body).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      required: ['version'],
      additionalProperties: false,
    });
    expect([...references(body)]).toEqual([]);
  });
});

describe('the reference page', () => {
  it('shows every operation, without a script and without a token', async () => {
    const { text, headers, status } = await plane.send('GET', '/', { as: '' });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(text).not.toMatch(/<script|style=|onclick/i);
    expect(text).toContain('name="viewport"');
    for (const { summary, path } of ROUTES) {
      expect(text).toContain(summary);
      expect(text).toContain(`/admin/v1${path}`);
    }
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of text.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
    const [, sheet = ''] = /rel="stylesheet" href="([^"]+)"/.exec(text) ?? [];
    const style = await fetch(plane.url + sheet);
    expect(style.headers.get('content-type')).toBe('text/css; charset=utf-8');
  });
});
