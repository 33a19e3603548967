import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { DriverEvent } from '../../src/core/events.ts';
import { Log, type LogLevel } from '../../src/core/log.ts';
import { withFile } from '../support/temporary-file.ts';

class Target {
  readonly lines: Record<string, unknown>[] = [];
  isFull = false;

  write(line: string): boolean {
    if (this.isFull) return false;
    if (!line.endsWith('\n')) throw new Error('a line without its end');
    this.lines.push(JSON.parse(line) as Record<string, unknown>);
    return true;
  }

  get messages(): unknown[] {
    return this.lines.map(({ msg }) => msg);
  }
}

test('a line is one JSON object: time, level, message, then the fields', (t) => {
  const target = new Target();
  new Log(target).warn('it\nbroke', { container: 'we"b', lines: 3, whole: false });
  const [line = {}] = target.lines;
  t.deepEqual(Object.keys(line), ['time', 'level', 'msg', 'container', 'lines', 'whole']);
  t.is(new Date(String(line['time'])).toISOString(), String(line['time']));
  t.like(line, { level: 'warn', msg: 'it\nbroke', container: 'we"b', lines: 3, whole: false });
});

const levels: readonly [LogLevel, string][] = [
  ['error', 'e'], ['warn', 'e w'], ['info', 'e w i'], ['debug', 'e w i d'],
];

for (const [level, shown] of levels) {
  test(`level ${level} shows ${shown}`, (t) => {
    const target = new Target();
    const log = new Log(target);
    log.setLevel(level);
    log.error('e');
    log.warn('w');
    log.info('i');
    log.debug('d');
    t.is(target.messages.join(' '), shown);
  });
}

test('a limited line appears once a minute per key, and the next one counts those left out', (t) => {
  const target = new Target();
  let now = 1000;
  const log = new Log(target, 'info', () => now);
  for (let i = 0; i < 5; i++) log.limited('warn', 'a', 'again', { i });
  log.limited('warn', 'b', 'other');
  now += 59_999;
  log.limited('warn', 'a', 'again', { i: 5 });
  now += 1;
  log.limited('warn', 'a', 'again', { i: 6 });
  now += 60_000;
  log.limited('warn', 'a', 'again', { i: 7 });
  t.deepEqual(target.lines.map(({ msg, i, suppressed }) => [msg, i, suppressed]), [
    ['again', 0, undefined], ['other', undefined, undefined], ['again', 6, 5], ['again', 7, undefined],
  ]);
});

test('the keys that are remembered are bounded, and the oldest goes first', (t) => {
  const target = new Target();
  const log = new Log(target, 'info', () => 0);
  for (let i = 0; i <= 1000; i++) log.limited('warn', `key ${i}`, 'first');
  log.limited('warn', 'key 1000', 'newest');
  log.limited('warn', 'key 0', 'oldest');
  t.is(target.lines.length, 1002);
  t.is(target.messages.at(-1), 'oldest');
});

test('a long value is cut', (t) => {
  const target = new Target();
  new Log(target).info('long', { value: 'x'.repeat(100_000) });
  t.is(target.lines[0]?.['value'], `${'x'.repeat(2048)}…`);
});

test('lines that nobody takes are counted on the next one', (t) => {
  const target = new Target();
  const log = new Log(target);
  target.isFull = true;
  log.info('lost');
  log.info('lost too');
  target.isFull = false;
  log.info('back');
  log.info('normal');
  t.deepEqual(target.lines.map(({ msg, lines_lost }) => [msg, lines_lost]), [['back', 2], ['normal', undefined]]);
});

/** A process of its own, since it writes to its own standard error; it ends as the driver does. */
const FLOOD = `
  import { Log, stderrTarget } from ${JSON.stringify(new URL('../../src/core/log.ts', import.meta.url).href)};
  const log = new Log(stderrTarget());
  const from = performance.now();
  for (let i = 0; i < 50_000; i++) log.info('flood', { i, filling: 'x'.repeat(100) });
  process.stdout.write(String(Math.round(performance.now() - from)), () => process.exit(0));
`;

test('D3: a pipe that nobody reads costs log lines and blocks nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nld-log-'));
  const path = join(folder, 'stderr');
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const child = spawn(process.execPath, ['--input-type=module', '-e', FLOOD], { stdio: ['ignore', 'pipe', pipe], timeout: 40_000 });
  let tookMs = '';
  child.stdout?.on('data', (chunk: Buffer) => tookMs += chunk.toString());
  const [code, signal] = await once(child, 'close') as [number | null, string | null];
  const held = Buffer.alloc(64 * 1024);
  const size = readSync(pipe, held);
  closeSync(pipe);
  rmSync(folder, { recursive: true });
  t.deepEqual([code, signal], [0, null], 'it ends by itself while its standard error is full');
  t.true(Number(tookMs) < 10_000, `50,000 lines took ${tookMs} ms`);
  const lines = held.toString('utf8', 0, size).split('\n').slice(0, -1);
  t.deepEqual(lines.map((line) => JSON.parse(line).i), lines.map((_, i) => i), 'what fitted into the pipe is there, in whole lines');
  t.true(lines.length > 100);
});

test('a reader that went away costs log lines and ends nothing', async (t) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', FLOOD], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 40_000 });
  child.stderr.destroy();
  t.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a file takes every line', async (t) => {
  await withFile('', async (path) => {
    const file = openSync(path, 'a');
    const child = spawn(process.execPath, ['--input-type=module', '-e', FLOOD], { stdio: ['ignore', 'ignore', file], timeout: 40_000 });
    closeSync(file);
    t.deepEqual(await once(child, 'exit'), [0, null]);
    t.is(readFileSync(path, 'latin1').match(/\n/g)?.length, 50_000);
  });
});

test('an event is a line of the log with its kind, and told whatever the level of the log', (t) => {
  const said: Record<string, unknown>[] = [];
  const log = new Log({ write: (line) => said.push(JSON.parse(line) as Record<string, unknown>) > 0 }, 'info');
  const told: DriverEvent[] = [];
  const end = log.events.listen((event) => told.push(event));
  log.event('connected', 'info', 'connected to NATS', { server: 'nats://n:4222' });
  log.event('session-started', 'debug', 'session started', { container: 'web' });
  end();
  log.event('disk-healed', 'info', 'the disk takes lines again');
  t.deepEqual(said.map(({ event, msg }) => [event, msg]), [['connected', 'connected to NATS'], ['disk-healed', 'the disk takes lines again']]);
  t.deepEqual(told.map(({ event, container, server }) => [event, container ?? server]), [['connected', 'nats://n:4222'], ['session-started', 'web']]);
});

test('events of one key are told once a minute, with how many were left out', (t) => {
  let now = 0;
  const log = new Log({ write: () => true }, 'info', () => now);
  for (let i = 0; i < 5; i++) log.event('lines-dropped', 'warn', 'lines dropped', { dropped_total: i }, 'web overflow');
  now = 60_000;
  log.event('lines-dropped', 'warn', 'lines dropped', { dropped_total: 9 }, 'web overflow');
  t.deepEqual(log.events.recent.map(({ dropped_total, suppressed }) => [dropped_total, suppressed]), [[0, undefined], [9, 4]]);
});

test('the latest hundred events are remembered', (t) => {
  const log = new Log({ write: () => true });
  for (let i = 0; i < 250; i++) log.event('connected', 'info', 'connected to NATS', { number: i });
  t.deepEqual(log.events.recent.map(({ number }) => number), Array.from({ length: 100 }, (_, i) => 150 + i));
});
