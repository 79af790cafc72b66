import { describe, expect, it } from '@jest/globals';
import { durationText, parseDuration, parseMoment } from '../../../src/cli/duration.js';

describe('durations', () => {
  it.each([
    ['7d', 604_800],
    ['12h', 43_200],
    ['30m', 1800],
    ['45s', 45],
    ['2w', 1_209_600],
    ['1h30m', 5400],
    ['90', 90],
    ['0', 0],
  ])('reads %s as %i seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '7', 'd', '7y', '-1', '1.5h', '7d ', 'h7', '99999999999'].filter((text) => text !== '7'))(
    'refuses "%s"',
    (text) => {
      expect(() => parseDuration(text)).toThrow();
    },
  );

  it.each([
    [600, '10m'],
    [604_800, '7d'],
    [90, '1m30s'],
    [0, '0s'],
    [86_401, '1d1s'],
  ])('writes %i seconds as %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});

describe('moments', () => {
  const now = Date.parse('2026-01-15T12:00:00Z');

  it('reads dates, and durations in either direction', () => {
    expect(parseMoment('2026-01-31', now, 1)).toBe('2026-01-31T00:00:00.000Z');
    expect(parseMoment('2026-01-31T10:00:00+02:00', now, 1)).toBe('2026-01-31T08:00:00.000Z');
    expect(parseMoment('1d', now, 1)).toBe('2026-01-16T12:00:00.000Z');
    expect(parseMoment('1d', now, -1)).toBe('2026-01-14T12:00:00.000Z');
  });

  it('refuses what is neither', () => {
    expect(() => parseMoment('2026-13-45', now, 1)).toThrow();
    expect(() => parseMoment('tomorrow', now, 1)).toThrow();
  });
});
