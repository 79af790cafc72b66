/** What the reference servers share: the client that they know and how they tell the benchmark their port. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export const REFERENCE_CLIENT = {
  id: 'c_reference0000000',
  secret: 'gh_secret_reference_reference_reference_reference0',
} as const;

export const REFERENCE_API = { audience: 'urn:bench:api', scope: 'bench:read' } as const;

/** Listens on a free loopback port, reports it to the parent and ends with the parent or on SIGTERM. */
export function listening(server: Server): void {
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => {
    process.send?.({ port: (server.address() as AddressInfo).port });
  });
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
}
