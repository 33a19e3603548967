/** What the engine may ask, in which state NATS may be then, and how fast the answer comes. */
import { existsSync } from 'node:fs';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { SAMPLE_INFO } from '../support/info.ts';
import { CLEAN } from '../support/oracle.ts';
import { freePort, until } from '../support/wait.ts';
import { startDriver, startLocalNats, startProxy } from './rig.ts';

const STARTS = 100;
/** Nothing that NATS could be waited for takes less; the figure itself is goal G6 of the chaos script. */
const NO_WAIT_MS = 1000;

/** Milliseconds that half of the starts take at most: the machine may be busy for the others. */
async function startMs(t: ExecutionContext, servers: string): Promise<number> {
  const rig = await startDriver(t, { NATS_SERVERS: servers });
  const times: number[] = [];
  for (let at = 0; at < STARTS; at++) {
    const { file } = rig.engine.createFifo();
    const start = performance.now();
    await rig.engine.call('LogDriver.StartLogging', { File: file, Info: { ...SAMPLE_INFO, Config: {} } });
    times.push(performance.now() - start);
  }
  const sorted = times.toSorted((a, b) => a - b);
  t.log(`StartLogging: half within ${sorted[STARTS / 2]?.toFixed(1)} ms, 98 % within ${sorted[STARTS - 2]?.toFixed(1)} ms`);
  return sorted[STARTS / 2] ?? Number.NaN;
}

test('with NATS up a container starts without waiting', async (t) => {
  t.true(await startMs(t, (await startLocalNats(t)).url) <= NO_WAIT_MS);
});

test('N1 with nothing at NATS\' address a container starts without waiting', async (t) => {
  t.true(await startMs(t, `127.0.0.1:${await freePort()}`) <= NO_WAIT_MS);
});

test('N1 with a name of NATS that nobody knows a container starts without waiting', async (t) => {
  t.true(await startMs(t, 'nats.invalid') <= NO_WAIT_MS);
});

test('N1 with an address of NATS that answers to nothing a container starts without waiting', async (t) => {
  // An address for documentation (RFC 5737): packets to it vanish, or the network says that it cannot be reached.
  t.true(await startMs(t, '192.0.2.1') <= NO_WAIT_MS);
});

test('N1 with a NATS that is connected to and says nothing a container starts without waiting', async (t) => {
  const proxy = await startProxy(t, (await startLocalNats(t)).port);
  await proxy.accept();
  proxy.silence('to client');
  t.true(await startMs(t, proxy.url) <= NO_WAIT_MS);
});

test('A1 StopLogging succeeds for a FIFO that nobody knows, twice, and many times at once', async (t) => {
  const nats = await startLocalNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  await rig.subscribe(nats.url);
  const container = await rig.container('web');
  await container.write(1000);
  const stop = (file: string): Promise<unknown> => rig.engine.call('LogDriver.StopLogging', { File: file });
  const ok = { Err: '' };
  t.deepEqual(await stop('/run/docker/logging/unknown'), ok);
  t.deepEqual(await Promise.all(Array.from({ length: 20 }, () => stop(container.logger.file))), Array.from({ length: 20 }, () => ok));
  await container.stop();
  t.deepEqual(await stop(container.logger.file), ok);
  t.deepEqual(await rig.verdict(), CLEAN);
  await rig.plugin.logged('session ended', { container: 'web', lines_confirmed: 1000 });
  t.is(rig.plugin.log('session ended').length, 1);
});

test('A2 StartLogging that is repeated starts nothing twice', async (t) => {
  const nats = await startLocalNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  await rig.subscribe(nats.url);
  const container = await rig.container('web');
  await container.write(100);
  const again = { File: container.logger.file, Info: { ...SAMPLE_INFO, ContainerName: '/web' } };
  await Promise.all(Array.from({ length: 5 }, () => rig.engine.call('LogDriver.StartLogging', again)));
  await container.write(100);
  await container.stop();
  t.deepEqual(await rig.verdict(), CLEAN);
  t.is(rig.oracle.duplicates, 0);
  t.is(rig.plugin.log('session started').length, 1);
});

test('A2 StartLogging that is repeated without its body is refused with a text that says what to do', async (t) => {
  const rig = await startDriver(t, { NATS_SERVERS: `127.0.0.1:${await freePort()}` });
  const { status, text } = await rig.engine.post('LogDriver.StartLogging');
  t.is(status, 200);
  t.regex((JSON.parse(text) as { Err: string }).Err, /^nats: StartLogging: the request came without its body.* start the container again$/);
});

test('D1 a FIFO whose engine is gone ends its session and is removed; its lines arrive', async (t) => {
  const nats = await startLocalNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  await rig.subscribe(nats.url);
  const container = await rig.container('web');
  await container.write(100);
  container.logger.hangUp();
  t.deepEqual(await rig.verdict(), CLEAN);
  await rig.plugin.logged('session ended', { container: 'web' });
  await until('the FIFO is removed', () => !existsSync(container.logger.file));
});
