/** Starts every server of a run and makes the subjects to measure. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Subject } from './measure.js';
import { REFERENCE_CLIENT } from './references/listening.js';
import { fetchToken, getRequest, introspectionRequest, tokenRequest } from './requests.js';
import { BENCH_API, Gatehouse, type Registration } from './servers/gatehouse.js';
import {
  referenceTokenRequest,
  startConstant,
  startMinimal,
  startProvider,
  type ReferenceServer,
} from './servers/references.js';
import type { StoreUrls } from './servers/stores.js';

/** Different tokens that take turns at introspection. */
const TOKENS = 500;
const DISCOVERY = '/.well-known/openid-configuration';
const TARGET = { scope: BENCH_API.scope, resource: BENCH_API.audience } as const;

interface Endpoint {
  readonly server: ReferenceServer;
  readonly label: string;
}

export class Setup {
  readonly registrations: Registration[] = [];
  readonly #scratch: string;
  readonly #gatehouses: Gatehouse[] = [];

  constructor(scratch: string) {
    this.#scratch = scratch;
  }

  /** One Gatehouse for each number of clients, and the references. */
  async prepare(
    clients: readonly number[],
    stores: StoreUrls,
    progress: (line: string) => void,
  ): Promise<Subject[]> {
    const subjects: Subject[] = [];
    const provider = await startProvider();
    const minimal = await startMinimal();
    for (const count of clients) {
      progress(`registering ${count} clients`);
      const gatehouse = await Gatehouse.start(`gatehouse with ${count}`, this.#scratch, stores);
      this.#gatehouses.push(gatehouse);
      this.registrations.push(await gatehouse.register(count));
      subjects.push(this.#tokens(gatehouse, count));
    }
    subjects.push(
      this.#referenceTokens('token-provider', { server: provider, label: 'token: oidc-provider' }, '/token'),
      this.#referenceTokens('token-minimal', { server: minimal, label: 'token: node:http that signs' }, '/'),
    );
    const [first] = this.#gatehouses;
    if (first === undefined) return subjects;
    subjects.push(await this.#introspection(first), await this.#providerIntrospection(provider));
    return [...subjects, ...(await this.#documents(first))];
  }

  /** Removes the stores of every Gatehouse, after ending it. */
  async remove(): Promise<void> {
    for (const gatehouse of this.#gatehouses) await gatehouse.stop();
  }

  #file(id: string, requests: readonly string[]): string {
    const file = join(this.#scratch, `${id}.json`);
    writeFileSync(file, JSON.stringify(requests));
    return file;
  }

  #subject(id: string, at: Endpoint, requests: readonly string[], expect: string): Subject {
    return {
      id,
      label: at.label,
      server: at.server.process,
      port: at.server.port,
      requestsFile: this.#file(id, requests),
      rotation: requests.length,
      expect,
    };
  }

  #tokens(gatehouse: Gatehouse, count: number): Subject {
    const { port } = gatehouse;
    const path = gatehouse.path('token_endpoint');
    const requests = gatehouse.clients.map((client) => tokenRequest(port, path, client, TARGET));
    const at = { server: gatehouse, label: `token: Gatehouse, ${count} clients` };
    return this.#subject(`token-${count}`, at, requests, '"access_token":"ey');
  }

  #referenceTokens(id: string, at: Endpoint, path: string): Subject {
    return this.#subject(id, at, [referenceTokenRequest(at.server.port, path, true)], '"access_token":"ey');
  }

  async #introspection(gatehouse: Gatehouse): Promise<Subject> {
    const [client] = gatehouse.clients;
    if (client === undefined) throw new Error('no client is registered');
    const path = gatehouse.path('introspection_endpoint');
    const requests: string[] = [];
    for (let i = 0; i < TOKENS; i += 1) {
      const token = await fetchToken(gatehouse.endpoints.token_endpoint, client, TARGET);
      requests.push(introspectionRequest(gatehouse.port, path, gatehouse.resourceServer, token));
    }
    const at = { server: gatehouse, label: 'introspection: Gatehouse, JWT' };
    return this.#subject('introspection', at, requests, '"active":true');
  }

  async #providerIntrospection(provider: ReferenceServer): Promise<Subject> {
    const requests: string[] = [];
    for (let i = 0; i < TOKENS; i += 1) {
      const token = await fetchToken(`http://127.0.0.1:${provider.port}/token`, REFERENCE_CLIENT, {});
      requests.push(introspectionRequest(provider.port, '/token/introspection', REFERENCE_CLIENT, token));
    }
    const at = { server: provider, label: 'introspection: oidc-provider, opaque' };
    return this.#subject('introspection-provider', at, requests, '"active":true');
  }

  /** JWKS and discovery of Gatehouse beside a Koa app that returns the same bytes. */
  async #documents(gatehouse: Gatehouse): Promise<Subject[]> {
    const paths = { jwks: gatehouse.path('jwks_uri'), discovery: DISCOVERY };
    const files: Record<string, string> = {};
    for (const [id, path] of Object.entries(paths)) {
      const response = await fetch(`http://127.0.0.1:${gatehouse.port}${path}`);
      files[path] = join(this.#scratch, `${id}.body`);
      writeFileSync(files[path], await response.text());
    }
    const constant = await startConstant(files);
    const document = (
      id: keyof typeof paths,
      server: ReferenceServer,
      who: string,
      suffix: string,
    ): Subject =>
      this.#subject(
        `${id}${suffix}`,
        { server, label: `${id}: ${who}` },
        [getRequest(server.port, paths[id])],
        id === 'jwks' ? '"keys"' : '"issuer"',
      );
    return [
      document('jwks', gatehouse, 'Gatehouse', ''),
      document('jwks', constant, 'Koa constant', '-constant'),
      document('discovery', gatehouse, 'Gatehouse', ''),
      document('discovery', constant, 'Koa constant', '-constant'),
    ];
  }
}
