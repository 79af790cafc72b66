/** What this module takes from jose, in one place. */
import { createLocalJWKSet } from 'jose';

export { createLocalJWKSet };
export type { JSONWebKeySet } from 'jose';
export type LocalJWKSet = ReturnType<typeof createLocalJWKSet>;
