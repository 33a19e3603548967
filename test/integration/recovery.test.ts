/** What a driver finds when it starts: the work of one that died, damaged files, a configuration that is refused. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { DriverError } from '../support/fake-engine.ts';
import { CLEAN, Oracle } from '../support/oracle.ts';
import { until } from '../support/wait.ts';
import { CANARY, startDriver, startLocalNats, startProxy, type Container, type Rig } from './rig.ts';

const KILLS = 20;

function bytesOnDisk(state: string): number {
  return globSync(join(state, 'journals/**/*')).reduce((sum, path) => sum + statSync(path).size, 0);
}

async function untilOnDisk({ plugin: { state } }: Rig, containers: readonly Container[]): Promise<void> {
  const written = containers.reduce((sum, { framed }) => sum + framed, 0);
  await until('everything is on disk', () => globSync(join(state, 'journals/*/*.seg')).reduce((sum, path) => sum + statSync(path).size, 0) >= written);
}

function key({ logger: { file } }: Container): string {
  return createHash('sha256').update(file).digest('hex').slice(0, 32);
}

test('P3: a crash during recovery, twenty times in a row, harms nothing', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
  const { plugin } = rig;
  await rig.subscribe(nats.url);
  const containers = await Promise.all(Array.from({ length: 20 }, (_, i) => rig.container(`c${i}`)));
  for (const container of containers) await container.write(500);
  await untilOnDisk(rig, containers);
  await plugin.kill();
  const before = bytesOnDisk(plugin.state);
  const from = performance.now();
  await plugin.startAgain();
  await plugin.logged('sessions restored', { sessions: 20 });
  const recoveryMs = performance.now() - from;
  await plugin.kill();
  for (let i = 0; i < KILLS; i++) {
    plugin.spawnAgain();
    await sleep(recoveryMs * i / KILLS);
    await plugin.kill();
  }
  t.true(bytesOnDisk(plugin.state) < before + 64 * 1024, 'the journals have grown');
  t.is(readdirSync(join(plugin.state, 'sessions')).length, 20);
  await plugin.startAgain();
  await plugin.logged('sessions restored', { sessions: 20 });
  t.deepEqual(globSync(join(plugin.state, '**/quarantine/*')), [], 'a session is taken for the cause of the kills');
  for (const container of containers) await container.write(10);
  await proxy.accept();
  t.deepEqual(await rig.verdict(), CLEAN);
});

/** What somebody may find in the place of a record or a segment. */
const damage: readonly (readonly [string, (path: string) => void])[] = [
  ['half of it', (path) => writeFileSync(path, readFileSync(path).subarray(0, 60))],
  ['garbage', (path) => writeFileSync(path, Buffer.alloc(3000, 'garbage '))],
  ['a folder', (path) => replace(path, () => mkdirSync(path))],
  ['a FIFO', (path) => replace(path, () => execFileSync('mkfifo', [path]))],
  ['a symbolic link', (path) => replace(path, () => symlinkSync('/etc/passwd', path))],
  ['a symbolic link to itself', (path) => replace(path, () => symlinkSync(path, path))],
];

function replace(path: string, make: () => void): void {
  rmSync(path);
  make();
}

test('K2: whatever lies in the place of records and segments, the driver starts and delivers the rest', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
  const { plugin } = rig;
  await rig.subscribe(nats.url);
  const web = await rig.container('web');
  const victims = await Promise.all(damage.map((_, i) => rig.container(`record-${i}`)));
  const torn = await Promise.all(damage.map((_, i) => rig.container(`segment-${i}`)));
  for (const container of [web, ...victims, ...torn]) await container.write(50);
  await untilOnDisk(rig, [web, ...victims, ...torn]);
  await plugin.kill();
  damage.forEach(([, put], i) => {
    put(join(plugin.state, 'sessions', `${key(victims[i] as Container)}.json`));
    put(globSync(join(plugin.state, 'journals', key(torn[i] as Container), '*.seg'))[0] as string);
  });
  await plugin.startAgain();
  await plugin.logged('sessions restored', { sessions: 1 + torn.length });
  for (const container of [web, ...torn]) await container.write(50);
  await proxy.accept();
  await until('the others are delivered', () => rig.oracle.received('web') === 100 && torn.every(({ name }) => rig.oracle.received(name) >= 50));
  t.is(rig.oracle.verdict().corrupted, 0);
  const kept = readdirSync(join(plugin.state, 'quarantine'));
  t.is(kept.filter((name) => name.includes('-sessions-')).length, damage.length);
  t.is(kept.filter((name) => name.includes('-journals-')).length, damage.length);
  const said = plugin.log().filter(({ msg }) => msg.startsWith('a session cannot be restored'));
  t.is(said.length, damage.length);
});

