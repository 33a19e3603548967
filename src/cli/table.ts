/** Tables of text. */
import { shorten } from './printable.ts';

/** How a cell is shown; the padding is not part of it. */
export type PaintCell = (text: string, row: number, column: number) => string;

/** Columns as wide as their widest cell; the last one is not padded. */
export function align(rows: readonly (readonly string[])[], paint: PaintCell = (text) => text): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row, number) => {
    const end = row.findLastIndex((cell) => cell !== '');
    return row.slice(0, end + 1).map((cell, column) => {
      const padding = column === end ? '' : ' '.repeat((widths[column] ?? 0) - cell.length);
      return paint(cell, number, column) + padding;
    }).join('  ');
  }).join('\n');
}

/**
 * Rows that fit into `width`: the columns `flexible` lose characters, the widest of them first. A table that does not
 * fit even so is left too wide.
 */
export function fit(rows: readonly (readonly string[])[], flexible: readonly number[], width: number, least = 8): readonly (readonly string[])[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const total = (): number => widths.reduce((sum, each) => sum + each, 2 * (columns - 1));
  while (total() > width) {
    const widest = flexible.reduce((best, column) => (widths[column] ?? 0) > (widths[best] ?? 0) ? column : best, flexible[0] ?? 0);
    const size = widths[widest] ?? 0;
    if (size <= least) break;
    widths[widest] = Math.max(least, size - (total() - width));
  }
  return rows.map((row) => row.map((cell, column) => shorten(cell, widths[column] ?? 0)));
}
