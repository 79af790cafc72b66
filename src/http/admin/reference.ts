/**
 * What the admin plane shows without a token: the OpenAPI description, the schema of documents, and a page made from the
 * description for people to read. No script; one stylesheet from a path of its own.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta';
import { GatehouseError } from '../../errors.js';
import { packageRoot } from '../../lib/package_root.js';
import type { Endpoint } from '../metrics.js';
import type { GatehouseMiddleware } from '../request_context.js';
import { applySchema, openApi } from './openapi.js';
import { referencePage } from './reference_page.js';

const POLICY =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

interface Page {
  readonly type: string;
  readonly body: string;
  readonly endpoint: Endpoint;
}

export function createReference(issuer: string, version: string): GatehouseMiddleware {
  const views = join(packageRoot, 'views');
  const description = openApi(issuer, version);
  const html: Page = {
    type: 'text/html; charset=utf-8',
    body: new Eta({ views, autoEscape: true }).render('admin/reference', referencePage(description, issuer)),
    endpoint: 'reference',
  };
  const style = readFileSync(join(views, 'admin/reference.css'), 'utf8');
  const json = (value: object, type: string): Page => ({
    type,
    body: JSON.stringify(value),
    endpoint: 'openapi',
  });
  const pages = new Map<string, Page>([
    ['/admin/v1', html],
    ['/admin/v1/', html],
    ['/admin/v1/reference.css', { type: 'text/css; charset=utf-8', body: style, endpoint: 'reference' }],
    ['/admin/v1/openapi.json', json(description, 'application/json')],
    ['/admin/v1/schema/apply.json', json(applySchema(), 'application/schema+json')],
  ]);
  return (ctx, next) => {
    const page = pages.get(ctx.path);
    if (page === undefined) return next();
    ctx.state.endpoint = page.endpoint;
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.set('Allow', 'GET, HEAD');
      throw new GatehouseError('method_not_allowed', 'here you can use GET, HEAD');
    }
    ctx.set('Content-Security-Policy', POLICY);
    ctx.set('Cache-Control', 'no-cache');
    ctx.body = page.body;
    ctx.set('Content-Type', page.type);
    return undefined;
  };
}
