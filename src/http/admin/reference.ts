/** What the admin plane shows without a token: OpenAPI, the schema of documents, the reference page and its stylesheet. */
import { readFileSync } from 'node:fs';
import { Eta } from 'eta';
import { packageRoot } from '../../lib/package_root.js';
import type { GatehouseContext } from '../request_context.js';
import { applySchema, openApi } from './openapi.js';
import { ROUTES } from './routes.js';

const POLICY =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** @returns answers one of its pages and says whether it did */
export function createReference(issuer: string, version: string): (ctx: GatehouseContext) => boolean {
  const views = `${packageRoot}views`;
  const page = new Eta({ views, autoEscape: true }).render('reference', { issuer, version, routes: ROUTES });
  const html = { type: 'text/html; charset=utf-8', body: page };
  const pages = new Map([
    ['/admin/v1', html],
    ['/admin/v1/', html],
    [
      '/admin/v1/style.css',
      { type: 'text/css; charset=utf-8', body: readFileSync(`${views}/style.css`, 'utf8') },
    ],
    ['/admin/v1/openapi.json', { type: 'application/json', body: JSON.stringify(openApi(version)) }],
    ['/admin/v1/schema/apply.json', { type: 'application/schema+json', body: JSON.stringify(applySchema()) }],
  ]);
  return (ctx) => {
    const found = ctx.method === 'GET' || ctx.method === 'HEAD' ? pages.get(ctx.path) : undefined;
    if (!found) return false;
    ctx.set('Content-Security-Policy', POLICY);
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Referrer-Policy', 'no-referrer');
    ctx.status = 200;
    ctx.type = found.type;
    ctx.body = found.body;
    return true;
  };
}
