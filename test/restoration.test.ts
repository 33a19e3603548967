import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Log } from '../src/core/log.ts';
import { nodeFileSystem } from '../src/journal/file-system.ts';
import { Quarantine } from '../src/journal/quarantine.ts';
import { sessionKey, SessionRecords, type FoundRecord } from '../src/journal/session-records.ts';
import { Suspect } from '../src/journal/suspect.ts';
import { Journals } from '../src/journals.ts';
import { loadSettings } from '../src/options/resolve.ts';
import { planContainer, readContainer } from '../src/plan.ts';
import { Restoration } from '../src/restoration.ts';
import { toRecord } from '../src/survival.ts';

const SETTINGS = loadSettings({ NATS_SERVERS: 'nats.test' }, []);
const LIMITS = { entries: 100, bytes: 1e6, largest: 1e6 };

/** A host with a state folder and FIFOs, and one process after the other. */
class Host {
  readonly dir = mkdtempSync(join(tmpdir(), 'nld-restoration-'));
  readonly log: string[] = [];

  constructor(t: ExecutionContext) {
    t.teardown(() => rmSync(this.dir, { recursive: true, force: true }));
  }

  /** Where its FIFO is, or was. */
  file(name: string): string {
    return join(this.dir, name);
  }

  /** A session on record, with a journal; `isAlive`: with a FIFO, too. */
  session(name: string, isAlive: boolean): void {
    const file = this.file(name);
    const container = readContainer({ ContainerID: name, ContainerName: `/${name}`, ContainerImageID: 'i', ContainerImageName: 'n', Config: {} });
    this.records.save({ ...toRecord(file, container, planContainer(SETTINGS, container, 'host')), isSeamless: false, gaps: {}, seams: [] });
    if (isAlive) execFileSync('mkfifo', [file]);
    mkdirSync(this.journal(name), { recursive: true });
    writeFileSync(join(this.journal(name), 'lines'), 'x');
  }

  journal(name: string): string {
    return join(this.dir, 'state/journals', sessionKey(this.file(name)));
  }

  get records(): SessionRecords {
    return new SessionRecords(join(this.dir, 'state'), 'none');
  }

  get quarantined(): readonly string[] {
    try {
      return readdirSync(join(this.dir, 'state/quarantine')).map((name) => name.replace(/[0-9a-f]{32}/, '…')).sort();
    } catch {
      return [];
    }
  }

  process(resume: (found: FoundRecord) => void): Restoration {
    const { records } = this;
    const log = new Log({ write: (line) => this.log.push((JSON.parse(line) as { msg: string }).msg) > 0 });
    return new Restoration({
      records, log, resume,
      journals: new Journals(SETTINGS.options, records.state, log),
      suspect: new Suspect(nodeFileSystem, records.state),
      quarantine: new Quarantine(nodeFileSystem, records.state, LIMITS),
    });
  }

  /** The names in the order in which a process gets them. */
  async restored(): Promise<string[]> {
    const names: string[] = [];
    await this.process(({ record }) => names.push(record.plan.facts.name)).run();
    return names;
  }
}

test('sessions whose containers wait for a reader come first', async (t) => {
  const host = new Host(t);
  for (let i = 0; i < 20; i++) host.session(`${i % 2 === 0 ? 'dead' : 'alive'}-${i}`, i % 2 === 1);
  const names = (await host.restored()).map((name) => name.split('-')[0]);
  t.deepEqual(names, [...Array<string>(10).fill('alive'), ...Array<string>(10).fill('dead')]);
});

test('others get their turn in between, however many sessions there are', async (t) => {
  const host = new Host(t);
  for (let i = 0; i < 50; i++) host.session(`s${i}`, false);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  let restored = 0;
  await host.process(() => {
    restored++;
    const until = performance.now() + 3;
    while (performance.now() < until) continue;
  }).run();
  clearInterval(timer);
  t.is(restored, 50);
  t.true(turns >= 5, `${turns} turns`);
});

test('A2: a request for a session that waits gets it restored at once, and only once', async (t) => {
  const host = new Host(t);
  for (const name of ['web', 'db']) host.session(name, true);
  const names: string[] = [];
  const restoration = host.process(({ record }) => names.push(record.plan.facts.name));
  const run = restoration.run();
  restoration.hasten(host.file('web'));
  restoration.hasten(host.file('web'));
  restoration.hasten(host.file('unknown'));
  t.deepEqual(names, ['web']);
  await run;
  restoration.hasten(host.file('db'));
  t.deepEqual(names, ['web', 'db']);
});

