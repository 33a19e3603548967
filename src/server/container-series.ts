/**
 * Counters by container, bounded in number: the busiest have a series of their own, the others share one. A series
 * gets what was counted since the last look, by whomever it stands for at that time: so none ever goes down, whoever
 * is busiest.
 */
import type { DriverStatus } from '../core/status.ts';

/** No container can have this name. Source: moby daemon/names, RestrictedNamePattern. */
export const OTHERS = '_others';

export interface ContainerCounts {
  bytesRead: number;
  linesConfirmed: number;
  linesDropped: number;
}

export class ContainerSeries {
  readonly #limit: () => number;
  readonly #series = new Map<string, ContainerCounts>();
  /** As of the last look. */
  #seen: ReadonlyMap<string, ContainerCounts> = new Map();

  /** `limit`: series besides the one of the others, at the time. */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** The series by container. What ended since the last look had its say before: its last lines count in the totals only. */
  update({ sessions }: DriverStatus): ReadonlyMap<string, ContainerCounts> {
    const found = new Map<string, ContainerCounts>();
    const names = new Map<string, string>();
    for (const { container, container_id, started_at, bytes_read, outputs } of sessions) {
      // A container may have several sessions, one after the other or at a time.
      const key = `${container_id} ${started_at}`;
      names.set(key, container);
      add(valueOf(found, key), {
        bytesRead: bytes_read,
        linesConfirmed: sum(outputs.map(({ counts }) => counts.lines_confirmed)),
        linesDropped: sum(outputs.flatMap(({ counts }) => Object.values(counts.lines_dropped))),
      });
    }
    const chosen = this.#choose(found, names);
    for (const name of this.#series.keys()) if (name !== OTHERS && !chosen.has(name)) this.#series.delete(name);
    for (const [key, counts] of found) {
      const name = names.get(key) ?? OTHERS;
      add(valueOf(this.#series, chosen.has(name) ? name : OTHERS), since(counts, this.#seen.get(key)));
    }
    this.#seen = found;
    return this.#series;
  }

  #choose(found: ReadonlyMap<string, ContainerCounts>, names: ReadonlyMap<string, string>): ReadonlySet<string> {
    const busiest = [...found].sort(([, one], [, other]) => other.bytesRead - one.bytesRead);
    return new Set([...new Set(busiest.map(([key]) => names.get(key) ?? OTHERS))].slice(0, this.#limit()));
  }
}

function valueOf(map: Map<string, ContainerCounts>, key: string): ContainerCounts {
  let counts = map.get(key);
  if (counts === undefined) map.set(key, counts = { bytesRead: 0, linesConfirmed: 0, linesDropped: 0 });
  return counts;
}

function add(counts: ContainerCounts, more: ContainerCounts): void {
  counts.bytesRead += more.bytesRead;
  counts.linesConfirmed += more.linesConfirmed;
  counts.linesDropped += more.linesDropped;
}

function since(counts: ContainerCounts, before: ContainerCounts | undefined): ContainerCounts {
  if (before === undefined) return counts;
  return {
    bytesRead: counts.bytesRead - before.bytesRead,
    linesConfirmed: counts.linesConfirmed - before.linesConfirmed,
    linesDropped: counts.linesDropped - before.linesDropped,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
