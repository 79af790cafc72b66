/** A TCP proxy in front of a store, by which a test takes the store away and gives it back. Knows no protocol. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface SeverableProxy {
  readonly port: number;
  /** Breaks all connections, and refuses new ones. */
  cut(): Promise<void>;
  /** Goes on accepting, and answers nothing any more. */
  hang(): void;
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** A proxy on a free loopback port to this one. */
export async function severableProxy(host: string, port: number): Promise<SeverableProxy> {
  const sockets = new Set<Socket>();
  let hanging = false;
  const serve = (client: Socket): void => {
    const upstream = connect(port, host);
    for (const [socket, peer] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('data', (data) => {
        if (!hanging) peer.write(data);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        peer.destroy();
      });
    }
  };
  let server: Server = createServer(serve);
  const listen = (on: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject).listen(on, '127.0.0.1', resolve);
    });
  await listen(0);
  const own = (server.address() as AddressInfo).port;
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    drop();
    await closed;
  };
  return {
    port: own,
    cut: stop,
    hang: () => {
      hanging = true;
    },
    restore: async () => {
      // What was swallowed is lost; both sides have to begin again.
      if (hanging) drop();
      hanging = false;
      if (server.listening) return;
      server = createServer(serve);
      await listen(own);
    },
    close: stop,
  };
}

/** The URL with its host and port replaced by the proxy's. */
export function through(proxy: SeverableProxy, url: string): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(proxy.port);
  return changed.href;
}
