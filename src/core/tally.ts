/** Counting what a commit holds. */
import type { Tally } from './types.ts';

export function newTally(): Tally {
  return { messages: 0, lines: 0, truncated: 0, split: 0, deadLettered: 0, gaps: 0, tooLarge: 0, refused: 0, skippedBytes: 0, bytes: 0, newest: 0 };
}

export function addTally(sum: Tally, more: Tally): void {
  const newest = Math.max(sum.newest, more.newest);
  for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += more[key];
  sum.newest = newest;
}
