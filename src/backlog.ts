/** What a session finds that an earlier process left. */
import type { Journal } from './core/journal.ts';
import { FrameDecoder } from './docker/frame-decoder.ts';

/** More than the engine's largest frame. */
const LOOK_BYTES = 32 * 1024;

/** When the oldest line that is not confirmed was written, in milliseconds since 1970; undefined: that is not known now. */
export function timeOfOldest(journal: Journal): number | undefined {
  const run = journal.read(journal.watermark);
  if (run === undefined || run === 'later') return undefined;
  let time: number | undefined;
  const sink = { write: () => void (time ??= decoder.newest), end: () => undefined };
  const decoder = new FrameDecoder(sink, () => undefined);
  decoder.push(run.bytes.subarray(0, LOOK_BYTES));
  return time;
}
