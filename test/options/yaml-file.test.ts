import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { OptionError } from '../../src/options/option-error.ts';
import { loadSettings } from '../../src/options/resolve.ts';
import { parseYaml } from '../../src/options/document.ts';
import { withFile } from '../support/temporary-file.ts';

function read(text: string): { values: Record<string, unknown>; problems: string[] } {
  const { layer, problems } = parseYaml(text, '/c.yaml');
  return {
    values: Object.fromEntries([...layer.values].map(([name, { value }]) => [name, value])),
    problems: problems.length === 0 ? [] : new OptionError(problems).message.split('\n'),
  };
}

const good: readonly [title: string, yaml: string, values: object][] = [
  ['an empty file', '', {}],
  ['comments only', '# nothing\n', {}],
  ['defaults with nothing below', 'defaults:\n', {}],
  ['numbers', 'defaults: {nats-max-reconnect: 5, nats-buffer-size: 33554432}', { 'nats-max-reconnect': 5, 'nats-buffer-size': 33_554_432 }],
  ['a size as a text', 'defaults: {nats-buffer-size: 64m}', { 'nats-buffer-size': 67_108_864 }],
  ['a size as a quoted text', 'defaults: {nats-window-size: "512k"}', { 'nats-window-size': 524_288 }],
  ['booleans', 'defaults: {nats-tls-skip-verify: true}', { 'nats-tls-skip-verify': true }],
  ['yes and no', 'defaults: {nats-tls-skip-verify: no}', { 'nats-tls-skip-verify': false }],
  ['a password of digits, as it is written', 'defaults: {nats-pass: 0123}', { 'nats-pass': '0123' }],
  ['lists', 'defaults:\n  nats-servers: [a, " b "]\n  labels: [x, y]\n', { 'nats-servers': ['a', 'b'], labels: 'x,y' }],
  ['lists as texts', 'defaults:\n  nats-servers: a, b\n  labels: x, y\n', { 'nats-servers': ['a', 'b'], labels: 'x,y' }],
  ['keys without a value, which are not set', 'defaults:\n  tag:\n  nats-user: ~\n  nats-tls-skip-verify: ""\n', {}],
  ['anchors and aliases', 'defaults:\n  nats-user: &me logger\n  nats-subject: *me\n', { 'nats-user': 'logger', 'nats-subject': 'logger' }],
];

for (const [title, yaml, values] of good) {
  test(`the file is understood with ${title}`, (t) => t.deepEqual(read(yaml), { values: values as Record<string, unknown>, problems: [] }));
}

const bad: readonly [yaml: string, problem: string][] = [
  ['defaults: "x', 'nats-config: broken YAML: missing char (/c.yaml:1:13)'],
  ['defaults:\n\ttag: x\n', 'nats-config: broken YAML: tab as indent (/c.yaml:2:1)'],
  ['defaults:\n  tag: a\n  tag: b\n', 'nats-config: broken YAML: duplicate key (/c.yaml:3:3)'],
  ['defaults: {}\n---\ndefaults: {}\n', 'nats-config: broken YAML: multiple docs (/c.yaml:2:1)'],
  ['defaults: {tag: !!js/function x}', 'nats-config: broken YAML: tag resolve failed (/c.yaml:1:17)'],
  ['- tag\n', 'nats-config: expected a map with the keys defaults, allow, rules (/c.yaml:1:1)'],
  ['defaults: [tag]\n', 'nats-config: expected a map of options under defaults (/c.yaml:1:1)'],
  ['default:\n  tag: x\n', 'default: unknown key, did you mean defaults? (/c.yaml:1:1)'],
  ['defaults: {}\nx: []\n', 'x: unknown key, expected defaults, allow, rules (/c.yaml:2:1)'],
  ['defaults:\n  nats-sever: x\n', 'nats-sever: unknown option, did you mean nats-servers? (/c.yaml:2:3)'],
  ['defaults:\n  __proto__: x\n', '__proto__: unknown option (/c.yaml:2:3)'],
  ['defaults:\n  mode: non-blocking\n', 'mode: is read by the engine, and can only be a log-opt (/c.yaml:2:3)'],
  [
    'defaults:\n  nats-config: /x\n',
    'nats-config: concerns the whole plugin, set it with "docker plugin set nats NATS_CONFIG=…" (/c.yaml:2:3)',
  ],
  ['defaults:\n  tag: x\n  nats-max-reconnect: many\n', 'nats-max-reconnect: expected an integer >= -1, got "many" (/c.yaml:3:3)'],
  ['defaults:\n  nats-buffer-size: 1k\n', 'nats-buffer-size: expected a size such as 8m or 512k >= 1m, got "1k" (/c.yaml:2:3)'],
  ['defaults:\n  nats-buffer-size: 1t\n', 'nats-buffer-size: expected a size such as 8m or 512k <= 4g, got "1t" (/c.yaml:2:3)'],
  ['defaults:\n  tag: [x]\n', 'tag: expected a text, got a list (/c.yaml:2:3)'],
  ['defaults:\n  tag: {a: b}\n', 'tag: expected a text, got a map (/c.yaml:2:3)'],
  ['defaults:\n  labels: [[x]]\n', 'labels: expected a list of texts, got a list (/c.yaml:2:3)'],
  ['defaults:\n  nats-servers: [{a: b}]\n', 'nats-servers: expected a list of texts, got a map (/c.yaml:2:3)'],
  ['defaults:\n  nats-servers: []\n', 'nats-servers: expected at least one value, got a list (/c.yaml:2:3)'],
];

