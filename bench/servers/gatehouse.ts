/** A Gatehouse of the benchmark: one process with audit, limits, metrics and its log on, set up over its own admin API. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fetchToken, type Credentials } from '../requests.js';
import { startManaged, type ManagedProcess } from './process.js';
import { SERVER_CORE } from './references.js';
import { makePlace, type StorePlace, type StoreUrls } from './stores.js';

export const BENCH_API = { audience: 'urn:bench:api', scope: 'bench:read' } as const;
const TOKEN_TTL = 7200;
const START_MS = 60_000;
const ADMIN_TOKEN_MS = 120_000;
const ADMIN_PARALLEL = 16;
const RESOURCE_SERVER = 'bench-resource-server';

export interface Registration {
  readonly clients: number;
  /** Seconds that one `apply` of all clients and grants took. */
  readonly applySeconds: number;
  /** Seconds to create one secret for each client, one request each, 16 at a time. */
  readonly secretSeconds: number;
  readonly rssBeforeMiB: number | undefined;
  readonly rssAfterMiB: number | undefined;
}

interface Endpoints {
  readonly token_endpoint: string;
  readonly introspection_endpoint: string;
  readonly jwks_uri: string;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Gatehouse {
  readonly process: ManagedProcess;
  readonly port: number;
  readonly endpoints: Endpoints;
  readonly clients: Credentials[] = [];
  readonly #adminUrl: string;
  readonly #admin: Credentials;
  readonly #place: StorePlace;
  #token: { readonly value: string; readonly until: number } | undefined;
  #resourceServer: Credentials | undefined;

  constructor(
    parts: Pick<Gatehouse, 'process' | 'port' | 'endpoints'>,
    admin: { readonly url: string; readonly client: Credentials },
    place: StorePlace,
  ) {
    this.process = parts.process;
    this.port = parts.port;
    this.endpoints = parts.endpoints;
    this.#adminUrl = admin.url;
    this.#admin = admin.client;
    this.#place = place;
  }

  /** Starts one on fresh stores under `scratch` and waits until it is ready. */
  static async start(name: string, scratch: string, urls: StoreUrls): Promise<Gatehouse> {
    const place = await makePlace(urls);
    const home = mkdtempSync(join(scratch, 'gatehouse-'));
    const [port, adminPort] = [await freePort(), await freePort()];
    const process = startManaged(name, {
      script: new URL('../../src/main.js', import.meta.url),
      core: SERVER_CORE,
      log: join(home, 'log'),
      env: {
        NODE_ENV: 'production',
        GATEHOUSE_ISSUER: `http://127.0.0.1:${port}`,
        GATEHOUSE_PORT: String(port),
        GATEHOUSE_ADMIN_PORT: String(adminPort),
        GATEHOUSE_DATA_DIR: join(home, 'data'),
        GATEHOUSE_KEYS_DIR: join(home, 'keys'),
        GATEHOUSE_MASTER_KEY: randomBytes(32).toString('base64'),
        ...place.env,
      },
    });
    try {
      return await connectTo(process, { home, port, adminPort }, place);
    } catch (error) {
      await process.stop();
      await place.remove();
      throw error;
    }
  }

  path(endpoint: keyof Endpoints): string {
    return new URL(this.endpoints[endpoint]).pathname;
  }

  /** Registers the API, a resource server and `count` clients through apply, and gives each client a secret. */
  async register(count: number): Promise<Registration> {
    const rssBeforeMiB = this.process.usage().rssMiB;
    const ids = Array.from({ length: count }, (_, i) => `bench-${String(i).padStart(7, '0')}`);
    const document = {
      version: 1,
      apis: [{ audience: BENCH_API.audience, scopes: { [BENCH_API.scope]: '' }, tokenTtl: TOKEN_TTL }],
      clients: [
        { clientId: RESOURCE_SERVER, name: 'resource server', serves: [BENCH_API.audience] },
        ...ids.map((clientId) => ({
          clientId,
          name: clientId,
          grants: { [BENCH_API.audience]: [BENCH_API.scope] },
        })),
      ],
    };
    const beforeApply = performance.now();
    await this.#call('POST', '/apply', { document });
    const beforeSecrets = performance.now();
    this.#resourceServer = await this.#secretFor(RESOURCE_SERVER);
    this.clients.push(...(await this.#secretsFor(ids)));
    const done = performance.now();
    return {
      clients: count,
      applySeconds: (beforeSecrets - beforeApply) / 1000,
      secretSeconds: (done - beforeSecrets) / 1000,
      rssBeforeMiB,
      rssAfterMiB: this.process.usage().rssMiB,
    };
  }

  get resourceServer(): Credentials {
    if (this.#resourceServer === undefined) throw new Error('nothing is registered yet');
    return this.#resourceServer;
  }

  /** Ends the process and removes what it stored. */
  async stop(): Promise<void> {
    await this.process.stop();
    await this.#place.remove();
  }

  async #secretFor(id: string): Promise<Credentials> {
    const { clientSecret } = (await this.#call('POST', `/clients/${id}/secrets`, {})) as {
      clientSecret: string;
    };
    return { id, secret: clientSecret };
  }

  async #secretsFor(ids: readonly string[]): Promise<Credentials[]> {
    const made: Credentials[] = [];
    const queue = ids.values();
    const worker = async (): Promise<void> => {
      for (const id of queue) made.push(await this.#secretFor(id));
    };
    await Promise.all(Array.from({ length: ADMIN_PARALLEL }, worker));
    return made;
  }

  async #call(method: string, path: string, body: object): Promise<unknown> {
    const response = await fetch(`${this.#adminUrl}/admin/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${await this.#adminToken()}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  }

  async #adminToken(): Promise<string> {
    if (this.#token === undefined || this.#token.until < Date.now()) {
      const resource = 'urn:gatehouse:admin';
      const value = await fetchToken(this.endpoints.token_endpoint, this.#admin, { resource });
      this.#token = { value, until: Date.now() + ADMIN_TOKEN_MS };
    }
    return this.#token.value;
  }
}

/** Waits until it is ready and reads where its endpoints and its first administrator's credentials are. */
async function connectTo(
  process: ManagedProcess,
  at: { readonly home: string; readonly port: number; readonly adminPort: number },
  place: StorePlace,
): Promise<Gatehouse> {
  const { port } = at;
  const url = `http://127.0.0.1:${at.adminPort}`;
  await ready(process, url);
  const discovery = await fetch(`http://127.0.0.1:${port}/.well-known/openid-configuration`);
  const endpoints = (await discovery.json()) as Endpoints;
  const file = JSON.parse(readFileSync(join(at.home, 'data', 'admin.json'), 'utf8')) as {
    clientId: string;
    clientSecret: string;
  };
  const client = { id: file.clientId, secret: file.clientSecret };
  return new Gatehouse({ process, port, endpoints }, { url, client }, place);
}

async function ready(process: ManagedProcess, adminUrl: string): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && process.running) {
    const answer = await fetch(`${adminUrl}/readyz`).catch(() => undefined);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${process.name} did not become ready:\n${process.output}`);
}
