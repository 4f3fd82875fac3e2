// How long to wait before the next attempt.

import { checkFields, number, type Fields } from "./options.js";

/** Bounds of the pauses between attempts, in milliseconds. */
export interface Backoff {
  /** The longest first pause. */
  readonly firstMs: number;
  /** The longest pause at all. */
  readonly longestMs: number;
}

/** `setTimeout` takes a longer time for 1 ms. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What is used unless something else is asked for. */
export const DEFAULT_BACKOFF: Backoff = { firstMs: 400, longestMs: 10_000 };

const FIELDS: Fields<Backoff> = { firstMs: number, longestMs: number };

/**
 * Bounds that timers keep.
 *
 * @throws {TypeError} one of them is no number, or there are others.
 * @throws {RangeError} one of them is not more than 0, or no timer takes it: attempts would come without a pause.
 */
export function checkedBackoff(backoff: Backoff): Backoff {
  checkFields("backoff", backoff, FIELDS);
  for (const name of ["firstMs", "longestMs"] as const) {
    const pause = backoff[name];
    if (!(pause > 0 && pause <= LONGEST_TIMER_MS)) {
      throw new RangeError(`backoff.${name} is ${pause}; it has to be more than 0 and at most ${LONGEST_TIMER_MS}`);
    }
  }
  return backoff;
}

/**
 * The pause before attempt `attempt + 1`: doubled each time, and between half and all of that by chance, so that many
 * pages do not come back at the same moment.
 */
export function pauseMs({ firstMs, longestMs }: Backoff, attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
  return longest * (0.5 + random() / 2);
}
