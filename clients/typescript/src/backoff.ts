// How long to wait before the next attempt.

/** Bounds of the pauses between attempts, in milliseconds. */
export interface Backoff {
  /** The longest first pause. */
  readonly firstMs: number;
  /** The longest pause at all. */
  readonly longestMs: number;
}

/** What is used unless something else is asked for. */
export const DEFAULT_BACKOFF: Backoff = { firstMs: 400, longestMs: 10_000 };

/**
 * The pause before attempt `attempt + 1`: doubled each time, and between half and all of that by chance, so that many
 * pages do not come back at the same moment.
 */
export function pauseMs({ firstMs, longestMs }: Backoff, attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
  return longest * (0.5 + random() / 2);
}
