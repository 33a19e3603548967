/** The rows of docs/failures.md, and the tests whose titles begin with their names. `node test/support/failures.ts` lists both. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const ROW = /^\| ([A-Z]\d+) \|/gm;
const TITLE = /\btest(?:\.serial)?\(\s*(['`])((?:[A-Z]\d+[,:]? )+)(.*?)\1/g;

/** By row: the titles of its tests. */
export function testsOfRows(): Map<string, string[]> {
  const rows = [...readFileSync(join(ROOT, 'docs/failures.md'), 'utf8').matchAll(ROW)].map(([, row]) => row as string);
  const tests = new Map<string, string[]>(rows.map((row) => [row, []]));
  for (const file of globSync('test/**/*.test.ts', { cwd: ROOT })) {
    for (const [, , names, title] of readFileSync(join(ROOT, file), 'utf8').matchAll(TITLE)) {
      for (const row of (names as string).match(/[A-Z]\d+/g) ?? []) tests.get(row)?.push(title as string);
    }
  }
  return tests;
}

if (import.meta.main) {
  for (const [row, titles] of testsOfRows()) console.log(`${row}\n${titles.length === 0 ? '  NO TEST' : titles.map((title) => `  ${title}`).join('\n')}`);
  if ([...testsOfRows().values()].some(({ length }) => length === 0)) process.exitCode = 1;
}
