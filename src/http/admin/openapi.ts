/** The OpenAPI 3.1 description and the JSON Schema of documents, made from the rows and shapes that the routes use. */
import { z } from 'zod';
import { documentSchema } from '../../administration/index.js';
import { PATHS } from '../public/discovery.js';
import { requestShapes, responseShapes } from './components.js';
import { STATUS } from './problems.js';
import type { Route } from './route.js';
import { applyDescription } from './routes/configuration/routes.js';
import { ROUTES } from './routes/index.js';

export type JsonObject = Record<string, unknown>;

const uri = (id: string): string => `#/components/schemas/${id}`;

/** JSON Schema of the document that apply takes, for editors. */
export function applySchema(): JsonObject {
  const schema = z.toJSONSchema(documentSchema, { io: 'input' }) as JsonObject;
  return { ...schema, $id: 'urn:gatehouse:schema:apply', title: 'Gatehouse configuration' };
}

export interface Operation extends JsonObject {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
}
export interface OpenApi extends JsonObject {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export function openApi(issuer: string, version: string): OpenApi {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of ROUTES) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse admin API',
      version,
      description:
        'Registers APIs, clients, secrets and grants; revokes; reads keys and the audit record; applies configuration. ' +
        'Times are ISO 8601 in UTC, durations are seconds, errors are problem details (RFC 9457).',
    },
    servers: [{ url: '/admin/v1' }],
    paths,
    components: {
      schemas: { ...shapes(requestShapes, 'input'), ...shapes(responseShapes, 'output'), Problem: PROBLEM },
      responses: Object.fromEntries(FAILURES.map(({ name, ...failure }) => [name, failureResponse(failure)])),
      securitySchemes: { clientCredentials: securityScheme(issuer) },
    },
  };
}

function shapes(registry: typeof requestShapes, io: 'input' | 'output'): Record<string, JsonObject> {
  const { schemas } = z.toJSONSchema(registry, { uri, io, unrepresentable: 'any' });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $id: _id, $schema: _schema, ...schema }]) => [id, schema]),
  );
}

/** The scopes of the admin API that routes need. */
function securityScheme(issuer: string): JsonObject {
  const scopes = new Set(
    ROUTES.flatMap(({ scope, orScope }) => (orScope === undefined ? [scope] : [scope, orScope])),
  );
  return {
    type: 'oauth2',
    description: 'A token that Gatehouse issues for the resource urn:gatehouse:admin (RFC 8707).',
    flows: {
      clientCredentials: {
        tokenUrl: issuer + PATHS.token,
        scopes: Object.fromEntries([...scopes].sort().map((scope) => [scope, ''])),
      },
    },
  };
}

const PROBLEM: JsonObject = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  properties: {
    type: { type: 'string', description: '`urn:gatehouse:problem:` and a stable code.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    requestId: { type: 'string', description: 'Found again in the log and the audit record.' },
    errors: {
      type: 'array',
      description: 'Every wrong field: a JSON Pointer into the body, or query/name, path/name.',
      items: {
        type: 'object',
        properties: { pointer: { type: 'string' }, message: { type: 'string' } },
        required: ['pointer', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'requestId'],
};

interface Failure {
  readonly name: string;
  readonly status: number;
  readonly description: string;
}

/** What any route can answer, and what some can. */
const FAILURES: readonly (Failure & { readonly applies: (route: Route) => boolean })[] = [
  failure('Invalid', STATUS.validation_failed, 'Malformed, or fields that are not valid', () => true),
  failure('Unauthenticated', STATUS.invalid_token, 'No valid token for the admin API', () => true),
  failure('Forbidden', STATUS.forbidden, 'A scope or power is missing', () => true),
  failure('NotFound', STATUS.not_found, 'There is no such thing', ({ path }) => path.includes('{')),
  failure('Conflict', STATUS.conflict, 'It conflicts with what is there', ({ method }) => method !== 'GET'),
  failure('Changed', STATUS.precondition_failed, 'It was changed in the meantime', (r) => r.ifMatch === true),
  failure('TooLarge', STATUS.payload_too_large, 'The body is too large', (r) => r.body !== undefined),
  failure('NotJson', STATUS.unsupported_media_type, 'The body is not JSON', (r) => r.body !== undefined),
  failure(
    'KeyReused',
    STATUS.idempotency_mismatch,
    'The Idempotency-Key stands for another request',
    (r) => r.status === 201,
  ),
  failure(
    'Unavailable',
    STATUS.temporarily_unavailable,
    'The database is away; nothing was done',
    () => true,
  ),
];

function failure(
  name: string,
  status: number,
  description: string,
  applies: (route: Route) => boolean,
): Failure & { readonly applies: (route: Route) => boolean } {
  return { name, status, description, applies };
}

function failureResponse({ description, status }: Omit<Failure, 'name'>): JsonObject {
  const headers =
    status === STATUS.temporarily_unavailable
      ? { headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } } }
      : {};
  return {
    description,
    ...headers,
    content: { 'application/problem+json': { schema: { $ref: uri('Problem') } } },
  };
}

function operation(route: Route): Operation {
  const body = route.body && bodyOf(route.body);
  return {
    operationId: operationId(route),
    tags: [route.endpoint],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    security: [route.scope, route.orScope]
      .filter((scope) => scope !== undefined)
      .map((scope) => ({ clientCredentials: [scope] })),
    parameters: parametersOf(route),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: {
      [route.status]: successOf(route),
      ...Object.fromEntries(
        FAILURES.filter(({ applies }) => applies(route)).map(({ name, status }) => [
          status,
          { $ref: `#/components/responses/${name}` },
        ]),
      ),
    },
  };
}

/** `GET /clients/{id}/secrets` -> `getClientsIdSecrets`. */
function operationId({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function bodyOf(schema: z.ZodType): JsonObject {
  // apply reads its document itself; what callers see is described beside it.
  const id = requestShapes.get(schema)?.id ?? requestShapes.get(applyDescription)?.id ?? '';
  const required = !schema.safeParse({}).success;
  return { required, content: { 'application/json': { schema: { $ref: uri(id) } } } };
}

function successOf({ status, response, ifMatch, path }: Route): JsonObject {
  if (response === undefined) return { description: 'Done' };
  const id = responseShapes.get(response)?.id ?? '';
  const versioned = status !== 204 && (ifMatch === true || /^\/(apis|clients)(\/\{\w+\})?$/.test(path));
  return {
    description: status === 201 ? 'Made' : 'Done',
    ...(versioned && !id.endsWith('Page') && /Api|Client/.test(id)
      ? { headers: { ETag: { description: 'The version, for If-Match.', schema: { type: 'string' } } } }
      : {}),
    content: { 'application/json': { schema: { $ref: uri(id) } } },
  };
}

function parametersOf(route: Route): JsonObject[] {
  return [
    ...parameters(route.params, 'path'),
    ...parameters(route.query, 'query'),
    ...(route.ifMatch === true
      ? [header('If-Match', 'ETag of the API or client that is changed; another one there: 412.')]
      : []),
    ...(route.status === 201
      ? [
          header(
            'Idempotency-Key',
            'Makes a repetition safe for 24 hours: the same key with the same request has the same answer.',
          ),
        ]
      : []),
  ];
}

function parameters(schema: z.ZodObject, where: 'path' | 'query'): JsonObject[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property as JsonObject;
    const words = typeof description === 'string' ? { description } : {};
    return { name, in: where, required: where === 'path' || required.includes(name), ...words, schema: rest };
  });
}

const header = (name: string, description: string): JsonObject => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
});
