/**
 * Speaks to the admin API: a token with just the scopes that a verb needs, pages, idempotent creates.
 * Knows nothing of verbs and of how answers are shown.
 */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { ADMIN_AUDIENCE } from '../../apis/types.js';
import { CliFailure } from '../failure.js';
import type { Shell } from '../shell.js';
import { pageShape } from '../wire.js';
import { jsonOf, parsed, problemFailure } from './answers.js';
import { requireAdminFile, type AdminFile } from './admin_file.js';
import { discover } from './discovery.js';
import { ConnectionFailure, exchange, type Answer } from './http.js';
import { requestToken } from './token_request.js';

/** A token is renewed when it has less than this left. */
const RENEW_BEFORE_MS = 30_000;
const PAGE = 200;

export interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below /admin/v1, with a slash; its variable parts percent-encoded. */
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** The version that a write expects to change. */
  readonly version?: number;
  /** A create: carries an Idempotency-Key, and is repeated once when the connection is lost. */
  readonly create?: boolean;
  readonly timeoutMs?: number;
  readonly limit?: number;
}
export type Query = Readonly<Record<string, string | undefined>>;

export interface Page {
  readonly items: unknown[];
  readonly nextCursor: string | null;
}

/** A path below /admin/v1 from literal parts and values. */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((text, part, index) => text + encodeURIComponent(values[index - 1] ?? '') + part);
}

export class AdminClient {
  readonly #shell: Shell;
  readonly #scopes: readonly string[];
  readonly file: AdminFile;
  #wide = false;
  #token: { readonly value: string; readonly renewAt: number } | undefined;

  /** @throws CliFailure when there is no admin.json */
  constructor(shell: Shell, scopes: readonly string[]) {
    this.#shell = shell;
    this.#scopes = scopes;
    this.file = requireAdminFile(shell.env);
  }

  /** The answer's JSON in its shape; of a 204, undefined goes through the shape. @throws CliFailure when it is refused */
  async call<T extends z.ZodType>(shape: T, request: AdminRequest): Promise<z.output<T>> {
    return parsed(shape, jsonOf(await this.send(request)), 'the admin API');
  }

  /** @throws CliFailure when it is refused */
  async send(request: AdminRequest): Promise<Answer> {
    const key = request.create === true ? randomUUID() : undefined;
    try {
      return await this.#attempt(request, key);
    } catch (error) {
      const repeatable = key !== undefined && error instanceof ConnectionFailure && error.lost;
      if (!repeatable && !this.#widens(error)) throw error;
      return this.#attempt(request, key);
    }
  }

  /**
   * A token hands out no more power than it carries itself. To change who may administer Gatehouse, the narrow token that
   * every other request has is not enough: the request is repeated with all that this client may do.
   */
  #widens(error: unknown): boolean {
    if (this.#wide || !(error instanceof CliFailure) || error.status !== 403) return false;
    this.#wide = true;
    this.#token = undefined;
    return true;
  }

  /** One page of a list. */
  page(path: string, query: Query, limit: number, cursor?: string): Promise<Page> {
    return this.call(pageShape, {
      method: 'GET',
      path,
      query: { ...query, limit: String(Math.min(limit, PAGE)), cursor },
    });
  }

  /** Up to `limit` items, page by page. `nextCursor` is where the rest begins. */
  async list(path: string, query: Query, limit: number, from?: string): Promise<Page> {
    const items: unknown[] = [];
    let cursor = from;
    while (items.length < limit) {
      const page = await this.page(path, query, limit - items.length, cursor);
      items.push(...page.items);
      cursor = page.nextCursor ?? undefined;
      if (cursor === undefined || page.items.length === 0) return { items, nextCursor: null };
    }
    return { items, nextCursor: cursor ?? null };
  }

  async #attempt(request: AdminRequest, key: string | undefined): Promise<Answer> {
    const url = new URL(`${this.file.adminUrl}/admin/v1${request.path}`);
    for (const [name, value] of Object.entries(request.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, value);
    const answer = await exchange(this.#shell, {
      method: request.method,
      url: url.href,
      headers: {
        authorization: `Bearer ${await this.#bearer()}`,
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(request.version === undefined ? {} : { 'if-match': `"${request.version}"` }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }),
      ...(request.limit === undefined ? {} : { limit: request.limit }),
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw problemFailure(answer, url.origin, this.#hintFor(answer));
  }

  #hintFor(answer: Answer): string | undefined {
    if (answer.status === 401)
      return `${this.file.path} names ${this.file.adminUrl} and ${this.file.issuer}; both must be the same installation of Gatehouse`;
    if (answer.status === 403)
      return `${this.file.clientId} must hold that itself on ${ADMIN_AUDIENCE}; see \`gatehouse clients show ${this.file.clientId}\``;
    return answer.status === 412 ? 'someone else changed it at the same time; try again' : undefined;
  }

  async #bearer(): Promise<string> {
    const now = this.#shell.now();
    if (this.#token !== undefined && now < this.#token.renewAt) return this.#token.value;
    const { issuer, clientId, clientSecret, path: file } = this.file;
    const metadata = await discover(this.#shell, issuer);
    const answer = await requestToken(this.#shell, {
      metadata,
      credentials: { method: 'client_secret_basic', clientId, clientSecret },
      resource: ADMIN_AUDIENCE,
      scope: this.#wide ? undefined : this.#scopes.join(' '),
    }).catch((error: unknown) => {
      throw refusedCredentials(error, file, clientId);
    });
    this.#token = {
      value: answer.access_token,
      renewAt: now + (answer.expires_in ?? 60) * 1000 - RENEW_BEFORE_MS,
    };
    return answer.access_token;
  }
}

function refusedCredentials(error: unknown, file: string, clientId: string): unknown {
  if (!(error instanceof CliFailure) || error.status === undefined || error.status >= 429) return error;
  return new CliFailure(`the server refuses the credentials of ${clientId} in ${file}: ${error.message}`, {
    code: error.code,
    status: error.status,
    requestId: error.requestId,
    hint:
      error.code === 'invalid_client'
        ? 'the secret expired or belongs to another installation; `gatehouse admin recover` on the machine of the server writes a new file'
        : `the client needs a grant on ${ADMIN_AUDIENCE}; \`gatehouse admin recover\` on the machine of the server restores it`,
  });
}
