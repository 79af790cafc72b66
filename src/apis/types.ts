/** What an API is: an audience with scopes, and how tokens for it look. Knows nothing of who may call it (grants). */

/** JWS algorithms that Gatehouse signs access tokens with (RFC 7518 §3.1, RFC 8037 §3.1). */
export const SIGNING_ALGS = ['ES256', 'EdDSA', 'RS256', 'PS256'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

export const TOKEN_FORMATS = ['jwt', 'opaque'] as const;
export type TokenFormat = (typeof TOKEN_FORMATS)[number];

/** Required sender constraint: none, DPoP (RFC 9449) or a client certificate (RFC 8705 §3). */
export const TOKEN_BINDINGS = ['none', 'dpop', 'mtls'] as const;
export type TokenBinding = (typeof TOKEN_BINDINGS)[number];

export interface ApiScope {
  readonly name: string;
  /** Plain words; empty when none were given. */
  readonly description: string;
}

export interface Api {
  /** The audience URI: the API's name and its `aud` in tokens. Never changes. */
  readonly audience: string;
  readonly description: string;
  readonly scopes: readonly ApiScope[];
  readonly tokenFormat: TokenFormat;
  /** Lifetime of its access tokens in seconds. */
  readonly tokenTtl: number;
  readonly signingAlg: SigningAlg;
  readonly tokenBinding: TokenBinding;
  /** True for the APIs of Gatehouse itself; they can be granted but neither changed nor deleted. */
  readonly system: boolean;
  /** Grows by one with each change; the ETag of the admin API. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The audience of the admin API (DESIGN §5). */
export const ADMIN_AUDIENCE = 'urn:gatehouse:admin';
/** The audience whose grants give the explicit right to introspect or revoke tokens of any audience. */
export const TOKENS_AUDIENCE = 'urn:gatehouse:tokens';
