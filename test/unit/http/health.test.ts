import { afterEach, describe, expect, it } from '@jest/globals';
import { health, type ReadinessReport } from '../../../src/http/admin/health.js';
import { openDoor, type Door } from './door.js';

let door: Door;
afterEach(() => door.close());

async function get(path: string, report: ReadinessReport = { checks: {} }, method = 'GET') {
  door = await openDoor({
    handler: health({ readiness: async () => report, metricsText: async () => 'gatehouse_up 1\n' }),
  });
  return fetch(`${door.url}${path}`, { method });
}

describe('health of the admin plane', () => {
  it('lives', async () => {
    const response = await get('/healthz');
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
    expect(door.records()[0]).toMatchObject({ 'gatehouse.endpoint': 'health' });
  });

  it('is ready when all that is required is well, and says why for each', async () => {
    const checks = {
      database: { ok: true, detail: 'answers' },
      redis: { ok: false, detail: 'evicts keys', required: false },
    };
    const response = await get('/readyz', { checks });
    expect([response.status, await response.json()]).toEqual([200, { status: 'ready', checks }]);
  });

  it('is not ready when something required is not well', async () => {
    const checks = { database: { ok: false, detail: 'does not answer' } };
    const response = await get('/readyz', { checks });
    expect([response.status, await response.json()]).toEqual([503, { status: 'not_ready', checks }]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('shows metrics in the format of Prometheus', async () => {
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toBe('gatehouse_up 1\n');
  });

  it('refuses other methods and leaves other paths alone', async () => {
    const response = await get('/healthz', undefined, 'POST');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await fetch(`${door.url}/other`)).status).toBe(404);
  });
});
