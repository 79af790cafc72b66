/** What a client is: who it is and how it proves that. What it may call is a grant; what it serves is listed here. */
import type { JWK } from 'jose';

export const CLIENT_TYPES = ['service', 'web', 'spa', 'native'] as const;
export type ClientType = (typeof CLIENT_TYPES)[number];

/** Client authentication methods by their registered names (OIDC Core §9, RFC 8705 §2). */
export const AUTH_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
  'none',
] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

export const GRANT_TYPES = [
  'client_credentials',
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

/** JWS algorithms accepted on client assertions (private_key_jwt). Ed25519 is the newer name of EdDSA with that curve (RFC 9864). */
export const ASSERTION_ALGS = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const;

/** The certificate subject expected with tls_client_auth: exactly one kind (RFC 8705 §2.1.2). */
export const TLS_SUBJECT_KINDS = ['subject_dn', 'san_dns', 'san_uri', 'san_ip', 'san_email'] as const;
export interface TlsSubject {
  readonly kind: (typeof TLS_SUBJECT_KINDS)[number];
  readonly value: string;
}

/** Public keys of a client, by value. Each key is public: no private member is ever stored. */
export interface ClientJwks {
  readonly keys: readonly JWK[];
}

export interface ClientSecret {
  readonly id: string;
  readonly name: string;
  /** `hmac-sha256` for generated secrets; `argon2id` for secrets that people chose elsewhere and imported. */
  readonly scheme: 'hmac-sha256' | 'argon2id';
  /** 32 bytes of HMAC, or the PHC string of argon2 in UTF-8. */
  readonly hash: Buffer;
  /** The pepper under which the HMAC was made; null for argon2id. */
  readonly pepperId: string | null;
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly lastUsedAt: Date | null;
  /** The network address from which it was last used. */
  readonly lastUsedFrom: string | null;
}

/** (client, API, scopes): what a client may ask for. No grant, no token. */
export interface Grant {
  readonly clientId: string;
  readonly audience: string;
  /** Sorted, unique. */
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What an administrator may set of a client. */
export interface ClientFields {
  readonly name: string;
  readonly description: string;
  /** Whom to call about it. */
  readonly ownerContact: string;
  readonly type: ClientType;
  readonly authMethods: readonly AuthMethod[];
  readonly grantTypes: readonly GrantType[];
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri: string | null;
  readonly idTokenAlg: string | null;
  readonly pkce: 'required' | 'optional';
  readonly jwks: ClientJwks | null;
  readonly jwksUri: string | null;
  readonly tlsSubject: TlsSubject | null;
  /** Access token lifetime in seconds; null takes the API's; never longer than the API's. */
  readonly tokenTtl: number | null;
  /** CIDR ranges from which it may authenticate; empty allows any. */
  readonly allowedNetworks: readonly string[];
  /** Audiences of the APIs whose resource server it is. */
  readonly serves: readonly string[];
  readonly enabled: boolean;
}

export interface Client extends ClientFields {
  readonly id: string;
  /** True for gatehouse-admin, which cannot be deleted. */
  readonly system: boolean;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly createdBy: string;
}

/** A client with all that authenticating and authorizing it needs; what the registry caches. */
export interface RegisteredClient extends Client {
  readonly secrets: readonly ClientSecret[];
  readonly grants: readonly Grant[];
}
