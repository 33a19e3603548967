/** "Did you mean": the known name nearest to a wrong one. */
import { isAllowedIn, optionSchemas, type LayerKind } from './schema.ts';

/** Distances over this many characters say nothing, and cost. */
const COMPARED_CHARACTERS = 40;

/** Letters to insert, delete, replace or swap to make one text of the other (optimal string alignment). */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    [before, previous] = [previous, current];
  }
  return previous[b.length] ?? 0;
}

/** The known name nearest to a wrong one, unless none is near. */
export function nearest(wrong: string, known: Iterable<string>): string | undefined {
  const text = wrong.toLowerCase().replaceAll('_', '-');
  if (text.length > COMPARED_CHARACTERS) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const name of known) {
    const away = Math.min(distance(text, name), distance(`nats-${text}`, name));
    if (away < bestDistance) [best, bestDistance] = [name, away];
  }
  return best;
}

function optionsOf(layer: LayerKind): string[] {
  return [...optionSchemas].filter(([, schema]) => isAllowedIn(layer, schema)).map(([name]) => name);
}

/** The option of a layer that a wrong name probably meant. */
export function nearestOption(wrong: string, layer: LayerKind): string | undefined {
  return nearest(wrong, optionsOf(layer));
}
