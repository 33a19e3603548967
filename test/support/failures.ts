/**
 * The rows of docs/failures.md and the findings of `doctor`, and the tests whose titles begin with their names.
 * `node test/support/failures.ts` lists both.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FINDINGS } from '../../src/cli/doctor/finding.ts';

const ROOT = join(import.meta.dirname, '../..');
const ROW = /^\| ([A-Z]\d+) \|/gm;
/** `N7`, `stream-sealed` */
const NAME = /[A-Z]\d+|[a-z]+(?:-[a-z]+)+/g;
const TITLE = new RegExp(`\\btest(?:\\.serial)?\\(\\s*(['\`])((?:(?:${NAME.source})[,:]? )+)(.*?)\\1`, 'g');

/** By row: the titles of its tests. */
export function testsOfRows(): Map<string, string[]> {
  const rows = [...readFileSync(join(ROOT, 'docs/failures.md'), 'utf8').matchAll(ROW)].map(([, row]) => row as string);
  return testsOf(rows);
}

export function testsOfFindings(): Map<string, string[]> {
  return testsOf(FINDINGS);
}

function testsOf(named: readonly string[]): Map<string, string[]> {
  const tests = new Map<string, string[]>(named.map((name) => [name, []]));
  for (const file of globSync('test/**/*.test.ts', { cwd: ROOT })) {
    for (const [, , names, title] of readFileSync(join(ROOT, file), 'utf8').matchAll(TITLE)) {
      for (const name of (names as string).match(NAME) ?? []) tests.get(name)?.push(title as string);
    }
  }
  return tests;
}

if (import.meta.main) {
  const all = [...testsOfRows(), ...testsOfFindings()];
  for (const [name, titles] of all) console.log(`${name}\n${titles.length === 0 ? '  NO TEST' : titles.map((title) => `  ${title}`).join('\n')}`);
  if (all.some(([, titles]) => titles.length === 0)) process.exitCode = 1;
}
