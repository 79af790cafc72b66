/**
 * Counters and histograms whose label values are closed sets, kept as plain numbers and handed to prom-client when it is
 * asked. Its own children hash their labels again at each observation, which is felt at 10,000 requests a second.
 */
import { Counter, Histogram, type Registry } from 'prom-client';

interface SeriesOptions<L extends string> {
  readonly registry: Registry;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
}

type Labels = Partial<Record<string, string>>;

function labelsOf(names: readonly string[], values: readonly string[]): Labels {
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}

interface Cell {
  readonly labels: Labels;
  value: number;
}

/** A counter; values are given in the order of its labels. */
export class CounterSeries<V extends readonly string[]> {
  readonly #names: readonly string[];
  readonly #cells = new Map<string, Cell>();

  constructor(options: SeriesOptions<string>) {
    this.#names = options.labels;
    const cells = this.#cells;
    const counter = new Counter({
      name: options.name,
      help: options.help,
      labelNames: options.labels,
      registers: [options.registry],
      collect: () => {
        counter.reset();
        for (const cell of cells.values()) counter.inc(cell.labels, cell.value);
      },
    });
  }

  /** Adds one. */
  inc(...values: V): void {
    const key = values.length === 1 ? (values[0] ?? '') : values.join(' ');
    const cell = this.#cells.get(key);
    if (cell) cell.value += 1;
    else this.#cells.set(key, { labels: labelsOf(this.#names, values), value: 1 });
  }
}

/** The observations of one combination of labels. */
export interface HistogramCell {
  readonly labels: Labels;
  readonly buckets: Float64Array;
  sum: number;
  count: number;
}

interface Sample {
  readonly metricName: string;
  readonly labels: Labels;
  /** prom-client merges these into the labels. */
  readonly sharedLabels: Labels;
  readonly value: number;
}

/** A histogram; the caller may keep a cell and observe it directly. */
export class HistogramSeries<V extends readonly string[]> {
  readonly #names: readonly string[];
  readonly #bounds: readonly number[];
  readonly #cells = new Map<string, HistogramCell>();

  constructor(options: SeriesOptions<string> & { readonly buckets: readonly number[] }) {
    this.#names = options.labels;
    this.#bounds = options.buckets;
    new CellHistogram(options, () =>
      [...this.#cells.values()].flatMap((cell) => this.#samples(options.name, cell)),
    );
  }

  /** Every combination that was observed. */
  cells(): IterableIterator<HistogramCell> {
    return this.#cells.values();
  }

  cell(...values: V): HistogramCell {
    const key = values.join(' ');
    let cell = this.#cells.get(key);
    if (!cell) {
      const buckets = new Float64Array(this.#bounds.length);
      cell = { labels: labelsOf(this.#names, values), buckets, sum: 0, count: 0 };
      this.#cells.set(key, cell);
    }
    return cell;
  }

  observe(cell: HistogramCell, value: number): void {
    const bounds = this.#bounds;
    let i = 0;
    while (i < bounds.length && value > (bounds[i] ?? 0)) i += 1;
    if (i < bounds.length) cell.buckets[i] = (cell.buckets[i] ?? 0) + 1;
    cell.sum += value;
    cell.count += 1;
  }

  #samples(name: string, cell: HistogramCell): Sample[] {
    let total = 0;
    const samples = this.#bounds.map((bound, i): Sample => {
      total += cell.buckets[i] ?? 0;
      return {
        metricName: `${name}_bucket`,
        labels: { le: String(bound) },
        sharedLabels: cell.labels,
        value: total,
      };
    });
    samples.push(
      { metricName: `${name}_bucket`, labels: { le: '+Inf' }, sharedLabels: cell.labels, value: cell.count },
      { metricName: `${name}_sum`, labels: {}, sharedLabels: cell.labels, value: cell.sum },
      { metricName: `${name}_count`, labels: {}, sharedLabels: cell.labels, value: cell.count },
    );
    return samples;
  }
}

/** prom-client's histogram with its values taken from elsewhere. */
class CellHistogram extends Histogram {
  readonly #options: SeriesOptions<string>;
  readonly #read: () => Sample[];

  constructor(
    options: SeriesOptions<string> & { readonly buckets: readonly number[] },
    read: () => Sample[],
  ) {
    super({
      name: options.name,
      help: options.help,
      labelNames: options.labels,
      buckets: [...options.buckets],
      registers: [options.registry],
    });
    this.#options = options;
    this.#read = read;
  }

  /** What prom-client 15 makes both of its formats from. */
  async getForPromString(): Promise<object> {
    const { name, help } = this.#options;
    return { name, help, type: 'histogram', aggregator: 'sum', values: this.#read() };
  }
}
