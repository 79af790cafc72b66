export * from './app.js';
export { applySchema, openApi } from './openapi.js';
export { renderProblem } from './problems.js';
