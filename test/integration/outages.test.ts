import test from 'ava';
import { CLEAN, Oracle } from '../support/oracle.ts';
import { freePort, until } from '../support/wait.ts';
import { Load, startDriver, startLocalNats, startProxy } from './rig.ts';

const MIB = 1024 * 1024;
/** What the process needs by itself, and the memory that these tests allow it for lines. */
const MOST_MEMORY = 160 * MIB;

for (const how of ['kill', 'terminate'] as const) {
  test(`N2: no line is lost when the server ends (${how}) and comes back in mid-stream, three times`, async (t) => {
    const nats = await startLocalNats(t);
    const proxy = await startProxy(t, nats.port);
    await proxy.accept();
    const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
    const subscriber = await rig.subscribe(nats.url);
    const load = new Load(await Promise.all(['web', 'db'].map((name) => rig.container(name))));
    for (let round = 1; round <= 3; round++) {
      const before = rig.oracle.received();
      await until('lines flow', () => rig.oracle.received() > before + 1000);
      await nats[how]();
      // The driver must not be back before the subscriber: what nobody subscribes to is gone.
      await proxy.refuse();
      await nats.start();
      await subscriber.isBack(round);
      await proxy.accept();
    }
    await load.stop();
    t.deepEqual(await rig.verdict(), CLEAN);
    t.log(`${rig.oracle.written} lines, ${rig.oracle.duplicates} of them twice`);
  });
}

test('a container starts and stops at once while the server is down, and its lines arrive later', async (t) => {
  const port = await freePort();
  const proxy = await startProxy(t, port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
  let before = performance.now();
  const container = await rig.container('web');
  // An attempt to connect takes four seconds.
  t.true(performance.now() - before < 2500, 'StartLogging waited for NATS');
  await container.write(5000);
  before = performance.now();
  await container.stop();
  t.true(performance.now() - before < 500, 'StopLogging waited for NATS');
  await rig.plugin.logged('cannot connect to NATS', { reason: 'connection refused' });
  const nats = await startLocalNats(t, { port });
  await rig.subscribe(nats.url);
  await proxy.accept();
  t.deepEqual(await rig.verdict(), CLEAN);
});

test('a link that is cut again and again loses no line', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
  await rig.subscribe(nats.url);
  const load = new Load(await Promise.all(['web', 'db'].map((name) => rig.container(name))));
  for (let round = 1; round <= 5; round++) {
    const before = rig.oracle.received();
    await until('lines flow', () => rig.oracle.received() > before + 200);
    proxy.cut();
  }
  await load.stop();
  t.deepEqual(await rig.verdict(), CLEAN);
  t.log(`${rig.oracle.written} lines, ${rig.oracle.duplicates} of them twice`);
});

for (const direction of ['to server', 'to client'] as const) {
  test(`a link that swallows everything ${direction} is left within 20 seconds, and no line is lost`, async (t) => {
    const nats = await startLocalNats(t);
    const proxy = await startProxy(t, nats.port);
    await proxy.accept();
    const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
    await rig.subscribe(nats.url);
    const load = new Load([await rig.container('web')]);
    await until('lines flow', () => rig.oracle.received() > 500);
    proxy.silence(direction);
    const silentSince = performance.now();
    await rig.plugin.logged('NATS server hangs: leaving it', {}, 20_000);
    t.log(`left after ${Math.round(performance.now() - silentSince)} ms`);
    proxy.restore();
    await load.stop();
    t.deepEqual(await rig.verdict(), CLEAN);
    t.true(rig.plugin.peakMemory < MOST_MEMORY, `${Math.round(rig.plugin.peakMemory / MIB)} MiB`);
    t.log(`${rig.oracle.written} lines, ${rig.oracle.duplicates} of them twice, ${Math.round(rig.plugin.peakMemory / MIB)} MiB`);
  });
}

test('N4: a server that hangs is left for another one within 15 seconds, and no line is lost', async (t) => {
  const ports = await Promise.all([freePort(), freePort()]);
  const [hanging, healthy] = await Promise.all(ports.map((port) => startLocalNats(t, { cluster: { port, routes: ports } })));
  if (hanging === undefined || healthy === undefined) return t.fail();
  const rig = await startDriver(t, { NATS_SERVERS: hanging.url });
  const subscriber = await rig.subscribe(healthy.url);
  await subscriber.hears(hanging.url);
  const load = new Load([await rig.container('web')]);
  await until('lines flow', () => rig.oracle.received() > 500);
  await hanging.pause();
  const hungSince = performance.now();
  await rig.plugin.logged('connected to NATS', { server: healthy.url }, 20_000);
  const goneMs = Math.round(performance.now() - hungSince);
  t.log(`on the other server after ${goneMs} ms`);
  t.true(goneMs < 15_000, `${goneMs} ms`);
  await load.stop();
  // What it had confirmed and not yet passed on is in its memory, and comes now, behind the others.
  await hanging.resume();
  const { lost, corrupted } = await rig.verdict();
  t.deepEqual({ lost, corrupted }, { lost: 0, corrupted: 0 });
});

