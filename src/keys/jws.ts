/**
 * Making and checking JWS signatures (RFC 7515) with node:crypto. ES256 and EdDSA are signed on the calling thread, which
 * is several times faster than a WebCrypto round trip (bench/); RSA costs a millisecond and goes to the thread pool.
 */
import {
  constants,
  createHash,
  generateKeyPair,
  sign,
  verify,
  type KeyObject,
  type SignKeyObjectInput,
  type VerifyKeyObjectInput,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { JWK } from 'jose';
import type { SigningAlg } from '../apis/index.js';

interface AlgDetails {
  /** Digest for node:crypto; null where the algorithm has its own. */
  readonly digest: 'sha256' | null;
  readonly params: Omit<SignKeyObjectInput, 'key'>;
  readonly threadPool: boolean;
  generate(): Promise<{ publicKey: KeyObject; privateKey: KeyObject }>;
}

const newKeyPair = promisify(generateKeyPair);
const rsa = (): ReturnType<AlgDetails['generate']> => newKeyPair('rsa', { modulusLength: 3072 });

const ALGS: Record<SigningAlg, AlgDetails> = {
  ES256: {
    digest: 'sha256',
    params: { dsaEncoding: 'ieee-p1363' },
    threadPool: false,
    generate: () => newKeyPair('ec', { namedCurve: 'P-256' }),
  },
  EdDSA: { digest: null, params: {}, threadPool: false, generate: () => newKeyPair('ed25519') },
  RS256: { digest: 'sha256', params: {}, threadPool: true, generate: rsa },
  PS256: {
    digest: 'sha256',
    params: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
    threadPool: true,
    generate: rsa,
  },
};

/** Signs `input`; a promise only for algorithms that go to the thread pool. */
export function signJws(alg: SigningAlg, key: KeyObject, input: Buffer): Buffer | Promise<Buffer> {
  const { digest, params, threadPool } = ALGS[alg];
  const options = { ...params, key };
  if (!threadPool) return sign(digest, input, options);
  return new Promise((resolve, reject) => {
    sign(digest, input, options, (error, signature) => (error ? reject(error) : resolve(signature)));
  });
}

/** Whether `signature` over `input` is good under the key. */
export function verifyJws(alg: SigningAlg, key: KeyObject, input: Buffer, signature: Buffer): boolean {
  const { digest, params } = ALGS[alg];
  const options: VerifyKeyObjectInput = { ...params, key };
  return verify(digest, input, options, signature);
}

/** A new key pair; the kid is the RFC 7638 thumbprint, the JWK carries kid, alg and use and no private member. */
export async function generateSigningKey(
  alg: SigningAlg,
): Promise<{ kid: string; publicJwk: JWK; privateKey: KeyObject }> {
  const { publicKey, privateKey } = await ALGS[alg].generate();
  const members = publicKey.export({ format: 'jwk' }) as JWK;
  const kid = thumbprint(members);
  return { kid, publicJwk: { ...members, kid, alg, use: 'sig' }, privateKey };
}

/** RFC 7638 SHA-256 thumbprint of a public JWK. @throws Error for a key type other than EC, OKP or RSA. */
export function thumbprint(jwk: JWK): string {
  const required: Record<string, readonly (keyof JWK)[]> = {
    EC: ['crv', 'kty', 'x', 'y'],
    OKP: ['crv', 'kty', 'x'],
    RSA: ['e', 'kty', 'n'],
  };
  const names = required[jwk.kty ?? ''];
  if (!names) throw new Error(`no thumbprint for key type ${String(jwk.kty)}`);
  const canonical = JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]])));
  return createHash('sha256').update(canonical).digest('base64url');
}
