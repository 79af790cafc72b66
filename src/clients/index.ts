export * from './types.js';
export * from './ports.js';
export * from './secrets.js';
export * from './rules.js';
