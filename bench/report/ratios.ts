/** The ratios that the design sets targets for, made from the measurements of one run. */
import type { Measured } from '../measure.js';
import { median } from './statistics.js';

export interface Ratio {
  readonly label: string;
  readonly value: number;
  /** Least and greatest value of any single round. */
  readonly range: readonly [number, number];
  /** Least value that the design asks for; undefined where it asks for none. */
  readonly target: number | undefined;
}

interface Comparison {
  readonly label: string;
  readonly subject: string;
  readonly reference: string;
  readonly target: number | undefined;
}

/** `clients` ascending; targets are those of the design's section on speed. */
export function comparisons(clients: readonly number[]): Comparison[] {
  const base = clients[0] ?? 1;
  const many = clients.slice(1).map((count) => ({
    label: `token, ${count} clients / ${base} clients`,
    subject: `token-${count}`,
    reference: `token-${base}`,
    target: count >= 100_000 ? 0.9 : undefined,
  }));
  const first = `token-${base}`;
  return [
    { label: 'token / oidc-provider', subject: first, reference: 'token-provider', target: 2 },
    { label: 'token / node:http that signs', subject: first, reference: 'token-minimal', target: 0.6 },
    ...many,
    {
      label: 'introspection of a JWT / oidc-provider, opaque',
      subject: 'introspection',
      reference: 'introspection-provider',
      target: 2,
    },
    { label: 'JWKS / Koa constant', subject: 'jwks', reference: 'jwks-constant', target: 0.8 },
    { label: 'discovery / Koa constant', subject: 'discovery', reference: 'discovery-constant', target: 0.8 },
  ];
}

const rates = (measured: Measured): number[] => measured.samples.map((sample) => sample.requestsPerSecond);

/** Ratios of the median rates; comparisons whose sides were not measured are left out. */
export function ratios(all: readonly Measured[], wanted: readonly Comparison[]): Ratio[] {
  const byId = new Map(all.map((measured) => [measured.subject.id, measured]));
  return wanted.flatMap(({ label, subject, reference, target }) => {
    const [above, below] = [byId.get(subject), byId.get(reference)];
    if (above === undefined || below === undefined) return [];
    const [upper, lower] = [rates(above), rates(below)];
    const each = upper.map((rate, round) => rate / (lower[round] ?? Number.NaN));
    return [
      { label, value: median(upper) / median(lower), range: [Math.min(...each), Math.max(...each)], target },
    ];
  });
}
