/** The configuration document: its shape, and reading one without stopping everything else the process does. */
import { z } from 'zod';
import type { FieldFault } from '../errors.js';
import { BREATH, breathe } from './breath.js';
import { faultsOf, invalid, MAX_FAULTS, parsed } from './faults.js';
import {
  apiFields,
  audienceField,
  clientFields,
  clientIdField,
  descriptionField,
  nameField,
  scopeField,
  scopesField,
} from './fields.js';

const documentApi = z.strictObject({
  audience: audienceField,
  ...apiFields,
  scopes: z
    .record(
      scopeField,
      descriptionField.nullable().transform((text) => text ?? ''),
    )
    .optional()
    .describe('Descriptions by scope name.'),
});

const documentClient = z.strictObject({
  clientId: clientIdField.optional(),
  name: nameField,
  ...clientFields,
  grants: z.record(audienceField, scopesField).optional().describe('Scopes by audience: exactly these.'),
});

const MAX_APIS = 10_000;
const MAX_CLIENTS = 500_000;

/** The document of `apply` as a whole; published as a JSON Schema for editors. */
export const documentSchema = z
  .strictObject({
    version: z.literal(1).describe('The version of this format.'),
    apis: z.array(documentApi).max(MAX_APIS).nullish(),
    clients: z
      .array(documentClient)
      .max(MAX_CLIENTS)
      .nullish()
      .describe('Matched by clientId, otherwise by name.'),
  })
  .describe('APIs, clients and grants of Gatehouse. What is left out has its default.');

export type DocumentApi = z.output<typeof documentApi>;
export type DocumentClient = z.output<typeof documentClient>;
export interface ApplyDocument {
  readonly version: 1;
  readonly apis: readonly DocumentApi[];
  readonly clients: readonly DocumentClient[];
}

const outline = z.strictObject({
  version: z.literal(1),
  apis: z.array(z.unknown()).max(MAX_APIS).nullish(),
  clients: z.array(z.unknown()).max(MAX_CLIENTS).nullish(),
});

/**
 * @param base JSON Pointer to the document
 * @throws GatehouseError `validation_failed` with the faults of all entries, each by its place
 */
export async function parseDocument(input: unknown, base: string): Promise<ApplyDocument> {
  const { version, apis, clients } = parsed(outline, input, base);
  const faults: FieldFault[] = [];
  const document = {
    version,
    apis: await entries(documentApi, apis ?? [], `${base}/apis`, faults),
    clients: await entries(documentClient, clients ?? [], `${base}/clients`, faults),
  };
  if (faults.length > 0) throw invalid(faults);
  return document;
}

async function entries<T extends z.ZodType>(
  schema: T,
  inputs: readonly unknown[],
  base: string,
  faults: FieldFault[],
): Promise<z.output<T>[]> {
  const found: z.output<T>[] = [];
  for (const [index, input] of inputs.entries()) {
    if (index % BREATH === BREATH - 1) await breathe();
    if (faults.length >= MAX_FAULTS) break;
    const result = schema.safeParse(input, { reportInput: true });
    if (result.success) found.push(result.data);
    else faults.push(...faultsOf(result.error.issues, `${base}/${index}`));
  }
  return found;
}
