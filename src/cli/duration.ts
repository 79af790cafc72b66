/** Durations and moments as people write them. */
import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** A hundred years: longer is a typing mistake. */
const LONGEST = 3_155_760_000;

/**
 * `7d`, `12h`, `30m`, `45s`, `2w`, `1h30m`, or a number of seconds; answers whole seconds.
 * @throws InvalidArgumentError, which commander turns into wrong usage
 */
export function parseDuration(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : sumOfParts(text);
  if (seconds === undefined)
    throw new InvalidArgumentError('Use a duration such as 7d, 12h, 30m, 45s, or a number of seconds.');
  if (seconds > LONGEST) throw new InvalidArgumentError('That is longer than a hundred years.');
  return seconds;
}

function sumOfParts(text: string): number | undefined {
  if (!/^(\d+[smhdw])+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)([smhdw])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0),
    0,
  );
}

/** Seconds as people read them: 600 -> `10m`, 604800 -> `7d`, 90 -> `1m30s`. */
export function durationText(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  if (rest === 0) return '0s';
  const parts: string[] = [];
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = UNITS[unit] ?? 1;
    if (rest >= size) parts.push(`${Math.floor(rest / size)}${unit}`);
    rest %= size;
  }
  return parts.join('');
}

/**
 * A moment: ISO 8601 (`2026-01-31`, `2026-01-31T12:00:00Z`), or a duration, which counts from `nowMs` in the direction
 * of `sign`. Answers ISO 8601 in UTC.
 */
export function parseMoment(text: string, nowMs: number, sign: 1 | -1): string {
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const moment = new Date(text);
    if (Number.isNaN(moment.getTime())) throw new InvalidArgumentError('Not a valid date.');
    return moment.toISOString();
  }
  return new Date(nowMs + sign * parseDuration(text) * 1000).toISOString();
}
