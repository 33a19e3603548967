/** Streams, clocks and crowds that are none of every day, through a real FIFO to a real server. */
import { readdirSync } from 'node:fs';
import test from 'ava';
import { encodeFrame, entriesOf } from '../support/log-entry.ts';
import type { Body } from '../support/e2e-collector.ts';
import { until } from '../support/wait.ts';
import { startDriver, startLocalNats, startProxy, type Rig } from './rig.ts';

const CLEAN = { lost: 0, reordered: 0, corrupted: 0, examples: [] };

/** A module that the driver runs before its own; it says what it is asked for, on SIGUSR2, in a line of the log. */
function before(code: string): NodeJS.ProcessEnv {
  const say = 'const say = (msg, fields) => process.stderr.write(JSON.stringify({ time: "", level: "info", msg, ...fields }) + "\\n");';
  return { NATS_LOG_WORKERS: '1', NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(say + code)}` };
}

/** What comes of `container`, as it comes. */
async function watch(rig: Rig, url: string, container: string): Promise<Body[]> {
  const bodies: Body[] = [];
  await rig.subscribe(url, {}, (body) => {
    if (body.container_name === container) bodies.push(body);
  });
  return bodies;
}

test('S1, S2, S3: garbage, a length that lies and half a frame cost what they damage, and are counted in bytes and places', async (t) => {
  const nats = await startLocalNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  const bodies = await watch(rig, nats.url, 'odd');
  const { logger } = await rig.container('odd');
  const frameOf = (line: string): Buffer => Buffer.concat(entriesOf('stdout', `${line}\n`).map(encodeFrame));
  const garbage = Buffer.alloc(70_000, 0xff);
  const lie = Buffer.from('7fffffff', 'hex');
  const half = frameOf('never whole').subarray(0, 20);
  for (const bytes of [frameOf('first'), garbage, frameOf('second'), lie, frameOf('third'), half]) await logger.write(bytes);
  logger.hangUp();
  const ended = await rig.plugin.logged('session ended', { container: 'odd' });
  await until('three lines', () => bodies.length === 3);
  t.deepEqual(bodies.map(({ text }) => text), ['first', 'second', 'third']);
  t.like(ended, { lines_confirmed: 3, skipped_bytes: garbage.length + lie.length + half.length, skipped_places: 3 });
  t.like((await rig.status()).totals.core, { bytes_skipped: garbage.length + lie.length + half.length, places_skipped: 3 });
});

test('C1: absurd times are passed on as they are, and a clock that jumps by days holds up nothing', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const rig = await startDriver(t, {
    NATS_SERVERS: proxy.url,
    ...before('const { now } = Date; const jumps = [-86400e3, 3 * 86400e3]; let shift = 0; Date.now = () => now() + shift; process.on("SIGUSR2", () => say("clock", { shift: shift += jumps.shift() }));'),
  });
  await rig.subscribe(nats.url, {}, ({ container_name: name, text, source }) => {
    if (source !== 'driver' && name === 'web') rig.oracle.receive(name, text);
  });
  const bodies = await watch(rig, nats.url, 'odd');
  const odd = await rig.container('odd');
  for (const time of [0n, -1n, -(2n ** 63n), 2n ** 63n - 1n, 999_999_999n]) await odd.logger.log('stdout', String(time), time);
  await until('lines of all times', () => bodies.length === 5);
  t.deepEqual(bodies.map(({ text, time }) => [text, time]), [
    ['0', '1970-01-01T00:00:00.000000000Z'],
    ['-1', '1969-12-31T23:59:59.999999999Z'],
    ['-9223372036854775808', '1677-09-21T00:12:43.145224192Z'],
    ['9223372036854775807', '2262-04-11T23:47:16.854775807Z'],
    ['999999999', '1970-01-01T00:00:00.999999999Z'],
  ]);
  const web = await rig.container('web');
  for (const shift of [-86_400_000, 172_800_000]) {
    await web.write(100);
    rig.plugin.signal('SIGUSR2');
    await rig.plugin.logged('clock', { shift });
    // Everything that waits: for the next attempt, for confirmations, for the answer to StopLogging.
    proxy.cut();
    await web.write(100);
    const other = await rig.container(`stopped-${shift}`);
    await other.stop();
    await until('the lines have come', () => rig.oracle.received('web') === rig.oracle.written);
  }
  await web.stop();
  t.deepEqual(await rig.verdict(), CLEAN);
  await rig.plugin.logged('session ended', { container: 'web' });
});

/** Those that nobody waits for, too. */
const COUNT_TIMERS = `
  const live = new Set();
  for (const [set, clear] of [["setTimeout", "clearTimeout"], ["setInterval", "clearInterval"]]) {
    const { [set]: start, [clear]: stop } = globalThis;
    globalThis[set] = (call, ...rest) => {
      const timer = start((...args) => {
        if (set === "setTimeout") live.delete(timer);
        call(...args);
      }, ...rest);
      live.add(timer);
      return timer;
    };
    globalThis[clear] = (timer) => {
      live.delete(timer);
      stop(timer);
    };
  }
  process.on("SIGUSR2", () => say("timers", { count: live.size }));`;

test('S6: three hundred containers have a descriptor each, one connection and no timer of their own', async (t) => {
  const nats = await startLocalNats(t);
  const rig = await startDriver(t, {
    NATS_SERVERS: nats.url,
    ...before(COUNT_TIMERS),
  });
  const count = async (): Promise<{ descriptors: number; timers: number }> => {
    const asked = rig.plugin.log('timers').length;
    rig.plugin.signal('SIGUSR2');
    const timers = await until('the timers are counted', () => rig.plugin.log('timers')[asked]);
    return { descriptors: readdirSync(`/proc/${rig.plugin.pid}/fd`).length, timers: Number(timers['count']) };
  };
  await rig.container('first');
  await until('the server is there', () => rig.plugin.log('connected to NATS').length === 1);
  const few = await count();
  const crowd = await Promise.all(Array.from({ length: 300 }, (_, number) => rig.container(`crowd-${number}`)));
  const many = await count();
  t.is((await rig.status()).connections.length, 1);
  t.log(`${many.descriptors - few.descriptors} descriptors, ${many.timers - few.timers} timers more`);
  // The requests themselves have a few.
  const slack = 20;
  t.true(many.descriptors - few.descriptors <= crowd.length + slack, `${many.descriptors - few.descriptors} descriptors`);
  t.true(many.timers - few.timers <= slack, `${many.timers - few.timers} timers`);
});
