/** Pages of lists: an opaque cursor stands for the last item of the page before. */
import { GatehouseError } from '../errors.js';
import type { Page, PageRequest } from './ports.js';

/** The key that a cursor stands for. @throws GatehouseError `validation_failed` */
export function afterOf(page: PageRequest): string | undefined {
  if (page.cursor === undefined) return undefined;
  const key = Buffer.from(page.cursor, 'base64url').toString('utf8');
  if (key === '' || Buffer.from(key).toString('base64url') !== page.cursor) {
    const faults = [{ pointer: 'query/cursor', message: 'is not a cursor of this list' }];
    throw new GatehouseError('validation_failed', 'the cursor is not valid', { faults });
  }
  return key;
}

/** A page of items that were asked for with one more than the limit. */
export function pageOf<T>(found: readonly T[], limit: number, key: (item: T) => string): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const more = found.length > limit && last !== undefined;
  return { items, nextCursor: more ? Buffer.from(key(last)).toString('base64url') : null };
}
