/** The jwks_uri of a client, on loopback: answers what a test tells it to. Owns its sockets. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWK } from 'jose';

export interface JwksSource {
  readonly url: string;
  /** Requests so far, by path. */
  readonly fetches: ReadonlyMap<string, number>;
  /** What a path answers from now on: a key set, or whatever the function writes. */
  serve(path: string, answer: readonly JWK[] | ((response: ServerResponse) => void)): void;
  close(): Promise<void>;
}

/** A path that was not told what to answer answers 404. */
export async function startJwksSource(): Promise<JwksSource> {
  const answers = new Map<string, (response: ServerResponse) => void>();
  const fetches = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    fetches.set(path, (fetches.get(path) ?? 0) + 1);
    const answer = answers.get(path);
    if (answer) answer(response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fetches,
    serve: (path, answer) => {
      const write = (response: ServerResponse): void => {
        if (typeof answer === 'function') answer(response);
        else response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: answer }));
      };
      answers.set(path, write);
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
