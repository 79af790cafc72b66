/** JWTs that Gatehouse signs, and the check of its own signatures. */
import { LRUCache } from 'lru-cache';
import type { SigningAlg } from '../apis/index.js';
import { GatehouseError } from '../errors.js';
import { signJws, verifyJws, type KeyRing, type SigningKey } from '../keys/index.js';

const MAX_VERIFIED = 10_000;
const MAX_TOKEN = 16_384;
const JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

export interface VerifiedJwt {
  readonly kid: string;
  readonly typ: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export class JwtSigner {
  readonly #keys: KeyRing;
  readonly #ensure: (alg: SigningAlg) => Promise<void>;
  readonly #headers = new LRUCache<string, string>({ max: 100 });
  readonly #verified = new LRUCache<string, VerifiedJwt>({ max: MAX_VERIFIED });

  /** @param parts.ensure makes the first keys of an algorithm */
  constructor(parts: { readonly keys: KeyRing; readonly ensure: (alg: SigningAlg) => Promise<void> }) {
    this.#keys = parts.keys;
    this.#ensure = parts.ensure;
  }

  /** Signs claims as a JWT of type `typ`. @throws GatehouseError `temporarily_unavailable` when no key can be had */
  async sign(alg: SigningAlg, typ: string, claims: object): Promise<string> {
    let key = this.#keys.active(alg);
    if (!key) {
      await this.#ensure(alg);
      key = this.#keys.active(alg);
      if (!key)
        throw new GatehouseError('temporarily_unavailable', `there is no signing key for ${alg}`, {
          retryAfter: 2,
        });
    }
    const input = `${this.#header(key, typ)}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    const signed = signJws(alg, key.privateKey, Buffer.from(input));
    const signature = signed instanceof Promise ? await signed : signed;
    return `${input}.${signature.toString('base64url')}`;
  }

  /** The content of a JWT that a published key of ours signed; undefined for anything else. Checks no claim. */
  verify(token: string): VerifiedJwt | undefined {
    const known = this.#verified.get(token);
    // A key that is revoked in the meantime is unknown to the ring, and so are its tokens.
    if (known) return this.#keys.verification(known.kid) ? known : undefined;
    const verified = this.#check(token);
    if (verified) this.#verified.set(token, verified);
    return verified;
  }

  #check(token: string): VerifiedJwt | undefined {
    if (token.length > MAX_TOKEN || !JWS.test(token)) return undefined;
    const [head = '', body = '', signature = ''] = token.split('.');
    const header = parse(head);
    if (typeof header?.kid !== 'string' || typeof header.typ !== 'string' || header.crit !== undefined)
      return undefined;
    const key = this.#keys.verification(header.kid);
    if (!key || key.alg !== header.alg) return undefined;
    const good = verifyJws(
      key.alg,
      key.publicKey,
      Buffer.from(`${head}.${body}`),
      Buffer.from(signature, 'base64url'),
    );
    const payload = good ? parse(body) : undefined;
    return payload && { kid: key.kid, typ: header.typ, payload };
  }

  #header({ kid, alg }: SigningKey, typ: string): string {
    const id = `${typ} ${kid}`;
    let header = this.#headers.get(id);
    if (header === undefined) {
      header = Buffer.from(JSON.stringify({ alg, typ, kid })).toString('base64url');
      this.#headers.set(id, header);
    }
    return header;
  }
}

function parse(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
