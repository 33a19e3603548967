/**
 * Knows every line that a test lets its containers write, by container and number, and says what became of them. A line tells both, and
 * all of its bytes follow from them, so that a changed one is recognised.
 */
import { until } from './wait.ts';

export interface Verdict {
  /** Written and never received. */
  readonly lost: number;
  /** Received for the first time after a later line of the same container. */
  readonly reordered: number;
  /** Received, but never written like that. */
  readonly corrupted: number;
  /** The first of them, for people. */
  readonly examples: readonly string[];
}

export const CLEAN: Verdict = { lost: 0, reordered: 0, corrupted: 0, examples: [] };

const MAX_EXAMPLES = 5;
const FILLER = 'abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ-"\\/<>&é世\u{1f600}-';

interface Track {
  written: number;
  /** By number: how often the line was received. */
  readonly received: number[];
  distinct: number;
  highest: number;
}

export class Oracle {
  /** Lines received more than once. Allowed where the driver had to publish again. */
  duplicates = 0;
  readonly #tracks = new Map<string, Track>();
  readonly #lineLength: number;
  readonly #reordered: string[] = [];
  readonly #corrupted: string[] = [];

  /** `lineLength` in characters. */
  constructor(lineLength = 100) {
    this.#lineLength = lineLength;
  }

  /** The next `count` lines of a container. */
  write(container: string, count = 1): string[] {
    const track = this.#track(container);
    return Array.from({ length: count }, () => lineOf(container, track.written++, this.#lineLength));
  }

  receive(container: string, text: string): void {
    const number = Number(text.split(' ', 2)[1]);
    const track = this.#track(container);
    if (!(number < track.written) || text !== lineOf(container, number, this.#lineLength)) {
      this.#corrupted.push(`corrupted: ${container}: ${text.slice(0, 100)}`);
      return;
    }
    const times = (track.received[number] ?? 0) + 1;
    track.received[number] = times;
    if (times > 1) {
      this.duplicates++;
      return;
    }
    track.distinct++;
    if (number < track.highest) this.#reordered.push(`reordered: ${container} ${number} after ${track.highest}`);
    else track.highest = number;
  }

  get written(): number {
    return this.#sum((track) => track.written);
  }

  /** How many of the lines have come, each counted once; of all containers, or of one. */
  received(container?: string): number {
    return container === undefined ? this.#sum((track) => track.distinct) : this.#track(container).distinct;
  }

  /** Numbers of a container's lines that have not come. */
  missing(container: string): number[] {
    const { written, received } = this.#track(container);
    return Array.from({ length: written }, (_, number) => number).filter((number) => received[number] === undefined);
  }

  /** Resolves with the verdict when every line has come, or when the time is over. */
  async settle(timeoutMs = 30_000): Promise<Verdict> {
    const all = until('every line is there', () => this.received() === this.written, timeoutMs);
    await all.catch(() => undefined);
    return this.verdict();
  }

  verdict(): Verdict {
    const lost = this.written - this.received();
    const examples = [...(lost === 0 ? [] : this.#lostExamples()), ...this.#reordered, ...this.#corrupted];
    return {
      lost,
      reordered: this.#reordered.length,
      corrupted: this.#corrupted.length,
      examples: examples.slice(0, MAX_EXAMPLES),
    };
  }

  /** For each container the first lost line and how many are lost. */
  #lostExamples(): string[] {
    return [...this.#tracks.keys()].flatMap((container) => {
      const missing = this.missing(container);
      return missing.length === 0 ? [] : [`lost: ${missing.length} of ${container}, ${missing[0]} … ${missing.at(-1)}`];
    });
  }

  #track(container: string): Track {
    let track = this.#tracks.get(container);
    if (track === undefined) {
      track = { written: 0, received: [], distinct: 0, highest: -1 };
      this.#tracks.set(container, track);
    }
    return track;
  }

  #sum(of: (track: Track) => number): number {
    return [...this.#tracks.values()].reduce((sum, track) => sum + of(track), 0);
  }
}

function lineOf(container: string, number: number, length: number): string {
  const head = `${container} ${number} `;
  const shift = number % FILLER.length;
  const filler = FILLER.slice(shift) + FILLER.repeat(Math.ceil(length / FILLER.length));
  // A character outside the basic plane must not be cut in two.
  return (head + filler).slice(0, length).toWellFormed();
}
