/** What has come out at the other side, line by line: which are missing, which came twice, late, changed, and how long they took. */
import { blankLine, clockMicros, fillerOf, nameOf, readStamp } from './line.ts';

/** One bin for each millisecond; the last one for all that took longer. */
const LATENCY_BINS = 600_000;
const MAX_EXAMPLES = 5;

/** Of the record of a gap, what tells it from others. */
export interface Gap {
  readonly lines?: number;
  readonly from?: string;
  readonly to?: string;
}

interface Track {
  /** By number: how often the line came, 255 at most. */
  seen: Uint8Array;
  distinct: number;
  highest: number;
}

export class Ledger {
  /** Lines that came again. */
  twice = 0;
  /** Lines that came for the first time after a later one of their container. */
  reordered = 0;
  /** What came and was never written like that. */
  corrupted = 0;
  /** Lines that records of the driver tell as given up; a record that comes again tells nothing new. */
  told = 0;
  /** The first lines that were not as they should be, for people. */
  readonly examples: string[] = [];
  readonly #filler: string;
  readonly #tracks: Track[] = [];
  readonly #records = new Set<string>();
  readonly #latencies = new Uint32Array(LATENCY_BINS);

  /** `lineBytes`: size of all lines. */
  constructor(lineBytes: number) {
    this.#filler = fillerOf(blankLine(lineBytes).toString());
  }

  receive(name: string, text: string): void {
    const stamp = readStamp(text);
    if (stamp === undefined || name !== nameOf(stamp.container) || fillerOf(text) !== this.#filler) {
      this.corrupted++;
      this.#show(`corrupted, from ${name}: ${text.slice(0, 100)}`);
      return;
    }
    const track = this.#track(stamp.container);
    const { number } = stamp;
    if (number >= track.seen.length) track.seen = grown(track.seen, number + 1);
    const times = Math.min(255, (track.seen[number] as number) + 1);
    track.seen[number] = times;
    if (times > 1) {
      this.twice++;
      return;
    }
    track.distinct++;
    if (number < track.highest) {
      this.reordered++;
      this.#show(`reordered: ${name} ${number} after ${track.highest}`);
    } else {
      track.highest = number;
    }
    const bin = Math.min(LATENCY_BINS - 1, Math.max(0, Math.floor((clockMicros() - stamp.micros) / 1000)));
    this.#latencies[bin] = (this.#latencies[bin] as number) + 1;
  }

  tell(name: string, gap: Gap): void {
    const key = `${name} ${JSON.stringify(gap)}`;
    if (this.#records.has(key)) return;
    this.#records.add(key);
    this.told += gap.lines ?? 0;
  }

  /** Different lines that have come; of all containers, or of one. */
  received(container?: number): number {
    if (container !== undefined) return this.#tracks[container]?.distinct ?? 0;
    return this.#tracks.reduce((sum, { distinct }) => sum + distinct, 0);
  }

  /** Lines that were written and have not come, `written` by container; and no line may have come that was not. */
  missing(written: readonly number[]): number {
    const missing = written.map((lines, container) => {
      const track = this.#track(container);
      if (track.highest >= lines) throw new Error(`${nameOf(container)}: line ${track.highest} came, ${lines} were written`);
      if (track.distinct < lines) this.#show(`lost: ${lines - track.distinct} of ${nameOf(container)}, the first is ${track.seen.indexOf(0)}`);
      return lines - track.distinct;
    });
    return missing.reduce((sum, each) => sum + each, 0);
  }

  /** What came so far took as long as it did while everything warmed up. */
  forgetLatencies(): void {
    this.#latencies.fill(0);
  }

  /** Milliseconds within which that share of the lines has come. */
  latency(share: number): number {
    let left = Math.ceil(this.#latencies.reduce((sum, count) => sum + count, 0) * share);
    return this.#latencies.findIndex((count) => (left -= count) <= 0);
  }

  #track(container: number): Track {
    return this.#tracks[container] ??= { seen: new Uint8Array(1024), distinct: 0, highest: -1 };
  }

  #show(example: string): void {
    if (this.examples.length < MAX_EXAMPLES) this.examples.push(example);
  }
}

function grown(bytes: Uint8Array, least: number): Uint8Array {
  const larger = new Uint8Array(Math.max(least, bytes.length * 2));
  larger.set(bytes);
  return larger;
}
