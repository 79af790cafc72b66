/** Time is passed in, so that no test sleeps and no rule depends on the machine's clock directly. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Whole seconds since the Unix epoch, as in a JWT NumericDate (RFC 7519 §2). */
export function seconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}
