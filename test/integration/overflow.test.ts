/** What the stream of messages says of lines that were given up, over a real server. */
import test from 'ava';
import type { Body } from '../support/e2e-collector.ts';
import { Oracle } from '../support/oracle.ts';
import { until } from '../support/wait.ts';
import { startDriver, startLocalNats, startProxy, type Rig } from './rig.ts';

/** Lines to the oracle, records of gaps to the list. */
async function watch(rig: Rig, url: string): Promise<Body[]> {
  const gaps: Body[] = [];
  await rig.subscribe(url, {}, (body) => {
    if (body.source === 'driver') gaps.push(body);
    else rig.oracle.receive(body.container_name, body.text);
  });
  return gaps;
}

interface GapRecord {
  readonly lines: number;
  readonly reason: string;
}

function linesOf(gaps: readonly Body[]): number {
  return gaps.reduce((sum, body) => sum + (body as unknown as { gap: GapRecord }).gap.lines, 0);
}

for (const [buffer, limits] of Object.entries({ memory: { NATS_BUFFER_SIZE: '1m' }, disk: { NATS_BUFFER_CONTAINER_SIZE: '1m' } })) {
  for (const policy of ['drop-oldest', 'drop-newest']) {
    test(`K1: ${policy} with a full ${buffer} journal: read = confirmed + dropped, and the records in the stream tell of exactly the lost lines`, async (t) => {
      const nats = await startLocalNats(t);
      const proxy = await startProxy(t, nats.port);
      const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_BUFFER: buffer, NATS_OVERFLOW: policy, ...limits }, new Oracle(200));
      const gaps = await watch(rig, nats.url);
      const web = await rig.container('web');
      await web.write(20_000);
      await proxy.accept();
      await until('what was kept and the records are there', () => rig.oracle.received() + linesOf(gaps) === 20_000, 30_000);
      await web.write(10);
      await until('the new lines', () => rig.oracle.received() + linesOf(gaps) === 20_010);
      await web.stop();
      const { lines_confirmed: confirmed, overflow } = await rig.plugin.logged('session ended', { container: 'web' });
      t.is(Number(confirmed) + Number(overflow), 20_010);
      t.is(Number(overflow), linesOf(gaps));
      t.is(rig.oracle.missing('web').length, Number(overflow));
      t.true(Number(overflow) > 5000, `${overflow} lines`);
      const { reordered, corrupted } = rig.oracle.verdict();
      t.deepEqual({ reordered, corrupted }, { reordered: 0, corrupted: 0 });
      t.regex(gaps[0]?.text ?? '', /^\d+ lines \(\d+ bytes\) between \S+ and \S+ were lost: overflow$/);
    });
  }
}

test('K1: a record that the stream has not confirmed outlives a kill of the driver', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_BUFFER_CONTAINER_SIZE: '1m' }, new Oracle(200));
  const gaps = await watch(rig, nats.url);
  const web = await rig.container('web');
  await web.write(20_000);
  await rig.plugin.kill();
  await rig.plugin.startAgain();
  await proxy.accept();
  // A kill between the two may let the record tell of lines that are still there, never the other way round.
  await until('what was kept and the records are there', () => rig.oracle.received() + linesOf(gaps) >= 20_000, 30_000);
  t.true(linesOf(gaps) > 5000);
});

test('block with a full journal: the container waits, and nothing is lost', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_BUFFER_CONTAINER_SIZE: '1m', NATS_OVERFLOW: 'block', NATS_BLOCK_TIMEOUT: '30s' }, new Oracle(200));
  const gaps = await watch(rig, nats.url);
  const web = await rig.container('web');
  const written = web.write(20_000);
  await rig.plugin.logged('cannot connect to NATS');
  await proxy.accept();
  await written;
  t.deepEqual(await rig.verdict(), { lost: 0, reordered: 0, corrupted: 0, examples: [] });
  t.is(gaps.length, 0);
});

test('N10: a line over max_payload arrives in pieces, and the lines around it as ever', async (t) => {
  const nats = await startLocalNats(t, { config: 'max_payload: 65536\n' });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  const pieces: Body[] = [];
  await rig.subscribe(nats.url, {}, (body) => {
    if ('partial_id' in body) pieces.push(body);
    else rig.oracle.receive(body.container_name, body.text);
  });
  const web = await rig.container('web');
  await web.write(10);
  const long = 'é"x'.repeat(50_000);
  await web.writeText(`${long}\n`);
  await web.write(10);
  await until('the line is whole', () => pieces.map(({ text }) => text).join('') === long);
  t.deepEqual(await rig.verdict(), { lost: 0, reordered: 0, corrupted: 0, examples: [] });
  await web.stop();
  const ended = await rig.plugin.logged('session ended', { container: 'web' });
  t.is(ended['lines_confirmed'], 21);
});
