/** Tables of text. */

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
