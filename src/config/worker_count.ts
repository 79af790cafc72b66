/** How many workers a node runs. */
import { availableParallelism } from 'node:os';
import type { Settings } from './schema.js';

/** Processes that serve; 1 is this process itself. */
export const workerCount = ({ workers }: Pick<Settings, 'workers'>): number =>
  workers === 'max' ? availableParallelism() : workers;
