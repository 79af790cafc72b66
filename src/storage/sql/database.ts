/** What the SQL stores need of a database, and how its failures become errors of the project. Knows no driver. */
import { GatehouseError, unavailable } from '../../errors.js';

/** Most rows in one bulk statement. */
export const CHUNK = 5000;

export type SqlRow = Record<string, unknown>;

/** Runs statements, on a connection of its own or inside a transaction. Throws GatehouseError. */
export interface SqlQuery {
  query<R = SqlRow>(text: string, params?: readonly unknown[]): Promise<R[]>;
  /** Several statements in one text, without parameters. */
  exec(text: string): Promise<void>;
  /** Runs `work` in a transaction: this one when there is one already. */
  atomically<T>(work: (sql: SqlQuery) => Promise<T>): Promise<T>;
}

export interface TransactionOptions {
  /** Advisory lock that is waited for (`lockWait` ms at most) and held until the end. */
  readonly lock?: number;
  readonly lockWait?: number;
  /** Most milliseconds for one statement. */
  readonly statementTimeout?: number;
}

export interface SqlDatabase extends SqlQuery {
  transaction<T>(work: (sql: SqlQuery) => Promise<T>, options?: TransactionOptions): Promise<T>;
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T | undefined>;
  close(): Promise<void>;
}

/** Advisory lock numbers; arbitrary, and fixed for ever. */
export const WRITE_LOCK = 7_201_001;
export const MIGRATION_LOCK = 7_201_002;
/** First half of the two-part locks of {@link SqlDatabase.exclusively}. */
export const NAMED_LOCK = 7_201_003;

/** SQLSTATE classes and codes that mean "try again": connection, resources, shutdown, rollback, lock wait, read-only, login. */
const AWAY = /^(08|28|3D|40|53|55P03|57|58|25006)/;

/** Maps a driver's error. Text of the lower layer goes only into `cause` and `detail`. */
export function sqlError(error: unknown): Error {
  if (error instanceof GatehouseError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return unavailable('The database', error);
  if (code === '23505') return new GatehouseError('conflict', 'It exists already', { cause: error });
  if (code === '23503')
    return new GatehouseError('not_found', 'Something that this refers to does not exist', { cause: error });
  if (code === '22P05' || code === '22021')
    return new GatehouseError('validation_failed', 'Text must not hold the character U+0000', {
      cause: error,
    });
  if (AWAY.test(code)) return unavailable('The database', error);
  return new GatehouseError('server_error', 'The database refused a statement', {
    detail: `SQLSTATE ${code}`,
    cause: error,
  });
}

export function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += CHUNK) yield items.slice(at, at + CHUNK);
}

/** Bytes of a bytea column: a Buffer from pg, a Uint8Array from PGlite. */
export function bytes(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** `text` as a pattern for ILIKE that finds it anywhere, with its wildcards taken literally. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

/** Opaque cursors: JSON in base64url. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The parts of a cursor. Throws `validation_failed` for one that was not made by {@link encodeCursor}. */
export function decodeCursor(cursor: string, length: number): string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (
      Array.isArray(parts) &&
      parts.length === length &&
      parts.every((part): part is string => typeof part === 'string')
    )
      return parts;
  } catch {
    // Not JSON: refused below like any other wrong cursor.
  }
  throw badCursor();
}

export function badCursor(): GatehouseError {
  return new GatehouseError('validation_failed', 'The cursor is not one that this server gave out', {
    faults: [{ pointer: 'query/cursor', message: 'must be the cursor of the page before' }],
  });
}
