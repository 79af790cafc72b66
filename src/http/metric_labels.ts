/** The closed sets that labels of metrics are taken from. */

export const PLANES = ['public', 'admin'] as const;
export type Plane = (typeof PLANES)[number];

/** The endpoints of both planes; what is not listed counts as `other`. */
export const ENDPOINTS = [
  'other',
  // public
  'account',
  'authorization',
  'consent',
  'device_authorization',
  'discovery',
  'end_session',
  'introspection',
  'jwks',
  'login',
  'par',
  'revocation',
  'token',
  'userinfo',
  // admin
  'alerts',
  'apis',
  'apply',
  'audit',
  'client_secrets',
  'clients',
  'console',
  'export',
  'grants',
  'health',
  'incident',
  'keys',
  'metrics',
  'openapi',
  'reference',
  'revocations',
  'users',
] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type Method = (typeof METHODS)[number] | 'other';
export const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
export type StatusClass = (typeof STATUS_CLASSES)[number];

export type CountedGrantType =
  'client_credentials' | 'authorization_code' | 'refresh_token' | 'device_code' | 'other';
export type CountedFormat = 'jwt' | 'opaque' | 'none';
export type IssuanceOutcome = 'issued' | 'refused' | 'unavailable';
export type IntrospectionOutcome = 'active' | 'inactive' | 'refused' | 'unavailable';
export type CountedAuthMethod =
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'private_key_jwt'
  | 'tls_client_auth'
  | 'self_signed_tls_client_auth'
  | 'none'
  | 'unknown';
export type AuthenticationOutcome = 'success' | 'failure' | 'limited' | 'unavailable';
export type CountedLimit = 'auth_failures_per_client' | 'auth_failures_per_network';
export type CountedStore = 'sql' | 'ephemeral';
export type StoreOperation = 'read' | 'write' | 'transaction' | 'consume' | 'count' | 'ping';
export type CountedCache = 'clients' | 'apis';
