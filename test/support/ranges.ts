/** Sets of offsets, for models of what must be there. */

/** Offsets [from, to), in order. */
export type Ranges = readonly (readonly [number, number])[];

export function without(ranges: Ranges, from: number, to: number): Ranges {
  return ranges.flatMap(([a, b]) => [[a, Math.min(b, from)], [Math.max(a, to), b]] as const).filter(([a, b]) => a < b);
}

export function minus(ranges: Ranges, others: Ranges): Ranges {
  return others.reduce((rest, [from, to]) => without(rest, from, to), ranges);
}

export function sizeOf(ranges: Ranges): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from, 0);
}
