/** Counting what a commit holds. */
import type { Tally } from './types.ts';

export function newTally(): Tally {
  return { messages: 0, lines: 0, truncated: 0, split: 0, deadLettered: 0, lostLetters: 0, gaps: 0, notes: 0, tooLarge: 0, refused: 0, skippedBytes: 0, skippedPlaces: 0, bytes: 0, newest: 0 };
}

/** Spelled out: it runs for each commit. */
export function addTally(sum: Tally, more: Tally): void {
  sum.messages += more.messages;
  sum.lines += more.lines;
  sum.truncated += more.truncated;
  sum.split += more.split;
  sum.deadLettered += more.deadLettered;
  sum.lostLetters += more.lostLetters;
  sum.gaps += more.gaps;
  sum.notes += more.notes;
  sum.tooLarge += more.tooLarge;
  sum.refused += more.refused;
  sum.skippedBytes += more.skippedBytes;
  sum.skippedPlaces += more.skippedPlaces;
  sum.bytes += more.bytes;
  sum.newest = Math.max(sum.newest, more.newest);
}
