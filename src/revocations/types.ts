/** Revocations: what makes a token that is still in its lifetime worthless. */

/** `token`: one jti. `client`: all tokens of a client made up to the moment. `key`: all tokens signed by a kid. */
export const REVOCATION_KINDS = ['token', 'client', 'key'] as const;
export type RevocationKind = (typeof REVOCATION_KINDS)[number];

export interface Revocation {
  readonly kind: RevocationKind;
  /** A jti, a client id or a kid. */
  readonly subject: string;
  /** Millisecond precision; of a `client` revocation the moment up to which its tokens are dead. */
  readonly revokedAt: Date;
  /** When nothing it concerns can be alive any more and the row may go. */
  readonly expiresAt: Date;
  readonly reason: string;
  readonly createdBy: string;
}
