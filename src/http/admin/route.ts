/**
 * What a route of the admin API is: one row that says method, path, scope, shapes and what it asks of the domain. The
 * router, the OpenAPI description and the reference page are all made from these rows.
 */
import { z } from 'zod';
import type { Administration, Caller, Expected, Once } from '../../administration/index.js';
import type { Endpoint } from '../metrics.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RouteRequest<P, Q, B> {
  readonly administration: Administration;
  readonly caller: Caller;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Versions that If-Match names. */
  readonly expected: Expected;
  /** The Idempotency-Key, if the request has one. */
  readonly once: Once | undefined;
}

interface Row {
  readonly endpoint: Endpoint;
  readonly summary: string;
  readonly description?: string;
  readonly status: 200 | 201 | 204;
  /** Takes If-Match, against the version of the API or client in the path. */
  readonly ifMatch?: boolean;
  /** The larger limit of bodies applies. */
  readonly large?: boolean;
  /** Another scope that lets in too; the handler looks closer. */
  readonly orScope?: string;
}

export interface Route extends Row {
  readonly method: Method;
  /** Below /admin/v1; its variable parts in braces. */
  readonly path: string;
  readonly scope: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body: z.ZodType | undefined;
  readonly response: z.ZodType | undefined;
  readonly handle: (request: RouteRequest<unknown, unknown, unknown>) => Promise<unknown>;
}

/** What is answered is read, not kept: views may be readonly all the way down. */
export type Frozen<T> = T extends readonly (infer U)[]
  ? readonly Frozen<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

const nothing = z.strictObject({});

interface Spec<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType,
  R extends z.ZodType,
> extends Row {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Absent where the answer has no body. */
  readonly response?: R;
  readonly handle: (
    request: RouteRequest<z.output<P>, z.output<Q>, z.output<B>>,
  ) => Promise<R extends z.ZodUndefined ? undefined : Frozen<z.output<R>>>;
}

/** @param head method and path, e.g. `GET /clients/{id}` */
export function route<
  P extends z.ZodObject = typeof nothing,
  Q extends z.ZodObject = typeof nothing,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodUndefined,
>(head: `${Method} /${string}`, scope: string, spec: Spec<P, Q, B, R>): Route {
  const space = head.indexOf(' ');
  const { handle, params, query, body, response, ...row } = spec;
  return {
    ...row,
    method: head.slice(0, space) as Method,
    path: head.slice(space + 1),
    scope,
    params: params ?? nothing,
    query: query ?? nothing,
    body,
    response,
    // The request was parsed by the schemas of this very route.
    handle: (request) => handle(request as RouteRequest<z.output<P>, z.output<Q>, z.output<B>>),
  };
}
