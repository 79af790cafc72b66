export * from './types.js';
export * from './target.js';
export * from './dpop.js';
export * from './jwt.js';
export * from './issue.js';
export * from './inspect.js';
export * from './policy.js';
