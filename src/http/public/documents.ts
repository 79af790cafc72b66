/** Public documents: precomputed bytes with Cache-Control, ETag and 304 (RFC 9110 §13), readable by any origin. */
import { createHash } from 'node:crypto';
import type { GatehouseContext } from '../request_context.js';

export interface PublicDocument {
  readonly body: Buffer;
  readonly etag: string;
}

export function jsonDocument(value: unknown): PublicDocument {
  const body = Buffer.from(JSON.stringify(value));
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** @param maxAge seconds for which the document may be cached */
export function serveDocument(ctx: GatehouseContext, document: PublicDocument, maxAge: number): void {
  ctx.set('Cache-Control', `public, max-age=${maxAge}, stale-if-error=86400`);
  ctx.set('ETag', document.etag);
  ctx.set('Access-Control-Allow-Origin', '*');
  const known = ctx.req.headers['if-none-match'];
  if (
    known !== undefined &&
    known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === document.etag)
  ) {
    ctx.status = 304;
    return;
  }
  ctx.set('Content-Type', 'application/json; charset=utf-8');
  ctx.body = document.body;
}
