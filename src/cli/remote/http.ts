/**
 * One bounded HTTP exchange: a time limit, a size limit, no redirects. Turns what the network does into sentences.
 * Knows nothing of what is asked.
 */
import { errorCode } from '../error_code.js';
import { CliFailure } from '../failure.js';
import type { Shell } from '../shell.js';

export interface Exchange {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds; 30 s by default. */
  readonly timeoutMs?: number;
  /** Bytes of the answer; 16 MiB by default. */
  readonly limit?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The server could not be reached, or the connection was lost on the way. */
export class ConnectionFailure extends CliFailure {
  override readonly name = 'ConnectionFailure';
  /** True when the request may have arrived: only a repetition that cannot act twice is safe. */
  readonly lost: boolean;

  constructor(message: string, lost: boolean, hint: string | undefined, cause: unknown) {
    super(message, { code: lost ? 'connection_lost' : 'unreachable', hint, cause });
    this.lost = lost;
  }
}

const TIMEOUT_MS = 30_000;
const ANSWER_BYTES = 16 * 1024 * 1024;

/** @throws ConnectionFailure, or CliFailure when the answer is longer than the limit */
export async function exchange(shell: Shell, request: Exchange): Promise<Answer> {
  try {
    const response = await shell.fetch(request.url, {
      method: request.method ?? 'GET',
      headers: { accept: 'application/json', ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS),
    });
    const text = await boundedText(response, request.limit ?? ANSWER_BYTES);
    return { status: response.status, headers: response.headers, text };
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw connectionFailure(new URL(request.url).origin, error);
  }
}

async function boundedText(response: Response, limit: number): Promise<string> {
  if (response.body === null) return '';
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > limit) throw new CliFailure(`the answer of ${response.url} is longer than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Codes with which nothing was sent yet. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const CERTIFICATE =
  /^(CERT_|ERR_TLS_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_(VERIFY|GET)_)/;

/** Of the innermost cause that has one: fetch wraps what the socket said. */
function codeOf(error: unknown): string {
  let at = error;
  for (let depth = 0; depth < 5 && typeof at === 'object' && at !== null; depth += 1) {
    const code = errorCode(at, '');
    if (code !== '') return code;
    if (!('cause' in at)) break;
    at = at.cause;
  }
  return typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : '';
}

function connectionFailure(origin: string, error: unknown): ConnectionFailure {
  const code = codeOf(error);
  if (code === 'ECONNREFUSED')
    return new ConnectionFailure(
      `nothing answers at ${origin}`,
      false,
      'start the server with `npm start` or `gatehouse serve`, or point GATEHOUSE_ADMIN_FILE or --issuer at one that runs',
      error,
    );
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new ConnectionFailure(`the host of ${origin} is not known (${code})`, false, undefined, error);
  if (CERTIFICATE.test(code))
    return new ConnectionFailure(
      `the certificate of ${origin} is not trusted (${code})`,
      false,
      'if it comes from an authority of your own, name its PEM file in NODE_EXTRA_CA_CERTS',
      error,
    );
  if (code === 'TimeoutError')
    return new ConnectionFailure(`${origin} did not answer in time`, true, undefined, error);
  return new ConnectionFailure(
    `the connection to ${origin} failed (${code})`,
    !NEVER_SENT.has(code) && code !== 'UND_ERR_CONNECT_TIMEOUT',
    undefined,
    error,
  );
}
