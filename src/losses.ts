/** How much is given up when a session gives up its oldest lines. */
import type { JournalRun } from './core/journal.ts';
import type { Gap, Moment } from './core/types.ts';
import { FrameDecoder } from './docker/frame-decoder.ts';
import { LineCounter } from './stages/count.ts';

/** What is to be decoded at or behind an offset, see `Intake`. */
export type ReadRun = (offset: number, decoder: FrameDecoder) => JournalRun | 'later' | undefined;

/** `end`: offset of the first entry that is kept. */
export type Loss = Required<Omit<Gap, 'reason'>>;

const NEVER: Moment = { seconds: 0, nanos: 0 };

/** Looks for the end of a line `bytes` or more behind `from`; `skipped` is told of bytes that were no frame. */
export function measureLoss(readRun: ReadRun, from: number, bytes: number, skipped: (bytes: number) => void): Loss {
  const counter = new LineCounter();
  const decoder = new FrameDecoder(counter, skipped);
  decoder.seek(from);
  for (let at = from; decoder.position - from < bytes || counter.isOpen;) {
    const run = readRun(at, decoder);
    if (run === undefined || run === 'later') break;
    decoder.push(run.bytes);
    at = run.offset + run.bytes.length;
  }
  // Rather less than a part of a line, unless that line is all there is.
  if (counter.isOpen && counter.boundary > from) return lossOf(counter, counter.boundary, counter.linesBefore, counter.bytesBefore);
  counter.end();
  return lossOf(counter, decoder.position, counter.lines, counter.bytes);
}

/** Bytes at or behind `from` that were not given up. */
export function keptBytes(readRun: ReadRun, from: number): number {
  const decoder = new FrameDecoder(new LineCounter(), () => undefined);
  let kept = 0;
  for (let at = from; ;) {
    const run = readRun(at, decoder);
    if (run === undefined || run === 'later') return kept;
    kept += run.bytes.length;
    at = run.offset + run.bytes.length;
  }
}

/** What a counter has seen. */
export function lossOf({ from = NEVER, to = NEVER }: LineCounter, end: number, lines: number, bytes: number): Loss {
  return { end, lines, bytes, from, to };
}

/** Of two that follow each other without a line between them, for the same reason. */
export function joined(first: Gap, second: Gap): Gap {
  const { end, reason, to } = second;
  const lines = sum(first.lines, second.lines);
  const bytes = sum(first.bytes, second.bytes);
  const { from } = first;
  return { end, reason, ...(lines === undefined ? {} : { lines }), ...(bytes === undefined ? {} : { bytes }), ...(from === undefined ? {} : { from }), to };
}

/** undefined: not known. */
function sum(first: number | undefined, second: number | undefined): number | undefined {
  return first === undefined || second === undefined ? undefined : first + second;
}
