import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Configuration } from '../src/configuration.ts';
import { Log } from '../src/core/log.ts';
import { FileWatch } from '../src/file-watch.ts';
import { until } from './support/wait.ts';

class Bench {
  readonly dir = mkdtempSync(join(tmpdir(), 'nld-config-'));
  readonly path = join(this.dir, 'config.yaml');
  readonly said: { msg: string; level: string; error?: string; options?: string }[] = [];
  readonly log = new Log({ write: (line) => this.said.push(JSON.parse(line) as { msg: string; level: string }) > 0 });
  changes = 0;

  constructor(t: ExecutionContext, text?: string) {
    t.teardown(() => rmSync(this.dir, { recursive: true }));
    if (text !== undefined) this.write(text);
  }

  write(text: string): void {
    writeFileSync(this.path, text);
  }

  open(env: NodeJS.ProcessEnv = { NATS_CONFIG: this.path }, files?: readonly string[]): Configuration {
    const configuration = new Configuration(env, this.log, files);
    configuration.listen(() => this.changes++);
    return configuration;
  }
}

test('a good file takes the place of the one before', (t) => {
  const bench = new Bench(t, 'defaults: {tag: one}\n');
  const configuration = bench.open();
  const { revision } = configuration.status();
  bench.write('defaults: {tag: two}\nrules: [{options: {labels: x}}]\n');
  t.is(configuration.reload(), undefined);
  t.deepEqual([configuration.settings.options.tag, configuration.settings.rules.length, bench.changes], ['two', 1, 1]);
  t.not(configuration.status().revision, revision);
  t.deepEqual([configuration.status().loads, configuration.status().refusals], [2, 0]);
});

const bad: readonly (readonly [what: string, text: string, error: RegExp])[] = [
  ['is no YAML', 'defaults: {tag: "x', /:1:19/],
  ['has a wrong option', 'defaults:\n  nats-format: xml\n', /nats-format: expected json, got "xml" \(.*:2:3\)/],
  ['has a wrong rule', 'rules:\n  - match: {nam: x}\n', /nam: unknown key, did you mean name\? \(.*:2:13 \(rule 1\)\)/],
  ['has a broken template', 'rules:\n  - options:\n      tag: "{{.Nonsense"\n', /^nats: tag: .*:3:7 \(rule 1\)\)$/],
  ['has a broken regular expression', 'rules:\n  - outputs:\n    - env-regex: "["\n', /^nats: env-regex: .*:3:7 \(rule 1\)\)$/],
  ['is empty, as one that is being written', '', /found an empty file/],
];

for (const [what, text, error] of bad) {
  test(`C2: a file that ${what} is refused, and the last good one stays in force`, (t) => {
    const bench = new Bench(t, 'defaults: {tag: good}\n');
    const configuration = bench.open();
    bench.write(text);
    t.regex(configuration.reload()?.message ?? '', error);
    t.deepEqual([configuration.settings.options.tag, configuration.refusal, bench.changes], ['good', undefined, 0]);
    t.regex(configuration.status().error ?? '', error);
    t.is(bench.said.find(({ level }) => level === 'error')?.msg, 'configuration refused: the last good one stays in force');
    bench.write('defaults: {tag: better}\n');
    t.is(configuration.reload(), undefined);
    t.deepEqual([configuration.settings.options.tag, configuration.status().error], ['better', undefined]);
  });
}

test('C2: half of a file is never in force, wherever it ends', (t) => {
  const bench = new Bench(t, 'defaults: {tag: good}\n');
  const configuration = bench.open();
  const whole = 'defaults:\n  nats-servers: [a, b]\n  nats-subject: "docker.logs"\n';
  for (let length = 0; length < whole.length; length++) {
    bench.write(whole.slice(0, length));
    t.notThrows(() => configuration.reload());
  }
});

test('C2: a file that is gone is refused; a default file that never was is not', (t) => {
  const bench = new Bench(t, 'defaults: {tag: good}\n');
  const configuration = bench.open({}, [bench.path]);
  unlinkSync(bench.path);
  t.regex(configuration.reload()?.message ?? '', /expected the file that was there before, found nothing/);
  t.is(configuration.settings.options.tag, 'good');
  const none = bench.open({}, [join(bench.dir, 'none')]);
  t.is(none.reload(), undefined);
});

test('a default file that comes later is taken over', (t) => {
  const bench = new Bench(t);
  const configuration = bench.open({}, [bench.path]);
  bench.write('defaults: {tag: late}\n');
  configuration.look();
  t.is(configuration.settings.options.tag, 'late');
});

