/** The body of a form request: strict type, bounded size, bounded and unique parameters (RFC 6749 §3.2). */
import type { IncomingMessage } from 'node:http';
import { GatehouseError } from '../../errors.js';

const FORM = 'application/x-www-form-urlencoded';
const MAX_PARAMETERS = 50;

export type Form = ReadonlyMap<string, string>;

/** @throws GatehouseError `unsupported_media_type`, `payload_too_large` or `invalid_request` */
export async function readForm(req: IncomingMessage, limit: number): Promise<Form> {
  const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== FORM) throw new GatehouseError('unsupported_media_type', `the content type must be ${FORM}`);
  if (req.headers['content-encoding'] !== undefined) {
    throw new GatehouseError('unsupported_media_type', 'a content encoding is not accepted');
  }
  return parseForm((await readBody(req, limit)).toString('utf8'));
}

/**
 * Reads by events: an async iterator over the request takes as long as checking the client's secret.
 * @throws GatehouseError `payload_too_large` as soon as the limit is passed; the rest is not read
 */
export function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge(limit));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
        return;
      }
      req.off('data', take).pause();
      reject(tooLarge(limit));
    };
    req.on('data', take);
    req.on('end', () => {
      const [only] = chunks;
      resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks));
    });
    req.on('error', reject);
    req.on('close', () => {
      if (!req.complete) reject(new Error('the request was broken off'));
    });
  });
}

const tooLarge = (limit: number): GatehouseError =>
  new GatehouseError('payload_too_large', `the body is larger than ${limit} bytes`);

/** Parameters without a value count as absent (RFC 6749 §3.2); one that is there twice is refused. */
export function parseForm(text: string): Form {
  const form = new Map<string, string>();
  if (text === '') return form;
  const seen = new Set<string>();
  const pairs = text.split('&', MAX_PARAMETERS + 1);
  if (pairs.length > MAX_PARAMETERS)
    throw new GatehouseError('invalid_request', `more than ${MAX_PARAMETERS} parameters`);
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    if (name === '') continue;
    // No parameter of OAuth may hold it (RFC 6749 appendix A), and no database takes it as text.
    if (pair.includes('%00') || pair.includes('\0'))
      throw new GatehouseError(
        'invalid_request',
        `the parameter ${printable(name)} holds the character U+0000`,
      );
    if (seen.has(name))
      throw new GatehouseError('invalid_request', `the parameter ${printable(name)} is given twice`);
    seen.add(name);
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
    if (value !== '') form.set(name, value);
  }
  return form;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new GatehouseError('invalid_request', 'the body is not well-formed form encoding');
  }
}

/** Only the characters that error_description may hold (RFC 6749 §5.2). */
export function printable(text: string): string {
  return text.slice(0, 200).replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, '?');
}
