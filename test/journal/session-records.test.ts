import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { RecordError, sessionKey, SessionRecords, type SessionRecord } from '../../src/journal/session-records.ts';
import { TARGET } from '../support/target.ts';

const FILE = '/run/docker/logging/f';
const KEY = sessionKey(FILE);

const RECORD: SessionRecord = {
  file: FILE,
  container: {
    info: { ContainerID: 'a', ContainerLabels: { tier: 'x' } },
    omitted: ['nats-pass'],
    rendered: new Map([['{{.Name}}', 'web']]),
  },
  plan: {
    name: 'main',
    facts: { id: 'a', name: 'web', imageId: 'i', imageName: 'n', hostname: 'h', tag: 't', attributes: new Map([['tier', 'x'], ['__proto__', 'y']]) },
    subject: 'logs.web',
    target: { ...TARGET, servers: [{ host: 'nats.test', port: 4222, tls: false }] },
    format: 'json',
    transport: 'core',
    oversize: 'split',
    overflow: { policy: 'drop-oldest', blockMs: 5000 },
    further: [{
      name: 'audit',
      facts: { id: 'a', name: 'web', imageId: 'i', imageName: 'n', hostname: 'h', tag: 't', attributes: new Map() },
      subject: 'audit.web',
      target: { ...TARGET, servers: [{ host: 'audit.test', port: 4222, tls: false }] },
      format: 'json',
      transport: 'jetstream',
      oversize: 'split',
    }],
  },
  inherits: ['audit'],
  isSeamless: true,
  gaps: { main: [] },
  leaving: [{ name: 'copy', transport: 'core', end: 12_345 }],
  seams: [],
};

function open(t: ExecutionContext, bootId = 'this boot'): { records: SessionRecords; state: string } {
  const state = mkdtempSync(join(tmpdir(), 'nld-records-'));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  return { records: new SessionRecords(state, 'none', bootId), state };
}

test('what was saved is found again, by a later process of the same boot and of another', (t) => {
  const { records, state } = open(t);
  records.save(RECORD);
  t.deepEqual(records.list(), { keys: [KEY], strays: [] });
  t.deepEqual(new SessionRecords(state, 'none', 'this boot').load(KEY), { record: RECORD, isOfThisBoot: true });
  t.deepEqual(new SessionRecords(state, 'none', 'next boot').load(KEY), { record: RECORD, isOfThisBoot: false });
});

for (const sync of ['none', 'interval', 'always'] as const) {
  test(`K3: a record is found again with nats-buffer-sync=${sync}, however often it was saved and removed`, (t) => {
    const { state } = open(t);
    const records = new SessionRecords(state, sync, 'this boot');
    for (let i = 0; i < 20; i++) {
      records.save(RECORD);
      records.remove(FILE);
    }
    records.save(RECORD);
    t.deepEqual(records.load(KEY)?.record, RECORD);
  });
}

test('what was removed is gone', (t) => {
  const { records } = open(t);
  records.save(RECORD);
  records.remove(FILE);
  t.deepEqual(records.list().keys, []);
  t.is(records.load(KEY), undefined);
});

test('only the owner may read a record', (t) => {
  const { records, state } = open(t);
  records.save(RECORD);
  t.is(statSync(join(state, 'sessions')).mode & 0o777, 0o700);
  t.is(statSync(records.path(KEY)).mode & 0o777, 0o600);
});

test('a record that was being written when the process was killed goes without a trace', (t) => {
  const { records, state } = open(t);
  records.save(RECORD);
  writeFileSync(`${records.path(KEY)}.new`, '{"version":1,"boo');
  t.deepEqual(records.list(), { keys: [KEY], strays: [] });
  t.deepEqual(readdirSync(join(state, 'sessions')), [`${KEY}.json`]);
});

test('what has another name is no record', (t) => {
  const { records, state } = open(t);
  const path = join(state, 'sessions/notes.txt');
  writeFileSync(path, 'hello');
  t.deepEqual(records.list(), { keys: [], strays: [path] });
});

type Change = (stored: { version: unknown; bootId: unknown; record: { plan: { facts: { [key: string]: unknown } } & Record<string, unknown>; container: Record<string, unknown> } & Record<string, unknown> }) => void;

const broken: readonly (readonly [string, Change])[] = [
  ['a later version', (stored) => (stored.version = 99)],
  ['no version', (stored) => (stored.version = undefined)],
  ['the file of another session', ({ record }) => (record['file'] = '/run/docker/logging/g')],
  ['no file', ({ record }) => (record['file'] = 7)],
  ['an output that leaves nowhere', ({ record }) => (record['leaving'] = [{ name: 'copy', transport: 'core' }])],
  ['an output that leaves by no transport that is known', ({ record }) => (record['leaving'] = [{ name: 'copy', transport: 'pigeon', end: 1 }])],
  ['no plan', ({ record }) => delete (record as Record<string, unknown>)['plan']],
  ['no facts', ({ record }) => delete (record.plan as Record<string, unknown>)['facts']],
  ['a fact of another type', ({ record }) => (record.plan['facts'] = { ...record.plan['facts'] as object, tag: 1 })],
  ['no servers', ({ record }) => (record.plan['target'] = { ...TARGET, servers: [] })],
  ['a server without a host', ({ record }) => (record.plan['target'] = { ...TARGET, servers: [{ port: 1 }] })],
  ['no time limits', ({ record }) => (record.plan['target'] = { servers: [{ host: 'nats.test', port: 1 }], maxReconnect: -1 })],
  ['no list of omitted options', ({ record }) => (record.container['omitted'] = null)],
  ['attributes that are no pairs', ({ record }) => (record.plan.facts['attributes'] = [1])],
];

for (const [what, change] of broken) {
  test(`K2: a record with ${what} is not believed`, (t) => {
    const { records } = open(t);
    records.save(RECORD);
    const stored = JSON.parse(readFileSync(records.path(KEY), 'utf8'));
    change(stored);
    writeFileSync(records.path(KEY), JSON.stringify(stored));
    t.throws(() => records.load(KEY), { instanceOf: RecordError });
  });
}

const strange: readonly (readonly [string, (path: string) => void])[] = [
  ['nothing', (path) => writeFileSync(path, '')],
  ['the first half', (path) => writeFileSync(path, readFileSync(path).subarray(0, 200))],
  ['zeros', (path) => writeFileSync(path, Buffer.alloc(4096))],
  ['a list', (path) => writeFileSync(path, '[]')],
  ['null', (path) => writeFileSync(path, 'null')],
];

for (const [what, put] of strange) {
  test(`K2: ${what} in the place of a record is not believed`, (t) => {
    const { records } = open(t);
    records.save(RECORD);
    put(records.path(KEY));
    t.throws(() => records.load(KEY), { instanceOf: RecordError });
  });
}

const places: readonly (readonly [string, (path: string) => void])[] = [
  ['a folder', (path) => mkdirSync(path)],
  ['a FIFO that nobody writes to', (path) => void execFileSync('mkfifo', [path])],
  ['a symbolic link', (path) => symlinkSync('/etc/passwd', path)],
];

for (const [what, put] of places) {
  test(`K2: ${what} in the place of a record is not believed`, (t) => {
    const { records } = open(t);
    put(records.path(KEY));
    t.throws(() => records.load(KEY), { instanceOf: RecordError });
  });
}

test('an error about a record does not quote it', (t) => {
  const { records } = open(t);
  writeFileSync(records.path(KEY), '{"version":1,"attributes":[["PASSWORD","CANARY"],');
  const error = t.throws(() => records.load(KEY), { instanceOf: RecordError });
  t.false(error.message.includes('CANARY'));
});
