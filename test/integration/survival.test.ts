/** What the disk keeps while NATS is away outlives the driver, however it ends. */
import { globSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Oracle } from '../support/oracle.ts';
import { until } from '../support/wait.ts';
import { Load, startDriver, startLocalNats, startProxy, type Container, type Rig } from './rig.ts';

/** The driver has read all that the containers wrote. */
async function untilOnDisk(state: string, containers: readonly Container[]): Promise<void> {
  const written = containers.reduce((sum, { framed }) => sum + framed, 0);
  await until('everything is on disk', () => globSync(join(state, 'journals/*/*.seg')).reduce((sum, path) => sum + statSync(path).size, 0) >= written);
}

const CLEAN = { lost: 0, reordered: 0, corrupted: 0, examples: [] };

test('lines that NATS has not confirmed when the driver is killed are delivered by the next one, in order', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url }, new Oracle(200));
  await rig.subscribe(nats.url);
  const containers = await Promise.all(['web', 'db'].map((name) => rig.container(name)));
  for (const container of containers) await container.write(10_000);
  await untilOnDisk(rig.plugin.state, containers);
  await rig.plugin.kill();
  await rig.plugin.startAgain();
  for (const container of containers) await container.write(1000);
  await proxy.accept();
  const { lost, reordered, corrupted, examples } = await rig.verdict();
  t.deepEqual({ lost, reordered, corrupted, examples }, CLEAN);
  t.is(rig.oracle.received(), 22_000);
});

test('lines of a container that ended while NATS was away are delivered by the next driver, and then forgotten', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
  await rig.subscribe(nats.url);
  const container = await rig.container('web');
  await container.write(5000);
  await container.stop();
  await rig.plugin.kill();
  await rig.plugin.startAgain();
  await proxy.accept();
  const { lost, reordered, corrupted, examples } = await rig.verdict();
  t.deepEqual({ lost, reordered, corrupted, examples }, CLEAN);
  for (const folder of ['sessions', 'journals']) {
    await until(`${folder} is empty`, () => readdirSync(join(rig.plugin.state, folder)).filter((name) => name !== 'quarantine').length === 0);
  }
});

test('an orderly end while NATS is away loses nothing either', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
  await rig.subscribe(nats.url);
  const container = await rig.container('web');
  await container.write(5000);
  t.is(await rig.plugin.terminate(), 0);
  await rig.plugin.startAgain();
  await container.write(100);
  await proxy.accept();
  const { lost, reordered, corrupted, examples } = await rig.verdict();
  t.deepEqual({ lost, reordered, corrupted, examples }, CLEAN);
  t.deepEqual(rig.plugin.log().filter(({ msg }) => String(msg).includes('dropped')), []);
});

test('a driver that is killed again and again while containers write loses nothing', async (t) => {
  const nats = await startLocalNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  await rig.subscribe(nats.url);
  const containers = await Promise.all(['web', 'db'].map((name) => rig.container(name)));
  const load = new Load(containers);
  for (let round = 0; round < 5; round++) {
    const before = rig.oracle.received();
    await until('lines arrive', () => rig.oracle.received() > before + 500);
    await rig.plugin.kill();
    await rig.plugin.startAgain();
  }
  await load.stop();
  const { lost, corrupted, examples } = await rig.verdict();
  
  t.is(lost, 0, JSON.stringify(examples));
  t.is(corrupted, 0);
  t.log(`${rig.oracle.received()} lines, ${lost} lost, ${rig.oracle.duplicates} twice`);
});

/** The records of the driver itself, as [reason, lines]. */
async function watchRecords(rig: Rig, url: string): Promise<(readonly [string, number | undefined])[]> {
  const records: (readonly [string, number | undefined])[] = [];
  await rig.subscribe(url, {}, (body) => {
    const { gap } = body as unknown as { gap?: { reason: string; lines?: number } };
    if (gap === undefined) rig.oracle.receive(body.container_name, body.text);
    else records.push([gap.reason, gap.lines]);
  });
  return records;
}

test('P2: a kill of a driver that keeps lines in memory leaves a record that lines may be missing, an orderly end does not', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_BUFFER: 'memory' }, new Oracle(200));
  const records = await watchRecords(rig, nats.url);
  const web = await rig.container('web');
  await web.write(100);
  await until('the pipe is read', () => rig.plugin.log('session started').length === 1);
  await rig.plugin.kill();
  await rig.plugin.startAgain();
  await rig.plugin.logged('lines may be missing: the driver was killed, and what it had in memory is not known', { container: 'web' });
  await proxy.accept();
  await until('the record', () => records.length === 1);
  t.deepEqual(records, [['crash', undefined]]);
  await until('it is confirmed', async () => (await rig.status()).totals.core.gaps === 1);
  await proxy.refuse();
  await rig.plugin.logged('cannot connect to NATS');
  await web.write(50);
  t.is(await rig.plugin.terminate(), 0);
  await rig.plugin.startAgain();
  await proxy.accept();
  await web.write(1);
  await until('the new line', () => rig.oracle.received() > 0 && rig.oracle.missing('web').at(-1) !== 150);
  t.deepEqual(records.slice(1).map(([reason]) => reason).filter((reason) => reason === 'crash'), [], 'it ended in order');
});

for (const sync of ['none', 'always'] as const) {
  test(`K3: after a power failure with nats-buffer-sync=${sync} what is on disk is delivered, ${sync === 'always' ? 'and that is all' : 'with a record that lines may be missing'}`, async (t) => {
    const nats = await startLocalNats(t);
    const proxy = await startProxy(t, nats.port);
    const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_BUFFER_SYNC: sync }, new Oracle(200));
    const records = await watchRecords(rig, nats.url);
    const web = await rig.container('web');
    await web.write(100);
    await untilOnDisk(rig.plugin.state, [web]);
    await rig.plugin.kill();
    // To the next process the machine has been started again since.
    const [path = ''] = globSync(join(rig.plugin.state, 'sessions/*.json'));
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"bootId":"[^"]+"/, '"bootId":"an earlier one"'));
    await rig.plugin.startAgain();
    await proxy.accept();
    await rig.plugin.logged('session ended', { container: 'web', lines_confirmed: 100 });
    t.deepEqual(await rig.verdict(), CLEAN);
    t.deepEqual(records, sync === 'always' ? [] : [['crash', undefined]]);
  });
}

test('K2: what the disk does not give back leaves a record in its place', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url }, new Oracle(200));
  const records = await watchRecords(rig, nats.url);
  const web = await rig.container('web');
  await web.write(1000);
  await untilOnDisk(rig.plugin.state, [web]);
  await rig.plugin.kill();
  const [file = ''] = globSync(join(rig.plugin.state, 'journals/*/*.seg'));
  writeFileSync(file, 'damage', { flag: 'r+' });
  await rig.plugin.startAgain();
  await web.write(10);
  await proxy.accept();
  await until('the new lines', () => rig.oracle.received() === 10);
  await rig.plugin.logged('bytes lost: the disk does not give them back', { container: 'web' });
  t.deepEqual(records, [['unreadable', undefined]]);
});
