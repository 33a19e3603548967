/**
 * The last messages of a stream that somebody wants: windows of positions are read from the end backwards, each larger
 * than the one before, until there are enough. What is kept in memory is what was asked for.
 */
import type { ReadMessage } from './reader.ts';

/** More than are wanted, since others lie between them. */
const FIRST_WINDOW = 500;
const LARGEST_WINDOW = 1_000_000;

export interface Positions {
  readonly first: number;
  readonly last: number;
}

/** Messages of positions `from` … `to`, in order. */
export type ReadWindow = (from: number, to: number) => AsyncIterable<ReadMessage>;

export async function lastMessages({ first, last }: Positions, count: number, isWanted: (message: ReadMessage) => boolean, read: ReadWindow): Promise<readonly ReadMessage[]> {
  let found: readonly ReadMessage[] = [];
  let size = Math.max(FIRST_WINDOW, 2 * count);
  for (let to = last; to >= first && found.length < count; to -= size, size = Math.min(LARGEST_WINDOW, size * 4)) {
    const missing = count - found.length;
    const window: ReadMessage[] = [];
    for await (const message of read(Math.max(first, to - size + 1), to)) {
      if (!isWanted(message)) continue;
      window.push(message);
      if (window.length > 2 * missing) window.splice(0, window.length - missing);
    }
    found = [...window.slice(-missing), ...found];
  }
  return found;
}
