export * from './types.js';
export * from './ports.js';
export * from './sealer.js';
export * from './data_keys.js';
export * from './jws.js';
export * from './key_ring.js';
