/** How much is given up when a session gives up its oldest lines. */
import type { JournalRun } from './core/types.ts';
import { FrameDecoder } from './docker/frame-decoder.ts';
import { LineCounter } from './stages/count.ts';

/** What is to be decoded at or behind an offset, see `Session`. */
export type ReadRun = (offset: number, decoder: FrameDecoder) => JournalRun | 'later' | undefined;

export interface Loss {
  /** Offset of the first entry that is kept. */
  readonly to: number;
  readonly lines: number;
}

/** Looks for the end of a line `bytes` or more behind `from`; `skipped` is told of bytes that were no frame. */
export function measureLoss(readRun: ReadRun, from: number, bytes: number, skipped: (bytes: number) => void): Loss {
  const counter = new LineCounter();
  const decoder = new FrameDecoder(counter, skipped);
  decoder.seek(from);
  for (let at = from; decoder.position - from < bytes || counter.isOpen;) {
    const run = readRun(at, decoder);
    if (run === undefined || run === 'later') break;
    if (run.offset !== at) decoder.seek(run.offset);
    decoder.push(run.bytes);
    at = run.offset + run.bytes.length;
  }
  // Rather less than a part of a line, unless that line is all there is.
  if (counter.isOpen && counter.boundary > from) return { to: counter.boundary, lines: counter.linesBefore };
  counter.end();
  return { to: decoder.position, lines: counter.lines };
}
