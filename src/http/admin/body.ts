/**
 * JSON bodies: strict type, bounded size and depth, and only text that every store can keep. Knows nothing of what the
 * body means.
 */
import type { IncomingMessage } from 'node:http';
import { GatehouseError, type FieldFault } from '../../errors.js';
import { pointerStep } from '../../administration/index.js';

const MAX_DEPTH = 32;

export interface JsonBody {
  readonly value: unknown;
  /** The body as it came, for telling whether two requests are the same; empty when there was none. */
  readonly bytes: Buffer;
}

/**
 * The body; an empty object when there is none.
 * @param limit bytes
 * @throws GatehouseError `unsupported_media_type`, `payload_too_large`, `invalid_request`, `validation_failed`
 */
export async function readJson(req: IncomingMessage, limit: number): Promise<JsonBody> {
  const { headers } = req;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    return { value: {}, bytes: Buffer.alloc(0) };
  }
  const bytes = await readBytes(req, limit);
  if (bytes.length === 0) return { value: {}, bytes };
  requireJson(headers['content-type'], headers['content-encoding']);
  return { value: parse(bytes), bytes };
}

function requireJson(type: string | undefined, encoding: string | undefined): void {
  if (!/^application\/json *(; *charset="?utf-8"? *)?$/i.test(type ?? '')) {
    throw new GatehouseError('unsupported_media_type', 'the body must be application/json, in UTF-8');
  }
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new GatehouseError('unsupported_media_type', 'the body must not be compressed');
  }
}

/** Stops keeping what comes beyond the limit, but lets it come, so that the answer is read by who still sends. */
function readBytes(req: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const tooLarge = (): void => {
      req.removeAllListeners('data');
      req.resume();
      reject(new GatehouseError('payload_too_large', `the body is larger than ${limit} bytes`));
    };
    if (Number(req.headers['content-length'] ?? 0) > limit) {
      tooLarge();
      return;
    }
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) tooLarge();
      else chunks.push(chunk);
    });
    req.on('end', () => resolve(Buffer.concat(chunks)));
    req.on('error', (cause) => reject(cutShort(cause)));
    req.on('close', () => reject(cutShort()));
  });
}

const cutShort = (cause?: unknown): GatehouseError =>
  new GatehouseError('invalid_request', 'the connection ended before the body did', { cause });

function parse(bytes: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The parser's message quotes the body, which may hold a secret.
    throw new GatehouseError('invalid_request', 'the body is not JSON');
  }
  const fault = jsonFault(value);
  if (fault) throw new GatehouseError('validation_failed', 'some fields are not valid', { faults: [fault] });
  return value;
}

interface Place {
  readonly value: unknown;
  readonly name: PropertyKey;
  readonly parent: Place | undefined;
  readonly depth: number;
}

/** Walks without recursion: the depth is the caller's choice until it is checked here. */
function jsonFault(root: unknown): FieldFault | undefined {
  const open: Place[] = [{ value: root, name: '', parent: undefined, depth: 0 }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value, depth } = place;
    if (typeof value === 'string') {
      const message = textFault(value);
      if (message !== undefined) return { pointer: pointerOf(place), message };
    } else if (typeof value === 'object' && value !== null) {
      if (depth >= MAX_DEPTH) return { pointer: pointerOf(place), message: 'is nested too deeply' };
      for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
        const child = { value: inner, name, parent: place, depth: depth + 1 };
        // A name that means something to JavaScript itself must not become a property of ours.
        if (name === '__proto__') return { pointer: pointerOf(child), message: 'is not a name to use here' };
        const message = Array.isArray(value) ? undefined : textFault(name);
        if (message !== undefined)
          return { pointer: pointerOf(place), message: `has a name that ${message}` };
        open.push(child);
      }
    }
  }
  return undefined;
}

/** The databases keep neither U+0000 nor half of a surrogate pair. */
export function textFault(text: string): string | undefined {
  return /[\0\p{Cs}]/u.test(text) ? 'holds a character that cannot be kept' : undefined;
}

function pointerOf({ name, parent }: Place): string {
  return parent === undefined ? '' : pointerOf(parent) + pointerStep(name);
}
