/** Reads bounded JSON bodies. */
import type { IncomingMessage } from 'node:http';
import { GatehouseError } from '../../errors.js';

/** @param limit bytes @throws GatehouseError `unsupported_media_type`, `payload_too_large`, `invalid_request` */
export async function readJson(req: IncomingMessage, limit: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new GatehouseError('payload_too_large', `the body is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return {};
  const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new GatehouseError('unsupported_media_type', 'the body must be application/json');
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new GatehouseError('invalid_request', 'the body is not JSON');
  }
}
