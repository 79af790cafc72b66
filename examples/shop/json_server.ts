/** A node:http server that answers JSON. Owns bodies, errors and the start; knows nothing of tokens. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer other than 200, thrown from anywhere below a handler. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export type Handler = (request: IncomingMessage, url: URL) => Promise<object>;

const BODY_LIMIT = 16_384;

/** The JSON object that a request carries. @throws Refusal 400 or 413 */
export async function jsonBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const part of request.setEncoding('utf8') as AsyncIterable<string>) {
    text += part;
    if (text.length > BODY_LIMIT) throw new Refusal(413, 'too long');
  }
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new Refusal(400, 'a JSON object is expected');
}

/** Listens on a free port of the loopback interface, prints the address, and ends on SIGTERM. */
export function startJsonServer(name: string, handler: Handler): void {
  const server = createServer((request, response) => {
    const answer = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    };
    handler(request, new URL(request.url ?? '/', 'http://localhost')).then(
      (body) => answer(200, body),
      (error: unknown) => {
        if (error instanceof Refusal) {
          answer(error.status, { error: error.message }, error.headers);
        } else {
          console.error(`${name}: ${error instanceof Error ? error.message : 'failed'}`);
          answer(500, { error: 'something went wrong' });
        }
      },
    );
  });
  server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
    console.log(`${name} listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  process.once('SIGTERM', () => server.close(() => process.exit(0)));
}

/** A setting of the service. @throws Error when it is not there */
export function setting(name: string): string {
  const value = process.env[name] ?? '';
  if (value === '') throw new Error(`${name} is not set`);
  return value;
}
