import { afterEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import { connect } from 'node:net';
import { gate, exchange, openDoor, rawRequest, statusOf, type Door, type DoorOptions } from './door.js';

let door: Door;
async function open(options: DoorOptions = {}): Promise<Door> {
  door = await openDoor(options);
  return door;
}
afterEach(() => door.close());

const bodyOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n') + 4);

describe('request targets', () => {
  it.each(['http://evil.example/x?y=1', 'HTTPS://evil.example:99/x?y=1', 'http://user@evil.example/x?y=1'])(
    'in absolute form change nothing: %s',
    async (target) => {
      await open();
      const answer = await rawRequest(door.port, target);
      expect(statusOf(answer)).toBe(200);
      expect(bodyOf(answer)).toContain('"url":"/x?y=1"');
      expect(bodyOf(answer)).not.toContain('evil');
    },
  );

  it.each(['*', 'evil.example:80', 'ftp://evil.example/x', 'http://[/x', 'x'])(
    'that are no path are refused: %s',
    async (target) => {
      await open();
      expect(statusOf(await rawRequest(door.port, target))).toBe(400);
    },
  );

  it('of two slashes stay a path', async () => {
    await open();
    expect(bodyOf(await rawRequest(door.port, '//evil.example/x'))).toContain('"url":"//evil.example/x"');
  });
});

describe('requests that cannot be parsed', () => {
  it.each([
    ['nonsense\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    [`GET /${'y'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['\u0016\u0003\u0001\u0002\u0000', 400],
  ])('are answered: %.30j', async (text, status) => {
    await open();
    const answer = await exchange(door.port, text);
    expect(statusOf(answer)).toBe(status);
    expect(answer).toMatch(/connection: close/i);
    expect((await fetch(door.url)).status).toBe(200);
  });

  it('get 408 when they do not arrive in time', async () => {
    await open({ server: { requestTimeout: 50 } });
    const answer = await exchange(door.port, 'GET / HTTP/1.1\r\nHost: x\r\n');
    expect(statusOf(answer)).toBe(408);
    expect(bodyOf(answer)).toContain('did not arrive in time');
  });

  it('do not disturb an answer that is under way', async () => {
    await open({
      handler: async (ctx) => {
        ctx.respond = false;
        ctx.res.writeHead(200, { 'content-length': '4' });
        ctx.res.write('ab');
        await new Promise((resolve) => setTimeout(resolve, 50));
        ctx.res.end('cd');
      },
    });
    const answer = await exchange(door.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'nonsense\r\n\r\n');
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});

describe('listening', () => {
  it('tells in a sentence that the port is taken', async () => {
    await open();
    const message = `the public plane cannot listen on 127.0.0.1:${door.port}: the port is in use by another process`;
    await expect(openDoor({ server: { port: door.port } })).rejects.toThrow(message);
  });

  it('tells in a sentence that the address is not ours', async () => {
    await open();
    await expect(openDoor({ server: { host: '192.0.2.1' } })).rejects.toThrow(
      /cannot listen on 192\.0\.2\.1:0: this machine does not have the address/,
    );
  });

  it('drops and counts connections above the limit', async () => {
    await open({ server: { maxConnections: 1 } });
    const first = connect(door.port, '127.0.0.1');
    await new Promise((resolve) => first.once('connect', resolve));
    expect(await exchange(door.port, '').catch(() => '')).toBe('');
    first.destroy();
    expect(await door.metrics.text()).toContain('gatehouse_connections_dropped_total{plane="public"} 1');
  });
});

describe('draining', () => {
  it('lets requests in flight finish, closes idle connections at once and accepts nothing more', async () => {
    const arrived = gate();
    const release = gate();
    await open({
      handler: async (ctx) => {
        if (ctx.path === '/slow') {
          arrived.open();
          await release.opened;
        }
        ctx.body = 'done';
      },
    });
    const agent = new http.Agent({ keepAlive: true });
    await new Promise((resolve) => http.get(door.url, { agent }, (res) => res.resume().once('end', resolve)));
    const slow = fetch(`${door.url}/slow`);
    await arrived.opened;
    const closed = door.server.close(5000);
    expect(door.server.draining).toBe(true);
    expect(door.server.close(5000)).toBe(closed);
    await expect(fetch(door.url)).rejects.toThrow();
    release.open();
    const response = await slow;
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
    await closed;
    agent.destroy();
  });

  it('ends what is left after the timeout', async () => {
    const arrived = gate();
    await open({
      handler: () => {
        arrived.open();
        return new Promise(() => undefined);
      },
    });
    const stuck = fetch(door.url);
    await arrived.opened;
    const closed = door.server.close(50);
    await expect(stuck).rejects.toThrow();
    await closed;
  });
});
