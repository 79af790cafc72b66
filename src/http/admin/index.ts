export * from './app.js';
export { applySchema, openApi } from './openapi.js';
