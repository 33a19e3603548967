/** Where bytes of a session may be missing: a frame that began before is never joined with what comes behind. */
import type { JournalRun } from './core/journal.ts';
import type { FrameDecoder } from './docker/frame-decoder.ts';

export class Seams {
  /** Offsets, in order. */
  readonly #list: number[] = [];

  add(offset: number): void {
    const next = this.#list.findIndex((each) => each >= offset);
    if (next < 0) this.#list.push(offset);
    else if (this.#list[next] !== offset) this.#list.splice(next, 0, offset);
  }

  /** Nothing before `offset` will be read again. */
  forget(offset: number): void {
    while ((this.#list[0] ?? Number.POSITIVE_INFINITY) < offset) this.#list.shift();
  }

  /** The decoder goes on at `to`, where it would have gone on at `from`. Behind a seam no frame need begin. */
  align(decoder: FrameDecoder, from: number, to: number): void {
    if (this.#list.includes(to)) decoder.resume(to);
    else if (from !== to) decoder.seek(to);
  }

  /** As much of the run as lies before the next seam. */
  cut(run: JournalRun): JournalRun {
    const seam = this.#list.find((each) => each > run.offset);
    return seam === undefined ? run : { offset: run.offset, bytes: run.bytes.subarray(0, seam - run.offset) };
  }
}

/** As much of the run as lies before `end`. */
export function cutRun(run: JournalRun | 'later' | undefined, end: number): JournalRun | 'later' | undefined {
  if (typeof run !== 'object' || run.offset + run.bytes.length <= end) return run;
  return run.offset >= end ? undefined : { offset: run.offset, bytes: run.bytes.subarray(0, end - run.offset) };
}
