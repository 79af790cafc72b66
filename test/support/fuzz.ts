/**
 * What the fuzzers share: odd values, sending a request as it is, and what every answer has to hold to. Owns how many
 * requests an endpoint gets; which fields they have is decided by the fuzzer of each plane.
 */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { startGatehouse, type Node } from './gatehouse.js';

/** Requests to each endpoint; the full run asks for 2,000. */
export const RUNS = Number(process.env['GATEHOUSE_FUZZ_RUNS'] ?? 40);
/** Requests in flight together. */
const PARALLEL = 10;
/** An answer that takes longer is a hang. */
const ANSWER_MS = 30_000;
/**
 * Most that the process may grow by while one fuzzer runs. The caches are bounded, but fill; what leaks a few KB a request
 * passes this bound within a full run.
 */
const GROWTH_BYTES = 250 * 1024 * 1024;

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Text that decoders, databases and templates stumble over. */
export const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', '\0', '\ud800', '__proto__', 'constructor', 'null', '-1', '1e309', '\u202e'),
  fc.constantFrom(
    'urn:a',
    'https://a.example/',
    'http://127.0.0.1',
    '10.0.0.0/8',
    "'; DROP TABLE clients;--",
  ),
  fc.string({ unit: fc.constantFrom('%', '_', '\\', 'é', '🔑', '\n', '"'), maxLength: 300 }),
  fc.integer({ min: 1, max: 5000 }).map((length) => 'x'.repeat(length)),
);

/** Percent-encoded; half a character has no encoding, and is sent as its bytes would be. */
export function encoded(value: string): string {
  return encodeURIComponent(value.replace(/[\ud800-\udfff]/gu, '\u0000')).replaceAll('%00', '%ED%A0%80');
}

/** The value as the bytes of a header: what no client can send is left out. */
export const headerValue = (value: string): string => value.replaceAll(/[^\x20-\x7e\x80-\xff]/g, '');

const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL });

/** @throws Error when there is no answer in time, or the connection breaks before one */
export function send(base: string, { method, path, headers, body }: FuzzRequest): Promise<FuzzAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const options = { method, headers: { ...headers, ...length }, agent, timeout: ANSWER_MS };
    const outgoing = httpRequest(base + path, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const { statusCode = 0 } = answer;
        resolve({ status: statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/**
 * Sends the examples, and then RUNS requests of the kind, several at a time; `ask` throws when an answer is not what it
 * must be.
 */
export async function fuzz(
  requests: fc.Arbitrary<FuzzRequest>,
  ask: (request: FuzzRequest) => Promise<void>,
  examples: readonly FuzzRequest[] = [],
): Promise<void> {
  const together = fc.array(requests, { minLength: PARALLEL, maxLength: PARALLEL });
  await fc.assert(
    fc.asyncProperty(together, async (batch) => {
      await Promise.all(batch.map(ask));
    }),
    {
      // An example counts as one of the runs.
      numRuns: Math.ceil(RUNS / PARALLEL) + (examples.length > 0 ? 1 : 0),
      endOnFailure: true,
      examples: examples.length > 0 ? [[[...examples]]] : [],
    },
  );
}

/** @throws Error for a 5xx, and for an answer that shows what lies inside */
export function requireHarmless(request: FuzzRequest, { status, text: body }: FuzzAnswer): void {
  const shown = (): string =>
    `${JSON.stringify({ ...request, body: request.body?.toString() })}: ${status} ${body}`;
  if (status >= 500 || status === 0) throw new Error(shown());
  if (/\n\s+at |SQLSTATE|node_modules|\.js:\d+/.test(body)) throw new Error(shown());
}

/** A node without limits on failures: guesses are counted elsewhere, and here a limit would hide the code behind it. */
export const startUnlimited = (): Promise<Node> =>
  startGatehouse({
    env: { GATEHOUSE_AUTH_FAILURES_PER_CLIENT: '100000', GATEHOUSE_AUTH_FAILURES_PER_NETWORK: '1000000' },
  });

/** What a node is held against after a run; memory in bytes. */
export interface State {
  readonly pid: number;
  readonly memory: number;
}

export const stateOf = async (node: Node): Promise<State> => ({
  pid: node.pid,
  memory: await memoryOf(node),
});

/** The resident memory of the node in bytes, by its own figures. */
async function memoryOf(node: Node): Promise<number> {
  const figures = await (await fetch(`${node.adminUrl}/metrics`)).text();
  const found = /^process_resident_memory_bytes (\S+)/m.exec(figures)?.[1];
  if (found === undefined) throw new Error('the figures name no memory');
  return Number(found);
}

/** @throws Error when the process is another, is not well, or has grown beyond the bound */
export async function requireWell(node: Node, before: State): Promise<void> {
  for (const path of ['/healthz', '/readyz']) {
    const { status } = await fetch(node.adminUrl + path);
    if (status !== 200) throw new Error(`${path} answers ${status}`);
  }
  const growth = (await memoryOf(node)) - before.memory;
  if (node.pid !== before.pid) throw new Error('the process is another one');
  if (growth > GROWTH_BYTES) throw new Error(`the process grew by ${growth} bytes`);
}
