/** What a goal is, and what several of them need. */
export type Figures = Readonly<Record<string, number>>;

export interface Run {
  readonly isFull: boolean;
  /** From 0 to 1; the same numbers for the same seed. */
  readonly random: () => number;
}

export interface Goal {
  /** As people call it. */
  readonly id: string;
  readonly title: string;
  /** The most of each figure; with a name that begins with "min ", the least. */
  readonly limit: Figures;
  readonly run: (run: Run) => Promise<Figures>;
}

/** Numbers from a seed: the same run again. Source: mulberry32, public domain. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** To one decimal. */
export const round = (value: number): number => Math.round(value * 10) / 10;

export const mib = (bytes: number): number => round(bytes / 2 ** 20);
