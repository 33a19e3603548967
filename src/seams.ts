/** Where bytes of a session may be missing: a frame that began before is never joined with what comes behind. */
import type { JournalRun } from './core/journal.ts';
import type { FrameDecoder } from './docker/frame-decoder.ts';

export class Seams {
  /** Offsets, in order. */
  readonly #list: number[];
  readonly #save: (seams: readonly number[]) => void;

  /** `head`: none lies behind it; a journal in memory begins anew with each process. `save`: keeps them for the next process. */
  constructor(seams: readonly number[], head: number, save: (seams: readonly number[]) => void) {
    this.#list = seams.filter((seam) => seam <= head);
    this.#save = save;
  }

  add(offset: number): void {
    if (this.#list.includes(offset)) return;
    const next = this.#list.findIndex((each) => each > offset);
    this.#list.splice(next < 0 ? this.#list.length : next, 0, offset);
    this.#save(this.#list);
  }

  /** Bytes are about to be taken that are missing here: the next process must know it. `add` follows, or `expectNothing`. */
  expect(offset: number): void {
    if (!this.#list.includes(offset)) this.#save([...this.#list, offset]);
  }

  /** None was taken. */
  expectNothing(offset: number): void {
    if (!this.#list.includes(offset)) this.#save(this.#list);
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
