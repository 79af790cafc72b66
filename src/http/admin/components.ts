/** Named shapes: each is one schema component of the OpenAPI description, and validates or documents what it names. */
import { z } from 'zod';

interface ComponentMeta {
  id: string;
  description?: string | undefined;
  examples?: unknown[] | undefined;
}

/** Shapes that callers send, and shapes that they get. */
export const requestShapes = z.registry<ComponentMeta>();
export const responseShapes = z.registry<ComponentMeta>();

/** Names a shape that callers send. */
export function requestShape<T extends z.ZodType>(id: string, schema: T, example?: unknown): T {
  requestShapes.add(schema, { id, ...(example === undefined ? {} : { examples: [example] }) });
  return schema;
}

/** Names a shape that callers get. */
export function responseShape<T extends z.ZodType>(id: string, schema: T, example?: unknown): T {
  responseShapes.add(schema, { id, ...(example === undefined ? {} : { examples: [example] }) });
  return schema;
}

export const moment = z.iso.datetime({ offset: true });
/** A moment as callers give it. */
export const momentInput = moment.transform((text) => new Date(text));

/** A page of a list. */
export function pageOf<T extends z.ZodType>(
  id: string,
  item: T,
): z.ZodObject<{ items: z.ZodArray<T>; nextCursor: z.ZodNullable<z.ZodString> }> {
  const cursor = z.string().nullable().describe('Where the next page begins; null on the last one.');
  return responseShape(id, z.strictObject({ items: z.array(item), nextCursor: cursor }));
}

/** Query parameters of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Items on a page.'),
  cursor: z.string().max(1024).optional().describe('`nextCursor` of the page before.'),
};

/** A list that is never long has one page. */
export const onePage = <T>(items: T[]): { items: T[]; nextCursor: null } => ({ items, nextCursor: null });

/** A filter without what was not asked for. */
export function filterOf<T extends object>(query: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const given = Object.entries(query).filter(
    ([name, value]) => value !== undefined && name !== 'limit' && name !== 'cursor',
  );
  return Object.fromEntries(given) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** A query parameter that is true or false; false when it is not given. */
export const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');
