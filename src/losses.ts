/** How much is given up when a session gives up its oldest lines. */
import type { JournalRun } from './core/journal.ts';
import type { Gap, Moment } from './core/types.ts';
import { FrameDecoder, type Skipped } from './docker/frame-decoder.ts';
import { LineCounter } from './stages/count.ts';

/** What is to be decoded at or behind an offset, see `Intake`. */
export type ReadRun = (offset: number, decoder: FrameDecoder) => JournalRun | 'later' | undefined;

/** `end`: offset of the first entry that is kept. */
export interface Loss extends Required<Omit<Gap, 'reason' | 'id' | 'number' | 'told'>> {
  /** The rest of a line that is counted is kept, and may be lost later. */
  readonly isCut: boolean;
}

/**
 * Looks for the end of a line `bytes` or more behind `from`; `skipped` is told of bytes that were no frame. `isRest`: what is there may be the rest
 * of a line that is counted already.
 */
export function measureLoss(readRun: ReadRun, from: number, bytes: number, isRest: boolean, skipped: Skipped): Loss {
  const counter = new LineCounter(isRest);
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
  const { isOpen } = counter;
  counter.end();
  return { ...lossOf(counter, decoder.position, counter.lines, counter.bytes), isCut: isOpen };
}

/** Bytes at or behind `from` that were not given up. `unreadFrom`: from there on they cannot be read now; undefined: all can. */
export function keptBytes(readRun: ReadRun, from: number): { kept: number; unreadFrom?: number } {
  const decoder = new FrameDecoder(new LineCounter(), () => undefined);
  let kept = 0;
  for (let at = from; ;) {
    const run = readRun(at, decoder);
    if (run === undefined) return { kept };
    if (run === 'later') return { kept, unreadFrom: at };
    kept += run.bytes.length;
    at = run.offset + run.bytes.length;
  }
}

/** What a counter has seen. The time of a line that was cut is not known: it is about that of the line before. */
export function lossOf({ from, to = now() }: LineCounter, end: number, lines: number, bytes: number): Loss {
  return { end, lines, bytes, from: from ?? to, to, isCut: false };
}

export function now(): Moment {
  const ms = Date.now();
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
}

/** Of two that follow each other without a line between them, for the same reason. */
export function joined(first: Gap, second: Gap): Gap {
  const { end, reason, to, number } = second;
  const { id } = first;
  const lines = sum(first.lines, second.lines);
  const bytes = sum(first.bytes, second.bytes);
  const { from } = first;
  return { ...(id === undefined ? {} : { id }), end, reason, ...(lines === undefined ? {} : { lines }), ...(bytes === undefined ? {} : { bytes }), ...(from === undefined ? {} : { from }), to, ...(number === undefined ? {} : { number }) };
}

/** undefined: not known. */
function sum(first: number | undefined, second: number | undefined): number | undefined {
  return first === undefined || second === undefined ? undefined : first + second;
}
