/**
 * What is counted and timed. Label values are closed sets, by type: nothing from a request can become one. Owns the
 * Prometheus registry; the sum over the workers of a cluster is made in src/process.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { ErrorCode } from '../errors.js';
import {
  ENDPOINTS,
  METHODS,
  STATUS_CLASSES,
  type Plane,
  type Endpoint,
  type Method,
  type StatusClass,
  type CountedGrantType,
  type CountedFormat,
  type IssuanceOutcome,
  type IntrospectionOutcome,
  type CountedAuthMethod,
  type AuthenticationOutcome,
  type CountedLimit,
  type CountedStore,
  type StoreOperation,
  type CountedCache,
} from './metric_labels.js';
import { CounterSeries, HistogramSeries, type HistogramCell } from './metric_series.js';

export * from './metric_labels.js';

/** Gauges that are read when they are asked for. */
const WATCHED = {
  auditQueueEvents: ['gatehouse_audit_queue_events', 'Audit events that wait to be written', 'sum'],
  auditSpoolBytes: ['gatehouse_audit_spool_bytes', 'Bytes of audit events spooled to disk', 'sum'],
  changeFeedAge: ['gatehouse_change_feed_age_seconds', 'Seconds since the change feed was last read', 'max'],
} as const;
export type WatchedGauge = keyof typeof WATCHED;

export interface CacheFigures {
  readonly size: number;
  readonly hits: number;
  readonly misses: number;
}

export interface PoolFigures {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

const REQUEST_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

function indexes(values: readonly string[]): Readonly<Record<string, number>> {
  return Object.assign(
    Object.create(null),
    Object.fromEntries(values.map((value, i) => [value, i])),
  ) as Record<string, number>;
}
const METHOD_INDEX = indexes(METHODS);
const ENDPOINT_INDEX = indexes(ENDPOINTS);
const METHOD_COUNT = METHODS.length + 1;

export class Metrics {
  readonly registry = new Registry();
  readonly #requests: HistogramSeries<[Plane, Endpoint, Method, StatusClass]>;
  /** Cells of #requests by endpoint, method, status class and plane, so that a request costs one index. */
  readonly #requestCells: (HistogramCell | undefined)[] = [];
  readonly #issued: CounterSeries<[CountedGrantType, CountedFormat, IssuanceOutcome]>;
  readonly #introspected: CounterSeries<[IntrospectionOutcome]>;
  readonly #authenticated: CounterSeries<[CountedAuthMethod, AuthenticationOutcome]>;
  readonly #errors: CounterSeries<[ErrorCode]>;
  readonly #limited: CounterSeries<[CountedLimit]>;
  readonly #dropped: CounterSeries<[Plane]>;
  readonly #operations: HistogramSeries<[CountedStore, StoreOperation]>;
  readonly #storeUp: Gauge<'store'>;

