/** A message's place in its session, by which a stream knows it again. */
import { RECORD_ORDINAL, type LogEntry } from '../core/types.ts';

export interface Place {
  readonly offset: number;
  /** Among the pieces of the line there. */
  readonly ordinal: number;
}

export const NOWHERE: Place = { offset: 0, ordinal: 0 };

export function placeOf(entry: LogEntry): Place {
  return { offset: entry.offset, ordinal: ordinalOf(entry) };
}

/** A record of the driver stands before the line in its place. */
export function ordinalOf({ partial }: LogEntry): number {
  return partial?.ordinal ?? RECORD_ORDINAL + 1;
}

export function isBefore(one: Place, other: Place): boolean {
  return one.offset < other.offset || (one.offset === other.offset && one.ordinal < other.ordinal);
}

export type Verdict = 'dead-letter' | 'refused';

/** Messages that the stream will never take, and what becomes of them. */
export class Condemned {
  readonly #verdicts = new Map<string, Place & { readonly verdict: Verdict }>();

  get isEmpty(): boolean {
    return this.#verdicts.size === 0;
  }

  add({ offset, ordinal }: Place, verdict: Verdict): void {
    this.#verdicts.set(keyOf({ offset, ordinal }), { offset, ordinal, verdict });
  }

  verdictOn(entry: LogEntry): Verdict | undefined {
    return this.isEmpty ? undefined : this.#verdicts.get(keyOf(placeOf(entry)))?.verdict;
  }

  /** What lies before `watermark` is done with. */
  forget(watermark: number): void {
    for (const [key, { offset }] of this.#verdicts) if (offset < watermark) this.#verdicts.delete(key);
  }
}

function keyOf({ offset, ordinal }: Place): string {
  return `${offset}.${ordinal}`;
}
