/** Large work in parts, so that everything else the process does goes on in between. */
import { setImmediate } from 'node:timers/promises';

/** Entries that are handled between two breaths. */
export const BREATH = 500;

/** Lets other work go on. The embedded database answers without doing so. */
export const breathe = (): Promise<void> => setImmediate();

/** Rows that go to the store in one part. */
const BATCH = 2000;

/** The rows in parts, with a breath before each part but the first. */
export async function* batches<T>(rows: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < rows.length; at += BATCH) {
    if (at > 0) await breathe();
    yield rows.slice(at, at + BATCH);
  }
}
