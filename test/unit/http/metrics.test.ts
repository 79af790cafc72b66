import { describe, expect, it } from '@jest/globals';
import { AggregatorRegistry } from 'prom-client';
import { Metrics } from '../../../src/http/metrics.js';

describe('Metrics', () => {
  it('counts and times requests by closed labels', async () => {
    const metrics = new Metrics();
    metrics.request('public', 'token', 'POST', 200, 0.0004);
    metrics.request('public', 'token', 'POST', 201, 0.2);
    metrics.request('public', 'token', 'POST', 200, 60);
    metrics.request('admin', 'token', 'BREW', 999, 0.001);
    const text = await metrics.text();
    const labels = 'plane="public",endpoint="token",method="POST",status="2xx"';
    expect(text).toContain(`gatehouse_http_requests_total{${labels}} 3`);
    expect(text).toContain(`gatehouse_http_request_duration_seconds_bucket{le="0.0005",${labels}} 1`);
    expect(text).toContain(`gatehouse_http_request_duration_seconds_bucket{le="0.25",${labels}} 2`);
    expect(text).toContain(`gatehouse_http_request_duration_seconds_bucket{le="10",${labels}} 2`);
    expect(text).toContain(`gatehouse_http_request_duration_seconds_bucket{le="+Inf",${labels}} 3`);
    expect(text).toContain(`gatehouse_http_request_duration_seconds_count{${labels}} 3`);
    expect(text).toContain('{plane="admin",endpoint="token",method="other",status="5xx"} 1');
    expect(text).not.toContain('BREW');
    // Asking twice counts nothing twice.
    expect(await metrics.text()).toBe(text);
  });

  it('counts what happened by outcome', async () => {
    const metrics = new Metrics();
    metrics.token('client_credentials', 'jwt', 'issued');
    metrics.token('client_credentials', 'jwt', 'issued');
    metrics.introspection('inactive');
    metrics.authentication('private_key_jwt', 'failure');
    metrics.error('invalid_client');
    metrics.rateLimited('auth_failures_per_network');
    metrics.connectionDropped('public');
    metrics.storeOperation('sql', 'read', 0.01, true);
    metrics.storeOperation('ephemeral', 'consume', 0.01, false);
    const text = await metrics.text();
    for (const line of [
      'gatehouse_tokens_total{grant_type="client_credentials",format="jwt",outcome="issued"} 2',
      'gatehouse_introspections_total{outcome="inactive"} 1',
      'gatehouse_client_authentications_total{method="private_key_jwt",outcome="failure"} 1',
      'gatehouse_errors_total{code="invalid_client"} 1',
      'gatehouse_rate_limited_total{limit="auth_failures_per_network"} 1',
      'gatehouse_connections_dropped_total{plane="public"} 1',
      'gatehouse_store_operation_duration_seconds_count{store="sql",operation="read"} 1',
      'gatehouse_store_up{store="sql"} 1',
      'gatehouse_store_up{store="ephemeral"} 0',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('reads gauges, caches and the pool when it is asked', async () => {
    const metrics = new Metrics();
    let queued = 1;
    metrics.watch('auditQueueEvents', () => queued);
    metrics.watchCaches({ clients: () => ({ size: 5, hits: queued, misses: 2 }) });
    metrics.watchPool(() => ({ total: 10, idle: 3, waiting: 0 }));
    queued = 7;
    const text = await metrics.text();
    expect(text).toContain('gatehouse_audit_queue_events 7');
    expect(text).toContain('gatehouse_cache_entries{cache="clients"} 5');
    expect(text).toContain('gatehouse_cache_hits_total{cache="clients"} 7');
    expect(text).toContain('gatehouse_cache_misses_total{cache="clients"} 2');
    expect(text).toContain('gatehouse_database_pool_connections{state="idle"} 3');
    expect(await metrics.text()).toBe(text);
  });

  it('adds up over workers, but for ages and what is up', async () => {
    const workers = [1, 2].map((n) => {
      const metrics = new Metrics();
      for (let i = 0; i < n; i += 1) {
        metrics.request('public', 'jwks', 'GET', 200, 0.002);
        metrics.token('client_credentials', 'jwt', 'issued');
      }
      metrics.storeUp('sql', n === 1);
      metrics.watch('changeFeedAge', () => n);
      return metrics;
    });
    const json = await Promise.all(workers.map((metrics) => metrics.registry.getMetricsAsJSON()));
    const text = await AggregatorRegistry.aggregate(json).metrics();
    const labels = 'plane="public",endpoint="jwks",method="GET",status="2xx"';
    expect(text).toContain(`gatehouse_http_requests_total{${labels}} 3`);
    expect(text).toContain(`gatehouse_http_request_duration_seconds_bucket{le="0.0025",${labels}} 3`);
    expect(text).toContain(`gatehouse_http_request_duration_seconds_count{${labels}} 3`);
    expect(text).toContain('gatehouse_store_up{store="sql"} 0');
    expect(text).toContain('gatehouse_change_feed_age_seconds 2');
  });

  it('knows the process', async () => {
    const metrics = new Metrics();
    metrics.watchProcess();
    expect(await metrics.text()).toMatch(/nodejs_eventloop_lag_seconds \d/);
  });
});
