export * from './credentials.js';
export * from './secret.js';
export * from './client_keys.js';
export * from './assertion.js';
export * from './certificate.js';
export * from './authenticate.js';