test('C3: a process that began with a bad file is healed by a good one, but not of a bad setting', (t) => {
  const bench = new Bench(t, 'defaults: {nats-format: xml}\n');
  const configuration = bench.open();
  t.regex(configuration.refusal?.message ?? '', /nats-format/);
  bench.write('defaults: {nats-format: xml2}\n');
  configuration.reload();
  t.regex(configuration.refusal?.message ?? '', /xml2/);
  bench.write('defaults: {tag: good}\n');
  t.is(configuration.reload(), undefined);
  t.deepEqual([configuration.refusal, configuration.settings.options.tag], [undefined, 'good']);
  const other = bench.open({ NATS_CONFIG: bench.path, NATS_FORMAT: 'jsno' });
  t.regex(other.reload()?.message ?? '', /plugin setting NATS_FORMAT/);
  t.not(other.refusal, undefined);
});

test('what was seen already is not judged again, unless somebody asks', (t) => {
  const bench = new Bench(t, 'defaults: {tag: good}\n');
  const configuration = bench.open();
  configuration.look();
  t.is(bench.changes, 0);
  bench.write('defaults: [');
  configuration.look();
  configuration.look();
  t.is(configuration.status().refusals, 1);
  configuration.reload();
  t.is(configuration.status().refusals, 2);
});

test('options that hold from the next start on are told; the log level holds at once', (t) => {
  const bench = new Bench(t, 'defaults: {log-level: info}\n');
  const configuration = bench.open();
  bench.write('defaults: {log-level: debug, nats-window-size: 4m}\n');
  configuration.reload();
  bench.log.debug('heard');
  t.true(bench.said.some(({ msg }) => msg === 'heard'));
  t.is(bench.said.find(({ level }) => level === 'warn')?.options, 'nats-window-size');
});

test('a bucket is over the file and below the settings; its rules come after those of the file', (t) => {
  const bench = new Bench(t, 'defaults: {tag: file, labels: file, nats-subject: file}\nrules: [{options: {env: file}}]\nallow: [tag]\n');
  const configuration = bench.open({ NATS_CONFIG: bench.path, NATS_SUBJECT: 'set' });
  t.is(configuration.takeBucket('c/k', 'defaults: {tag: bucket, nats-subject: bucket}\nrules: [{options: {env: bucket}}]\n'), undefined);
  const { options, rules } = configuration.settings;
  t.deepEqual([options.tag, options.labels, options['nats-subject']], ['bucket', 'file', 'set']);
  t.is(configuration.status().bucket, 'c/k');
  t.deepEqual(rules.map((rule) => rule.options.values.get('env')?.origin), [`${bench.path}:2:20 (rule 1)`, 'nats-config-kv c/k:2:20 (rule 1)']);
  t.regex(configuration.takeBucket('c/k', 'defaults: {tga: x}')?.message ?? '', /tga: unknown option, did you mean tag\? \(nats-config-kv c\/k:1:12\)/);
  t.is(configuration.settings.options.tag, 'bucket');
  bench.write('defaults: {tag: changed, labels: changed}\n');
  configuration.reload();
  t.deepEqual([configuration.settings.options.tag, configuration.settings.options.labels], ['bucket', 'changed']);
  t.regex(configuration.status().error ?? '', /tga/, 'the document in the bucket is still wrong');
  configuration.takeBucket('c/k', undefined);
  t.is(configuration.settings.options.tag, 'changed');
});

test('a file is seen to change however it does', async (t) => {
  const bench = new Bench(t, 'one');
  let changes = 0;
  const watch = new FileWatch([bench.path, join(bench.dir, 'late/config.yaml')], () => changes++);
  t.teardown(() => watch.close());
  const expectChange = async (what: string, change: () => void): Promise<void> => {
    const before = changes;
    change();
    await until(what, () => changes === before + 1);
  };
  await expectChange('written anew', () => bench.write('two'));
  await expectChange('replaced', () => {
    writeFileSync(join(bench.dir, 'new'), 'six');
    renameSync(join(bench.dir, 'new'), bench.path);
  });
  await expectChange('gone', () => unlinkSync(bench.path));
  // As Kubernetes does it: the file is a link through a folder that is a link.
  for (const version of ['v1', 'v2']) {
    mkdirSync(join(bench.dir, version));
    writeFileSync(join(bench.dir, version, 'config.yaml'), version);
  }
  symlinkSync('v1', join(bench.dir, 'data'));
  await expectChange('a link', () => symlinkSync('data/config.yaml', bench.path));
  await expectChange('a link that leads elsewhere', () => {
    symlinkSync('v2', join(bench.dir, 'data.new'));
    renameSync(join(bench.dir, 'data.new'), join(bench.dir, 'data'));
  });
  await expectChange('another one', () => {
    mkdirSync(join(bench.dir, 'late'));
    writeFileSync(join(bench.dir, 'late/config.yaml'), 'late');
  });
  t.is(changes, 6, 'and nothing else was taken for a change');
});