  constructor() {
    const counter = <V extends readonly string[]>(name: string, help: string, ...labels: string[]) =>
      new CounterSeries<V>({ registry: this.registry, name, help, labels });
    this.#requests = new HistogramSeries({
      registry: this.registry,
      name: 'gatehouse_http_request_duration_seconds',
      help: 'Requests by duration',
      labels: ['plane', 'endpoint', 'method', 'status'],
      buckets: REQUEST_BUCKETS,
    });
    const requests: Counter = new Counter({
      name: 'gatehouse_http_requests_total',
      help: 'Requests answered',
      labelNames: ['plane', 'endpoint', 'method', 'status'],
      registers: [this.registry],
      collect: () => {
        requests.reset();
        for (const cell of this.#requests.cells()) requests.inc(cell.labels, cell.count);
      },
    });
    this.#issued = counter('gatehouse_tokens_total', 'Token requests', 'grant_type', 'format', 'outcome');
    this.#introspected = counter('gatehouse_introspections_total', 'Introspection requests', 'outcome');
    this.#authenticated = counter(
      'gatehouse_client_authentications_total',
      'Client authentications',
      'method',
      'outcome',
    );
    this.#errors = counter('gatehouse_errors_total', 'Errors answered, by code', 'code');
    this.#limited = counter('gatehouse_rate_limited_total', 'Requests refused by a rate limit', 'limit');
    this.#dropped = counter('gatehouse_connections_dropped_total', 'Connections above the limit', 'plane');
    this.#operations = new HistogramSeries({
      registry: this.registry,
      name: 'gatehouse_store_operation_duration_seconds',
      help: 'Operations of a store by duration',
      labels: ['store', 'operation'],
      buckets: REQUEST_BUCKETS,
    });
    this.#storeUp = new Gauge({
      name: 'gatehouse_store_up',
      help: 'Whether the last operation of a store reached it',
      labelNames: ['store'],
      registers: [this.registry],
      aggregator: 'min',
    });
  }

  /** Adds figures of the process: CPU, memory, garbage collection, event loop lag. Once per process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  /** A request that was answered after so many seconds. Any method may be given; unknown ones count as `other`. */
  request(plane: Plane, endpoint: Endpoint, method: string, status: number, duration: number): void {
    const methodIndex = METHOD_INDEX[method] ?? METHODS.length;
    const statusIndex = status >= 100 && status < 600 ? Math.trunc(status / 100) - 1 : 4;
    const planeIndex = plane === 'public' ? 0 : 1;
    const index =
      (((ENDPOINT_INDEX[endpoint] ?? 0) * METHOD_COUNT + methodIndex) * STATUS_CLASSES.length + statusIndex) *
        2 +
      planeIndex;
    const cell = (this.#requestCells[index] ??= this.#requests.cell(
      plane,
      endpoint,
      METHODS[methodIndex] ?? 'other',
      STATUS_CLASSES[statusIndex] ?? '5xx',
    ));
    this.#requests.observe(cell, duration);
  }

  token(grantType: CountedGrantType, format: CountedFormat, outcome: IssuanceOutcome): void {
    this.#issued.inc(grantType, format, outcome);
  }

  introspection(outcome: IntrospectionOutcome): void {
    this.#introspected.inc(outcome);
  }

  authentication(method: CountedAuthMethod, outcome: AuthenticationOutcome): void {
    this.#authenticated.inc(method, outcome);
  }

  error(code: ErrorCode): void {
    this.#errors.inc(code);
  }

  rateLimited(limit: CountedLimit): void {
    this.#limited.inc(limit);
  }

  connectionDropped(plane: Plane): void {
    this.#dropped.inc(plane);
  }

  /** An operation of a store that took so many seconds; `reached` is false when the store was away. */
  storeOperation(store: CountedStore, operation: StoreOperation, duration: number, reached: boolean): void {
    this.#operations.observe(this.#operations.cell(store, operation), duration);
    this.storeUp(store, reached);
  }

  storeUp(store: CountedStore, up: boolean): void {
    this.#storeUp.set({ store }, up ? 1 : 0);
  }

  /** Registers where a gauge is read from. Once per gauge. */
  watch(gauge: WatchedGauge, read: () => number): void {
    const [name, help, aggregator] = WATCHED[gauge];
    const metric: Gauge = new Gauge({
      name,
      help,
      aggregator,
      registers: [this.registry],
      collect: () => metric.set(read()),
    });
  }

  /** Registers where the figures of all caches are read from. Once. */
  watchCaches(caches: Readonly<Partial<Record<CountedCache, () => CacheFigures>>>): void {
    const read = (record: (cache: string, figures: CacheFigures) => void): void => {
      for (const [cache, figures] of Object.entries(caches)) record(cache, figures());
    };
    const common = { labelNames: ['cache'] as const, registers: [this.registry] };
    const entries = new Gauge({
      ...common,
      name: 'gatehouse_cache_entries',
      help: 'Entries of a cache',
      collect: () => read((cache, { size }) => entries.set({ cache }, size)),
    });
    for (const kind of ['hits', 'misses'] as const) {
      const counter = new Counter({
        ...common,
        name: `gatehouse_cache_${kind}_total`,
        help: `Lookups of a cache that were ${kind}`,
        collect: () => {
          counter.reset();
          read((cache, figures) => counter.inc({ cache }, figures[kind]));
        },
      });
    }
  }

  /** Registers where the figures of the database pool are read from. Once. */
  watchPool(read: () => PoolFigures): void {
    const gauge = new Gauge({
      name: 'gatehouse_database_pool_connections',
      help: 'Connections of the database pool, and requests that wait for one',
      labelNames: ['state'],
      registers: [this.registry],
      collect: () => {
        for (const [state, value] of Object.entries(read())) gauge.set({ state }, value as number);
      },
    });
  }

  /** Everything in the text format of Prometheus. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}
