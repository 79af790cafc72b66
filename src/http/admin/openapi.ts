/** The OpenAPI 3.1 description and the JSON Schema of documents, made from the routes themselves. */
import { z } from 'zod';
import { ROUTES, type Route } from './routes.js';
import { applyDocument } from './schemas.js';

/** What callers send, before transformations. */
function inputSchema(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

/** JSON Schema of the document that apply takes. */
export function applySchema(): object {
  return { ...inputSchema(applyDocument), title: 'Gatehouse configuration document' };
}

export function openApi(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of ROUTES) {
    (paths[`/admin/v1${route.path}`] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Gatehouse admin API', version },
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'audience urn:gatehouse:admin' },
      },
    },
  };
}

function operation(route: Route): object {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
  const query = inputSchema(route.query).properties as Record<string, object> | undefined;
  return {
    summary: route.summary,
    security: [{ bearer: [route.scope] }],
    parameters: [
      ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...Object.entries(query ?? {}).map(([name, schema]) => ({ name, in: 'query', schema })),
      ...(route.method === 'POST' ? [header('Idempotency-Key')] : []),
      ...(route.method === 'PATCH' || route.method === 'DELETE' ? [header('If-Match')] : []),
    ],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: inputSchema(route.body) } },
          },
        }),
    responses: {
      [route.status]: { description: 'done' },
      default: { description: 'a problem (RFC 9457)', content: { 'application/problem+json': {} } },
    },
  };
}

const header = (name: string): object => ({ name, in: 'header', schema: { type: 'string' } });
