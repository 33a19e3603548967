/** How long something took, as a histogram: a few numbers, however often it is observed. */
import type { LatencyStatus } from './status.ts';

/** Upper bounds in seconds: from a server next door to a journal that waited for a day. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86_400] as const;

export class Latency {
  /** Observations up to each bound and above the one before. */
  readonly #counts = new Array<number>(BOUNDS.length).fill(0);
  #sum = 0;
  #count = 0;

  /** A clock that was set back makes no negative duration: it counts as none. */
  observe(seconds: number): void {
    const duration = Math.max(0, seconds);
    const index = BOUNDS.findIndex((bound) => duration <= bound);
    if (index >= 0) this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#sum += duration;
    this.#count++;
  }

  status(): LatencyStatus {
    let count = 0;
    const buckets = BOUNDS.map((le, i) => ({ le, count: count += this.#counts[i] as number }));
    return {
      buckets, sum_seconds: this.#sum, count: this.#count,
      ...(this.#count === 0 ? {} : { p50_seconds: this.#quantile(0.5), p99_seconds: this.#quantile(0.99) }),
    };
  }

  /** Within its bucket the observations are taken to be spread evenly; above the last bound nothing is known but that. */
  #quantile(share: number): number {
    const wanted = share * this.#count;
    let before = 0;
    for (const [i, bound] of BOUNDS.entries()) {
      const count = this.#counts[i] as number;
      const lower = BOUNDS[i - 1] ?? 0;
      if (count > 0 && before + count >= wanted) return lower + (bound - lower) * (wanted - before) / count;
      before += count;
    }
    return BOUNDS.at(-1) ?? 0;
  }
}