test('N12: a slow link loses no line, keeps memory bounded, and does not hold the container up', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  proxy.throttle(MIB);
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url }, new Oracle(1000));
  await rig.subscribe(nats.url);
  const container = await rig.container('web');
  const before = performance.now();
  await container.write(10_000);
  t.true(performance.now() - before < 5000, 'the FIFO was not drained');
  await until('a few seconds\' worth has passed', () => rig.oracle.received() > 2000);
  proxy.restore();
  t.deepEqual(await rig.verdict(), CLEAN);
  t.is(rig.oracle.duplicates, 0, 'a slow link was taken for a broken one');
  t.true(rig.plugin.peakMemory < MOST_MEMORY, `${Math.round(rig.plugin.peakMemory / MIB)} MiB`);
  t.log(`${Math.round(rig.plugin.peakMemory / MIB)} MiB`);
});

test('with nats-max-reconnect the driver gives up, counts, stops containers at once, and dials for the next container', async (t) => {
  const port = await freePort();
  const rig = await startDriver(t, { NATS_SERVERS: `127.0.0.1:${port}`, NATS_MAX_RECONNECT: '2' });
  const container = await rig.container('web');
  await container.write(100);
  const { attempts } = await rig.plugin.logged('gave up connecting to NATS: lines are dropped and counted until a container starts');
  t.is(attempts, 2);
  await container.write(100);
  const before = performance.now();
  await container.stop();
  t.true(performance.now() - before < 500, 'StopLogging waited for nobody');
  const { 'gave-up': dropped } = await rig.plugin.logged('session ended', { container: 'web' });
  t.is(dropped, 200);

  const nats = await startLocalNats(t, { port });
  const subscriber = await rig.subscribe(nats.url);
  const next = await rig.container('db');
  await next.write(100);
  await next.stop();
  await subscriber.flush();
  t.deepEqual(rig.oracle.missing('db'), []);
  t.is(rig.oracle.missing('web').length, 200);
});

test('when the memory for lines is full the oldest are dropped, and the driver counts exactly those that are missing', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_BUFFER: 'memory', NATS_BUFFER_SIZE: '1m' }, new Oracle(200));
  const subscriber = await rig.subscribe(nats.url);
  const container = await rig.container('web');
  await container.write(20_000);
  await container.stop();
  await proxy.accept();
  const { overflow, lines_confirmed: confirmed } = await rig.plugin.logged('session ended', { container: 'web' });
  await subscriber.flush();
  const missing = rig.oracle.missing('web');
  t.is(overflow, missing.length);
  t.is(confirmed, 20_000 - missing.length);
  t.deepEqual(missing, Array.from(missing, (_, number) => number), 'the oldest, without a gap');
  t.true(missing.length > 10_000 && missing.length < 17_500, `${missing.length} lines are missing`);
  const { reordered, corrupted } = rig.oracle.verdict();
  t.deepEqual({ reordered, corrupted }, { reordered: 0, corrupted: 0 });
  t.true(rig.plugin.log().some(({ level, msg }) => level === 'warn' && msg.includes('lines dropped')));
});

test('a container that floods the memory for lines costs a quiet one nothing', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_BUFFER: 'memory', NATS_BUFFER_SIZE: '1m' });
  await rig.subscribe(nats.url);
  const [quiet, flood] = await Promise.all(['quiet', 'flood'].map((name) => rig.container(name)));
  await quiet?.write(100);
  await flood?.write(20_000);
  await quiet?.write(100);
  await proxy.accept();
  await until('the quiet container\'s lines are there', () => rig.oracle.received('quiet') === 200);
  await flood?.stop();
  const { overflow } = await rig.plugin.logged('session ended', { container: 'flood' });
  t.is(overflow, rig.oracle.missing('flood').length);
});

test('a host whose name is not known is named in the log, and does not hold a container up', async (t) => {
  const rig = await startDriver(t, { NATS_SERVERS: 'no-such-host.invalid' });
  const container = await rig.container('web');
  await container.write(100);
  const line = await rig.plugin.logged('cannot connect to NATS', {}, 30_000);
  t.is(line['server'], 'nats://no-such-host.invalid:4222');
  t.regex(String(line['reason']), /host name/);
  const before = performance.now();
  await container.stop();
  t.true(performance.now() - before < 500, 'StopLogging waited for NATS');
});

test('no connection is left open by attempts that fail', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  proxy.silence('to client');
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
  const container = await rig.container('web');
  await container.write(100);
  await until('three attempts', () => proxy.accepted >= 3, 30_000);
  t.true(proxy.open <= 1, `${proxy.open} connections`);
  const { reason } = await rig.plugin.logged('cannot connect to NATS');
  t.regex(String(reason), /no answer within the time limit/);
  proxy.restore();
  proxy.cut();
  await rig.subscribe(nats.url);
  t.is(rig.oracle.verdict().corrupted, 0);
});