for (const [yaml, problem] of bad) {
  test(`the file is refused: ${problem}`, (t) => t.deepEqual(read(yaml).problems, [`nats: ${problem}`]));
}

test('all problems of the file and of the environment are told at once, good values or not', async (t) => {
  await withFile('defaults:\n  tag: x\n  nats-sever: y\n', (path) => {
    t.throws(() => loadSettings({ NATS_CONFIG: path, LOG_LEVEL: 'loud' }), {
      instanceOf: OptionError,
      message: `nats: 2 problems in the options\nnats-sever: unknown option, did you mean nats-servers? (${path}:3:3)\n`
        + 'log-level: expected error, warn, info or debug, got "loud" (plugin setting LOG_LEVEL)',
    });
  });
});

test('an expansion attack is refused', (t) => {
  const twenty = (text: string): string => new Array(20).fill(text).join(',');
  const lines = [0, 1, 2, 3, 4, 5, 6, 7].map((level) => `  x${level}: &x${level} [${twenty(level === 0 ? 'x' : `*x${level - 1}`)}]`);
  t.deepEqual(read(`defaults:\n${lines.join('\n')}\n`).problems, ['nats: nats-config: broken YAML: more than 100 aliases (/c.yaml:1:1)']);
});

test('a file of nothing but brackets is refused', (t) => {
  t.regex(read('['.repeat(500_000)).problems.join('\n'), /broken YAML/);
});

test('a named file that is missing is an error, with who named it', (t) => {
  t.throws(() => loadSettings({ NATS_CONFIG: '/nowhere/config.yaml' }), {
    instanceOf: OptionError,
    message: 'nats: nats-config: expected a readable file, found nothing at "/nowhere/config.yaml" (plugin setting NATS_CONFIG)',
  });
});

test('missing default files are fine, and the first that exists counts', async (t) => {
  t.is(loadSettings({}, ['/nowhere/a.yaml', '/nowhere/b.yaml']).options.tag, '{{.ID}}');
  await withFile('defaults: {tag: second}', async (second) => {
    t.is(loadSettings({}, ['/nowhere/a.yaml', second]).options.tag, 'second');
    await withFile('defaults: {tag: first}', (first) => t.is(loadSettings({}, [first, second]).options.tag, 'first'));
  });
});

test('a default file that is broken is an error', async (t) => {
  await withFile('defaults: [', (path) => t.throws(() => loadSettings({}, [path]), { instanceOf: OptionError, message: /broken YAML/ }));
});

test('a file over one mebibyte is refused', async (t) => {
  await withFile('#'.repeat(1024 * 1024 + 1), (path) => t.throws(() => loadSettings({ NATS_CONFIG: path }), {
    instanceOf: OptionError, message: /expected a readable file, found more than 1048576 bytes/,
  }));
});

test('A6: a FIFO instead of a file is refused at once', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nld-fifo-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'config.yaml');
  execFileSync('mkfifo', [path]);
  t.throws(() => loadSettings({ NATS_CONFIG: path }), { instanceOf: OptionError, message: /found something that is no regular file/ });
});

test('C2: half a file never gets through as a whole one without being YAML', async (t) => {
  const whole = 'defaults:\n  nats-servers: [a, b]\n  nats-subject: "docker.logs"\n';
  await withFile(whole, (path) => {
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.slice(0, length));
      try {
        loadSettings({ NATS_CONFIG: path });
      } catch (error) {
        t.true(error instanceof OptionError, whole.slice(0, length));
      }
    }
  });
});

test('no text makes the reader throw', (t) => {
  const scrap = fc.constantFrom(
    'defaults:', '\n', '  ', 'tag: ', 'nats-servers', ': ', '[', ']', '{', '}', '"', '&a ', '*a', '- ', '\t', '!!x ', '? ', 'x', '|', '---',
    '%YAML', '#', '\0', '\ud800',
  );
  fc.assert(fc.property(fc.array(scrap, { maxLength: 30 }), (scraps) => {
    read(scraps.join(''));
    read(`defaults:\n  ${scraps.join('')}`);
  }), { numRuns: 1000 });
  t.pass();
});