test('a record of a later version is kept aside with its lines', async (t) => {
  const rig = await startDriver(t, { NATS_SERVERS: '127.0.0.1:1' });
  const { plugin } = rig;
  const container = await rig.container('web');
  await container.write(50);
  await untilOnDisk(rig, [container]);
  await plugin.kill();
  const path = join(plugin.state, 'sessions', `${key(container)}.json`);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"version":\d+/, '"version":99'));
  await plugin.startAgain();
  await plugin.logged(`a session cannot be restored: it is of another version of the driver; moved into quarantine`);
  await plugin.logged(`lines cannot be delivered: their session cannot be restored; moved into quarantine`);
  t.deepEqual(readdirSync(join(plugin.state, 'quarantine')), [`00000001-sessions-${key(container)}.json`, `00000002-journals-${key(container)}`]);
  t.true(globSync(join(plugin.state, 'quarantine/00000002*/*.seg')).reduce((sum, each) => sum + statSync(each).size, 0) >= container.framed);
});

test('P3: a session that processes die with goes on without its lines, then is given up', async (t) => {
  const rig = await startDriver(t, { NATS_SERVERS: '127.0.0.1:1' });
  const { plugin } = rig;
  const container = await rig.container('web');
  await container.write(50);
  await untilOnDisk(rig, [container]);
  await plugin.kill();
  const accuse = (deaths: number): void => writeFileSync(join(plugin.state, 'suspect'), `${key(container)} ${String(deaths).padStart(6, '0')}\n`);
  accuse(3);
  await plugin.startAgain();
  await plugin.logged('sessions restored', { sessions: 1 });
  t.is(readdirSync(join(plugin.state, 'quarantine')).length, 1);
  await container.write(50);
  await until('its FIFO is read', () => bytesOnDisk(plugin.state) >= container.framed / 2);
  await plugin.kill();
  accuse(6);
  await plugin.startAgain();
  await plugin.logged('sessions restored', { sessions: 0 });
  t.is(readdirSync(join(plugin.state, 'quarantine')).length, 3);
});

test('C3: with a configuration that is refused the driver says so to each container, and drains the sessions on record', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
  const { plugin } = rig;
  await rig.subscribe(nats.url);
  const container = await rig.container('web');
  await container.write(2000);
  await untilOnDisk(rig, [container]);
  await plugin.kill();
  await plugin.startAgain({ NATS_FORMAT: 'jsno', NATS_BUFFER_DISK_SIZE: '1' });
  await plugin.logged('configuration refused: no container can be started');
  const error = await t.throwsAsync(rig.container('db'), { instanceOf: DriverError });
  t.regex(error.message, /nats-format: expected .*, got "jsno" \(plugin setting NATS_FORMAT\)/);
  await container.write(2000);
  await proxy.accept();
  t.deepEqual(await rig.verdict(), CLEAN);
  await container.stop();
  await until('the session has ended', () => readdirSync(join(plugin.state, 'sessions')).length === 0);
});

test('C3: lines whose credentials are in a configuration that is refused wait for the good one', async (t) => {
  const nats = await startLocalNats(t, { args: ['--user', 'driver', '--pass', CANARY] });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_USER: 'driver', NATS_PASS: CANARY });
  const { plugin } = rig;
  await rig.subscribe(nats.url, { user: 'driver', pass: CANARY });
  const container = await rig.container('web');
  await container.write(10);
  await until('lines arrive', () => rig.oracle.received() === 10);
  await plugin.kill();
  await plugin.startAgain({ NATS_FORMAT: 'jsno' });
  await container.write(2000);
  await plugin.logged('lines wait on disk: the configuration with the credentials of their sessions is refused');
  await until('the FIFO is read', () => bytesOnDisk(plugin.state) >= container.framed / 2010 * 2000);
  t.is(rig.oracle.received(), 10);
  t.is(await plugin.terminate(), 0);
  await plugin.startAgain();
  t.deepEqual(await rig.verdict(), CLEAN);
});

test('P1: told to end while NATS is away and 64 MiB wait, the driver ends in time and everything is safe', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url }, new Oracle(4000));
  const { plugin } = rig;
  await rig.subscribe(nats.url);
  const containers = await Promise.all(['web', 'db', 'api', 'job'].map((name) => rig.container(name)));
  for (const container of containers) for (let i = 0; i < 8; i++) await container.write(512);
  await untilOnDisk(rig, containers);
  const from = performance.now();
  t.is(await plugin.terminate(), 0);
  t.true(performance.now() - from < 8000, 'the engine would have killed it');
  await plugin.startAgain();
  await proxy.accept();
  t.deepEqual(await rig.verdict(120_000), CLEAN);
});

test('lines on disk are delivered by a driver that keeps new ones in memory', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
  const { plugin } = rig;
  await rig.subscribe(nats.url);
  const [web, job] = [await rig.container('web'), await rig.container('job')];
  for (const container of [web, job]) await container.write(1000);
  await untilOnDisk(rig, [web, job]);
  await job.stop();
  await plugin.kill();
  await plugin.startAgain({ NATS_BUFFER: 'memory' });
  await web.write(100);
  await proxy.accept();
  t.deepEqual(await rig.verdict(), CLEAN);
});
