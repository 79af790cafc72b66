export * from './app.js';
export * from './openapi.js';
