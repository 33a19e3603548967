import test from 'ava';
import { inChinese } from '../schema/chinese.ts';
import { compare, products, renderManifest } from '../schema/generate.ts';
import { CHINESE, ENGLISH, renderMostUsed, renderOptionPage } from '../schema/option-tables.ts';
import texts from '../schema/zh-CN.json' with { type: 'json' };
import { readPage } from './support/pages.ts';

for (const product of products) {
  test(`${product.path} is what the schema of the options says`, (t) => {
    const compared = compare(product);
    t.true(compared?.current === compared?.wanted, `${product.path} is stale: run npm run generate`);
  });
}

test('all keys of the manifest but env stay as they are, in their order', (t) => {
  const manifest = '{"description":"d","env":[{"name":"OLD"}],"linux":{"capabilities":[]}}';
  const rendered = JSON.parse(renderManifest(manifest)) as Record<string, unknown>;
  t.deepEqual(Object.keys(rendered), ['description', 'env', 'linux']);
  t.deepEqual(rendered['linux'], { capabilities: [] });
});

test('plugin settings ship empty, so that they do not beat the YAML file', (t) => {
  const { env } = JSON.parse(renderManifest('{}')) as { env: { name: string; value: string; settable: string[] }[] };
  t.true(env.some(({ name }) => name === 'NATS_SERVERS'));
  t.true(env.every(({ value, settable }) => value === '' && settable.join() === 'value'));
  t.false(env.some(({ name }) => name === 'MODE'), 'what the engine reads itself is no setting of the plugin');
});

const STALE = 'before\n<!-- options:begin -->\nSTALE\n<!-- options:end -->\nafter\n';

test('only what stands between the markers of a page is renewed', (t) => {
  const page = renderOptionPage(STALE, ENGLISH);
  t.true(page.startsWith('before\n<!-- options:begin -->\n\n## Message\n'));
  t.true(page.endsWith('\n<!-- options:end -->\nafter\n'));
  t.true(page.includes('| `nats-max-reconnect` | `NATS_MAX_RECONNECT` | `-1` |'));
  t.false(page.includes('STALE'));
  t.is(renderOptionPage(page, ENGLISH), page, 'a second run changes nothing');
});

test('the READMEs show some of the options, in the words of the reference', (t) => {
  for (const language of [ENGLISH, CHINESE]) {
    const rows = renderMostUsed(STALE, language).split('\n').filter((line) => line.startsWith('| `'));
    const all = renderOptionPage(STALE, language).split('\n');
    t.true(rows.length > 5 && rows.every((row) => all.includes(row)));
  }
});

test('a text of the program that has no Chinese is named', (t) => {
  t.is(inChinese('Sessions ended.'), '结束的会话数。');
  t.throws(() => inChinese('Sessions that dance.'), { message: 'schema/zh-CN.json has no Chinese for "Sessions that dance."' });
});

test('there is Chinese for those texts only that the English pages show', (t) => {
  const shown = ['docs/cli.md', 'docs/metrics.md'].map((path) => readPage(path).prose).join('').replaceAll('\\|', '|');
  t.deepEqual(Object.keys(texts).filter((english) => !shown.includes(english)), []);
});

test('a page without markers stays as it is', (t) => {
  t.is(renderOptionPage('no tables here', ENGLISH), 'no tables here');
});
