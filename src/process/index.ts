export type { Compose, Gatehouse, ProcessParts } from './contract.js';
export { describeFailure } from './failure.js';
export { serve } from './serve.js';