test('K2: a record that cannot be believed goes into quarantine with its lines; the others are restored', async (t) => {
  const host = new Host(t);
  for (const name of ['web', 'db']) host.session(name, true);
  writeFileSync(host.records.path(sessionKey(host.file('db'))), '{"version":');
  t.deepEqual(await host.restored(), ['web']);
  t.deepEqual(host.quarantined, ['00000001-sessions-….json', '00000002-journals-…']);
  t.true(host.log.some((msg) => msg.startsWith('a session cannot be restored: it is no JSON; moved into quarantine')), host.log.join('\n'));
  host.log.length = 0;
  t.deepEqual(await host.restored(), ['web']);
  t.deepEqual(host.log, ['sessions restored']);
});

test('lines without a record, and files that are none of ours, go into quarantine', async (t) => {
  const host = new Host(t);
  host.session('web', true);
  host.records.remove(host.file('web'));
  writeFileSync(join(host.dir, 'state/sessions/notes'), 'x');
  t.deepEqual(await host.restored(), []);
  t.deepEqual(host.quarantined, ['00000001-sessions-notes', '00000002-journals-…']);
});

test('P4: a session that cannot be opened because of a bug does not stop the others', async (t) => {
  const host = new Host(t);
  for (const name of ['web', 'db']) host.session(name, true);
  const names: string[] = [];
  await host.process(({ record: { plan: { facts } } }) => {
    if (facts.name === 'db') throw new TypeError('a bug');
    names.push(facts.name);
  }).run();
  t.deepEqual(names, ['web']);
  t.is(host.quarantined.length, 2);
  t.true(host.log.some((msg) => msg.includes('TypeError: a bug')));
});

test('a machine that is short of descriptors costs no session: it is tried again', async (t) => {
  const host = new Host(t);
  host.session('web', true);
  const shortage = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'open' });
  const restoration = host.process(() => {
    throw shortage;
  });
  await restoration.run();
  restoration.stop();
  t.deepEqual(host.quarantined, []);
  t.deepEqual(await host.restored(), ['web']);
});

/** A process that is killed while it restores the session. */
async function die(host: Host, name: string): Promise<void> {
  const suspect = new Suspect(nodeFileSystem, host.records.state);
  suspect.accuse(sessionKey(host.file(name)));
  await Promise.resolve();
}

test('P3: after three processes that died with a session it goes on without the lines it had', async (t) => {
  const host = new Host(t);
  for (const name of ['web', 'db']) host.session(name, true);
  for (let deaths = 0; deaths < 2; deaths++) await die(host, 'db');
  // The third one.
  host.process(() => undefined).hasten(host.file('db'));
  t.deepEqual(host.quarantined, []);
  t.deepEqual((await host.restored()).sort(), ['db', 'web']);
  t.deepEqual(host.quarantined, ['00000001-journals-…']);
  t.true(host.log.includes('lines are left out: 3 processes in a row ended with them; moved into quarantine'));
});

test('P3: after six processes that died with a session it is given up', async (t) => {
  const host = new Host(t);
  for (const name of ['web', 'db']) host.session(name, true);
  for (let deaths = 0; deaths < 6; deaths++) await die(host, 'db');
  t.deepEqual(await host.restored(), ['web']);
  t.deepEqual(host.quarantined, ['00000001-sessions-….json', '00000002-journals-…']);
});

test('P3: a kill while others have their turn is nobody\'s fault', async (t) => {
  const host = new Host(t);
  for (let i = 0; i < 20; i++) host.session(`s${i}`, false);
  const accused: string[] = [];
  const timer = setInterval(() => accused.push(readFileSync(join(host.records.state, 'suspect'), 'latin1').trim()), 1);
  await host.process(() => {
    const until = performance.now() + 5;
    while (performance.now() < until) continue;
  }).run();
  clearInterval(timer);
  t.true(accused.length >= 5, `${accused.length} turns`);
  t.deepEqual(accused.filter((session) => session !== ''), []);
});

test('a process that restores everything makes deaths forgotten', async (t) => {
  const host = new Host(t);
  host.session('web', true);
  for (let deaths = 0; deaths < 2; deaths++) await die(host, 'web');
  await host.restored();
  await die(host, 'web');
  t.deepEqual(await host.restored(), ['web']);
  t.deepEqual(host.quarantined, []);
});

test('a process that ends leaves the rest to the next one', async (t) => {
  const host = new Host(t);
  for (const name of ['web', 'db']) host.session(name, true);
  const names: string[] = [];
  const restoration = host.process(({ record }) => names.push(record.plan.facts.name));
  const run = restoration.run();
  restoration.stop();
  await run;
  t.deepEqual(names, []);
  t.is((await host.restored()).length, 2);
});
