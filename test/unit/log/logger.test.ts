import { describe, expect, it } from '@jest/globals';
import { GatehouseError } from '../../../src/errors.js';
import { createLog, type LogOptions } from '../../../src/log/logger.js';
import { RequestEvent } from '../../../src/log/request_event.js';

function capture(options: Partial<Omit<LogOptions, 'sink'>> = {}) {
  const lines: string[] = [];
  const sink = {
    write: (line: string) => void lines.push(line),
    flush: () => Promise.resolve(),
    flushSync: () => undefined,
  };
  const log = createLog({ level: 'info', accessLog: true, ...options, sink });
  const records = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, lines, records };
}

function request(path = '/token', clientAddress = '203.0.113.9'): RequestEvent {
  const event = new RequestEvent({
    plane: 'public',
    method: 'POST',
    path,
    requestId: 'r-1',
    traceId: null,
    clientAddress,
  });
  event.status = 200;
  return event;
}

describe('the log', () => {
  it('writes JSON lines with severity, time and service', () => {
    const { log, records } = capture();
    log.logger.info({ 'url.path': '/x' }, 'hello');
    expect(records()).toEqual([
      expect.objectContaining({
        level: 'info',
        'service.name': 'gatehouse',
        message: 'hello',
        'url.path': '/x',
      }),
    ]);
    expect(Date.parse(String(records()[0]?.time))).toBeGreaterThan(Date.now() - 60_000);
  });

  it.each([
    'authorization',
    'Client-Secret',
    'client_secret',
    'clientSecret',
    'password',
    'access_token',
    'Cookie',
  ])('shows no value under %s, at any depth, in bindings and records', (name) => {
    const { log, lines } = capture();
    log.logger
      .child(name === 'Client-Secret' ? {} : { [name]: 'hunter2' })
      .info({ [name]: 'hunter2', a: { b: [{ c: { [name]: 'hunter2' } }] } });
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines.join('')).toContain('[redacted]');
  });

  it('keeps error codes, which are no authorization codes', () => {
    const { log, records } = capture();
    log.logger.info({ code: 'ECONNREFUSED' });
    log.logger.info({ code: 'SplxlOBeZQQYbYS6WxSbIA' });
    expect(records().map((r) => r.code)).toEqual(['ECONNREFUSED', '[redacted]']);
  });

  it('tells errors with detail and causes, but no secret in their texts and no other property', () => {
    const { log, lines, records } = capture();
    const cause = Object.assign(new Error('connect postgres://u:hunter2@db/x failed'), {
      code: 'ECONNREFUSED',
      headers: 'hunter3',
    });
    const error = new GatehouseError('temporarily_unavailable', 'the database is away', {
      detail: 'Authorization: Bearer aGVsbG8gd29ybGQhIQ',
      cause,
    });
    log.logger.error({ error }, 'failed');
    expect(records()[0]?.error).toEqual({
      'exception.type': 'GatehouseError',
      'exception.message': 'the database is away',
      'exception.code': 'temporarily_unavailable',
      'exception.detail': 'Authorization: Bearer [redacted]',
      'exception.causes': ['Error ECONNREFUSED: connect postgres://u:[redacted]@db/x failed'],
    });
    expect(lines.join('')).not.toMatch(/hunter|aGVsbG8/);
  });

  it('survives what cannot be serialized', () => {
    const { log, lines } = capture();
    const circular: Record<string, unknown> = { big: 1n };
    circular.self = circular;
    log.logger.info(circular, 'odd');
    log.logger.error({ error: 'a text' }, 'thrown');
    expect(lines).toHaveLength(2);
  });
});

describe('the event of a request', () => {
  it('is one line with the names of OpenTelemetry and no empty fields', () => {
    const { log, records } = capture();
    const event = request();
    event.clientId = 'orders';
    event.duration = 0.25;
    log.request(event);
    expect(records()).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        'service.name': 'gatehouse',
        message: 'request',
        'request.id': 'r-1',
        'client.address': '203.0.113.9',
        'http.request.method': 'POST',
        'url.path': '/token',
        'http.response.status_code': 200,
        'http.server.request.duration': 0.25,
        'gatehouse.plane': 'public',
        'gatehouse.endpoint': 'other',
        'gatehouse.client_id': 'orders',
      },
    ]);
  });

  it('cannot be forged by control characters, and stays short', () => {
    const { log, lines, records } = capture();
    const event = request(`/x\n{"level":"info","message":"forged"}\r\u2028\u001b[31m${'y'.repeat(5000)}`);
    event.scope = 'a\nb\u0000';
    log.request(event);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
    expect(Array.from(lines[0] ?? '').filter((c) => c < ' ')).toEqual(['\n']);
    expect(String(records()[0]?.['url.path']).length).toBeLessThan(520);
  });

  it('is written for failures even when the access log is off, and never when the log is silent', () => {
    const off = capture({ accessLog: false });
    off.log.request(request());
    const failed = request();
    failed.status = 500;
    failed.error = new TypeError('broken');
    off.log.request(failed);
    expect(off.records()).toEqual([
      expect.objectContaining({
        level: 'error',
        'exception.type': 'TypeError',
        'exception.message': 'broken',
      }),
    ]);
    const silent = capture({ level: 'silent' });
    silent.log.request(failed);
    expect(silent.lines).toEqual([]);
  });
});
