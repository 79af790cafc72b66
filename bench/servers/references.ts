/** Starts the reference servers, each a process of its own on the server core. */
import { REFERENCE_API, REFERENCE_CLIENT } from '../references/listening.js';
import { tokenRequest } from '../requests.js';
import { startManaged, type ManagedProcess } from './process.js';

export const SERVER_CORE = 0;
const START_MS = 30_000;

export interface ReferenceServer {
  readonly process: ManagedProcess;
  readonly port: number;
}

async function start(name: string, file: string, args: readonly string[]): Promise<ReferenceServer> {
  const process = startManaged(name, {
    script: new URL(`../references/${file}.js`, import.meta.url),
    args,
    core: SERVER_CORE,
    env: { NODE_ENV: 'production' },
  });
  const { port } = await process.ask<{ port: number }>(undefined, START_MS);
  return { process, port };
}

export const startProvider = (): Promise<ReferenceServer> => start('oidc-provider', 'provider', []);
export const startMinimal = (): Promise<ReferenceServer> => start('node:http', 'minimal', []);

/** `bodies` maps a path to the file that holds its constant answer. */
export function startConstant(bodies: Readonly<Record<string, string>>): Promise<ReferenceServer> {
  return start(
    'koa constant',
    'constant',
    Object.entries(bodies).map(([path, file]) => `${path}=${file}`),
  );
}

/** The token request that both references with a token endpoint understand. */
export function referenceTokenRequest(port: number, path: string, withResource: boolean): string {
  return tokenRequest(port, path, REFERENCE_CLIENT, {
    scope: withResource ? REFERENCE_API.scope : undefined,
    resource: withResource ? REFERENCE_API.audience : undefined,
  });
}
