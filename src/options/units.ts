/**
 * Sizes and durations as people write them. Sizes are binary, as in the engine's own options (8m = 8 × 1024²).
 * Source of the size syntax: docker/go-units `RAMInBytes`.
 */

const SIZE = /^(\d+(?:\.\d+)?) ?([kmgt]?)(?:i?b)?$/i;
const SIZE_UNITS = ['', 'k', 'm', 'g', 't'] as const;

/** Undefined when the text is no size. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit] = SIZE.exec(text) ?? [];
  if (amount === undefined) return undefined;
  const power = SIZE_UNITS.findIndex((name) => name === unit?.toLowerCase());
  return Math.floor(Number(amount) * 1024 ** power);
}

/** The shortest exact form: 33554432 is `32m`, 65537 is `65537`. */
export function formatBytes(bytes: number): string {
  let power = 0;
  while (power < SIZE_UNITS.length - 1 && bytes >= 1024 && bytes % 1024 === 0) {
    bytes /= 1024;
    power++;
  }
  return `${bytes}${SIZE_UNITS[power]}`;
}

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;
const DURATION_UNITS = new Map([['h', 3_600_000], ['m', 60_000], ['s', 1000], ['ms', 1]]);

/** Milliseconds. Undefined when the text is no duration; a number alone is none, because it names no unit. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) ms += Number(amount) * (DURATION_UNITS.get(unit ?? '') ?? 0);
  return Math.round(ms);
}

/** The shortest exact form: 5000 is `5s`, 90000 is `90s`. */
export function formatDuration(ms: number): string {
  for (const [unit, size] of DURATION_UNITS) {
    if (ms > 0 && ms % size === 0) return `${ms / size}${unit}`;
  }
  return '0';
}
