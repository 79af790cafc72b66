export * from './ports.js';
export * from './feed.js';
export * from './cache.js';
export * from './directory.js';
