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
    return toStatus(BOUNDS.map((le, i) => ({ le, count: count += this.#counts[i] as number })), this.#sum, this.#count);
  }
}

/** All observations together. */
export function sumOfLatencies(parts: readonly LatencyStatus[]): LatencyStatus {
  const sum = (read: (part: LatencyStatus) => number): number => parts.reduce((total, part) => total + read(part), 0);
  const buckets = BOUNDS.map((le, i) => ({ le, count: sum((part) => part.buckets[i]?.count ?? 0) }));
  return toStatus(buckets, sum(({ sum_seconds }) => sum_seconds), sum(({ count }) => count));
}

function toStatus(buckets: LatencyStatus['buckets'], sum_seconds: number, count: number): LatencyStatus {
  if (count === 0) return { buckets, sum_seconds, count };
  return { buckets, sum_seconds, count, p50_seconds: quantile(buckets, 0.5 * count), p99_seconds: quantile(buckets, 0.99 * count) };
}

/** Within its bucket the observations are taken to be spread evenly; above the last bound nothing is known but that. */
function quantile(buckets: LatencyStatus['buckets'], wanted: number): number {
  let [lower, before] = [0, 0];
  for (const { le, count } of buckets) {
    if (count > before && count >= wanted) return lower + (le - lower) * (wanted - before) / (count - before);
    [lower, before] = [le, count];
  }
  return lower;
}
