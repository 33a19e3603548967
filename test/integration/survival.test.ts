/** What the disk keeps while NATS is away outlives the driver, however it ends. */
import { globSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Oracle } from '../support/oracle.ts';
import { until } from '../support/wait.ts';
import { Load, startDriver, startLocalNats, startProxy, type Container } from './rig.ts';

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
