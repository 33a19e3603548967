import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { environmentName, isAllowedIn, optionSchemas } from '../../src/options/schema.ts';
import { anchor, chineseOf, chineseTarget, englishPages, figures, found, headings, linksOf, outline, pages, pairs, readPage, ROOT } from '../support/pages.ts';

test('every page is there in both languages', (t) => {
  t.deepEqual(['README.zh-CN.md', ...globSync('docs/zh-CN/*.md', { cwd: ROOT })].sort(), englishPages.map(({ path }) => chineseOf(path)).sort());
});

for (const [english, chinese] of pairs) {
  test(`${chinese.path} has the headings, lists and tables of ${english.path}, in their order`, (t) => {
    t.deepEqual(outline(chinese), outline(english));
  });

  test(`${chinese.path} leads where ${english.path} does, to Chinese pages where there are`, (t) => {
    t.deepEqual(linksOf(chinese).map(({ path }) => path).sort(), linksOf(english).map(({ path }) => chineseTarget(path)).sort());
  });

  test(`${chinese.path} says the figures of ${english.path}`, (t) => {
    t.deepEqual(figures(chinese), figures(english));
  });

  test(`${chinese.path} shows the code of ${english.path}`, (t) => {
    t.deepEqual(chinese.blocks, english.blocks);
    t.deepEqual([...new Set(chinese.spans)].sort(), [...new Set(english.spans)].sort());
  });
}

test('relative links lead to files and headings that exist', (t) => {
  for (const page of pages) {
    for (const { target, path, fragment } of linksOf(page)) {
      t.true(existsSync(join(ROOT, path)), `${page.path}: ${target} does not exist`);
      if (fragment === undefined) continue;
      t.true(headings(readPage(path)).some((line) => anchor(line) === fragment), `${page.path}: ${target} is no heading`);
    }
  }
});

test('every page can be reached from the README of its language', (t) => {
  const reached = (path: string): readonly string[] => linksOf(readPage(path)).map((link) => link.path);
  for (const { path } of englishPages.filter((page) => page.path !== 'README.md')) {
    t.true(reached('README.md').includes(path), `README.md does not lead to ${path}`);
    t.true(reached('README.zh-CN.md').includes(chineseOf(path)), `README.zh-CN.md does not lead to ${path}`);
  }
});

test('files of the project that the pages name exist', (t) => {
  for (const page of pages) {
    for (const path of found(page, /(?<![\w/.-])((?:src|schema|config|plugin|test|docs|bench)\/[\w./-]+)/g)) {
      t.true(existsSync(join(ROOT, path)), `${page.path}: ${path} does not exist`);
    }
  }
});

test('npm scripts that the pages name exist', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  for (const page of pages) {
    for (const name of found(page, /\bnpm (?:run )?((?<=run )[\w:-]+|test\b)/g)) {
      t.true(Object.hasOwn(scripts, name), `${page.path}: npm run ${name} is no script`);
    }
  }
});

/** `nats-` words that are programs. */
const PROGRAMS: ReadonlySet<string> = new Set(['nats-log-driver', 'nats-server']);

test('options and plugin settings that the pages name exist', (t) => {
  const inEnvironment = [...optionSchemas].filter(([, schema]) => isAllowedIn('environment', schema));
  const settings = new Set(inEnvironment.map(([name]) => environmentName(name)));
  for (const page of pages) {
    const named = page.spans.flatMap((span) => /^(nats-[a-z-]*[a-z])(?:[=:].*)?$/.exec(span)?.[1] ?? []);
    for (const name of [...named, ...found(page, /--log-opt ([a-z][\w-]*)/g)]) {
      t.true(optionSchemas.has(name) || PROGRAMS.has(name), `${page.path}: ${name} is no option`);
    }
    for (const name of found(page, /\b(NATS_[A-Z_]*[A-Z])\b/g)) t.true(settings.has(name), `${page.path}: ${name} is no plugin setting`);
  }
});

test('docs/metrics.md tells of every event that there is, and of no other', (t) => {
  const source = readFileSync(join(ROOT, 'src/core/events.ts'), 'utf8');
  const kinds = [...(/type EventKind =([^;]*);/.exec(source)?.[1] ?? '').matchAll(/'([a-z-]+)'/g)].map(([, kind]) => kind).sort();
  const { prose } = readPage('docs/metrics.md');
  const table = prose.slice(prose.indexOf('| event | when |'), prose.indexOf('## Prometheus'));
  const told = [...table.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, kind]) => kind)).sort();
  t.true(kinds.length > 15);
  t.deepEqual(told, kinds);
  const said = globSync('src/**/*.ts', { cwd: ROOT }).map((path) => readFileSync(join(ROOT, path), 'utf8')).join('');
  for (const kind of kinds) t.true(said.split(`'${kind}'`).length > 2, `${kind} is never told`);
});
