export * from './failures.js';
