/** The OpenAPI description as the template shows it: flat texts, so that the template has no logic. */
import type { JsonObject, OpenApi, Operation } from './openapi.js';

/** A piece of a text; OpenAPI descriptions are Markdown, of which only `code` is used. */
export interface Span {
  readonly text: string;
  readonly code: boolean;
}

export interface ReferenceField {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: readonly Span[];
}

export interface ReferenceOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: readonly Span[];
  readonly scopes: string;
  readonly parameters: readonly ReferenceField[];
  readonly request: { readonly name: string } | undefined;
  readonly responses: readonly { status: string; description: readonly Span[]; schema: string | undefined }[];
}

export interface ReferencePage {
  readonly title: string;
  readonly version: string;
  readonly description: readonly Span[];
  readonly issuer: string;
  readonly sections: readonly { id: string; name: string; operations: readonly ReferenceOperation[] }[];
  readonly schemas: readonly {
    name: string;
    description: readonly Span[];
    fields: readonly ReferenceField[];
    example: string | undefined;
  }[];
}

export function referencePage(api: OpenApi, issuer: string): ReferencePage {
  const components = api['components'] as Record<'schemas' | 'responses', Record<string, JsonObject>>;
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      tag: operation.tags[0] ?? '',
      shown: shownOperation(method, path, operation, components.responses),
    })),
  );
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  return {
    title: api.info.title,
    version: api.info.version,
    description: spans(api.info.description),
    issuer,
    sections: tags.map((tag) => ({
      id: tag,
      name: tag === 'apis' ? 'APIs' : sentence(tag.replaceAll('_', ' ')),
      operations: operations.filter((operation) => operation.tag === tag).map(({ shown }) => shown),
    })),
    schemas: Object.entries(components.schemas)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, schema]) => shownSchema(name, schema)),
  };
}

function shownOperation(
  method: string,
  path: string,
  operation: Operation,
  failures: Record<string, JsonObject>,
): ReferenceOperation {
  const security = operation['security'] as { clientCredentials: string[] }[];
  const parameters = operation['parameters'] as (JsonObject & {
    name: string;
    in: string;
    schema: JsonObject;
  })[];
  const request = operation['requestBody'] as JsonObject | undefined;
  const responses = operation['responses'] as Record<string, JsonObject>;
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    summary: operation.summary,
    description: spans(operation['description']),
    scopes: security.map(({ clientCredentials }) => clientCredentials.join(' ')).join(' or '),
    parameters: parameters.map((parameter) => ({
      name: parameter.name,
      type: `${parameter.in}, ${typeOf(parameter.schema)}`,
      required: parameter['required'] === true,
      description: spans(parameter['description']),
    })),
    request: request && { name: schemaName(request) ?? '' },
    responses: Object.entries(responses).map(([status, response]) => {
      const failure = failures[lastStep(response['$ref'])];
      return {
        status,
        description: spans((failure ?? response)['description']),
        schema: schemaName(failure ?? response),
      };
    }),
  };
}

function shownSchema(name: string, schema: JsonObject): ReferencePage['schemas'][number] {
  const properties = (schema['properties'] ?? {}) as Record<string, JsonObject>;
  const required = (schema['required'] ?? []) as string[];
  const [example] = (schema['examples'] ?? []) as unknown[];
  return {
    name,
    description: spans(schema['description']),
    fields: Object.entries(properties).map(([field, property]) => ({
      name: field,
      type: typeOf(property),
      required: required.includes(field),
      description: spans(property['description']),
    })),
    example: example === undefined ? undefined : JSON.stringify(example, null, 2),
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
const spans = (value: unknown): Span[] =>
  text(value)
    .split('`')
    .map((piece, index) => ({ text: piece, code: index % 2 === 1 }))
    .filter((span) => span.text !== '');
const lastStep = (reference: unknown): string => text(reference).split('/').at(-1) ?? '';

function schemaName({ content }: JsonObject): string | undefined {
  const [media] = Object.values((content ?? {}) as Record<string, { schema: JsonObject }>);
  return media && lastStep(media.schema['$ref']);
}

/** A schema in a few words. */
function typeOf(schema: JsonObject): string {
  if (schema['$ref'] !== undefined) return lastStep(schema['$ref']);
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => String(value)).join(' | ');
  const choices = schema['anyOf'];
  if (Array.isArray(choices)) {
    return [...new Set((choices as JsonObject[]).map(typeOf))].join(' | ');
  }
  const { type, items } = schema;
  if (type === 'array') return `list of ${typeOf((items ?? {}) as JsonObject)}`;
  const format = text(schema['format']);
  if (Array.isArray(type)) return type.map((name) => String(name)).join(' | ');
  return format === '' ? text(type) || 'anything' : `${text(type)} (${format})`;
}
