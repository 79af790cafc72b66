/** What a token says, whatever its format. */
import type { SigningAlg, TokenFormat } from '../apis/index.js';

/** Sender constraint (RFC 7800): the thumbprint of a DPoP key or of a client certificate. */
export interface Confirmation {
  readonly jkt?: string;
  readonly 'x5t#S256'?: string;
}

export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly client_id: string;
  /** Seconds since the epoch. */
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  /** Space-separated; absent when the token has none. */
  readonly scope?: string;
  readonly cnf?: Confirmation;
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly tokenType: 'Bearer' | 'DPoP';
  /** Lifetime in seconds. */
  readonly expiresIn: number;
  readonly format: TokenFormat;
  readonly claims: TokenClaims;
}

/** A token that is good now. */
export interface ActiveToken {
  readonly claims: TokenClaims;
  /** The key that signed it; null for an opaque one. */
  readonly kid: string | null;
}

export interface SignedJwtHeader {
  readonly alg: SigningAlg;
  readonly kid: string;
  readonly typ: string;
}

/** The prefix of an opaque access token, by which it is told from a JWT without a look at any store. */
export const OPAQUE_PREFIX = 'gho_';
