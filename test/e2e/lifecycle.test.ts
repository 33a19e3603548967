import { Gate } from '../support/e2e-gate.ts';
import { COUNTING, OBEDIENT, countOn, numbers } from '../support/e2e-scripts.ts';
import { Site } from '../support/e2e-site.ts';
import test from '../support/e2e-test.ts';
import { PLUGIN } from '../support/plugin.ts';
import { until } from '../support/wait.ts';

let site: Site;
test.before(async () => {
  site = await Site.open();
});
test.after.always(() => site[Symbol.asyncDispose]());

/** The driver dials again after ten seconds at most. */
const RECONNECT_MS = 30_000;

/** Milliseconds of a call. */
async function duration(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await call();
  return performance.now() - start;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

test('with NATS down a container starts, docker stop returns as fast as with json-file, and nothing is lost', async (t) => {
  const gate = await Gate.before(site.nats.port);
  t.teardown(() => gate.shut());
  const durations: Record<'nats' | 'json-file', number[]> = { 'nats': [], 'json-file': [] };
  for (const round of [1, 2, 3]) {
    for (const driver of ['nats', 'json-file'] as const) {
      const name = `down-${driver}-${round}`;
      const opts = driver === 'nats' ? { 'nats-servers': gate.url } : {};
      await site.start(t, { name, driver, opts, command: OBEDIENT });
      // The trap is set when the line is there.
      await until(`${name} has started`, async () => (await site.docker.run('logs', name)) === 'started');
      durations[driver].push(await duration(() => site.docker.run('stop', name)));
    }
  }
  await gate.open();
  for (const round of [1, 2, 3]) t.deepEqual(await site.collector.texts(`down-nats-${round}`, 1, RECONNECT_MS), ['started']);
  t.true(median(durations['nats']) < median(durations['json-file']) + 500, JSON.stringify(durations));
});

test('what a container wrote while NATS was down arrives when NATS is back, even after the container has ended', async (t) => {
  const gate = await Gate.before(site.nats.port);
  t.teardown(() => gate.shut());
  await site.run({ name: 'down-ended', opts: { 'nats-servers': gate.url }, command: 'seq 1000' });
  await site.start(t, { name: 'down-running', opts: { 'nats-servers': gate.url }, command: COUNTING });
  await gate.open();
  t.deepEqual(await site.collector.texts('down-ended', 1000, RECONNECT_MS), numbers(1, 1000));
  await countOn(site, 'down-running');
  t.deepEqual(await site.collector.texts('down-running', 101, RECONNECT_MS), ['started', ...numbers(1, 100)]);
  await gate.shut();
  await countOn(site, 'down-running');
  await gate.open();
  t.deepEqual(await site.collector.distinctTexts('down-running', 201, RECONNECT_MS), ['started', ...numbers(1, 200)]);
});

test('a container that is started again logs on', async (t) => {
  await site.start(t, { name: 'again', command: 'echo started; exec sleep 1000' });
  await site.collector.messages('again', 1);
  await site.docker.run('restart', '--time', '0', 'again');
  const bodies = await site.collector.bodies('again', 2);
  t.deepEqual(bodies.map(({ text }) => text), ['started', 'started']);
  t.is(bodies[0]?.container_id, bodies[1]?.container_id);
  t.true((bodies[0]?.time ?? '') < (bodies[1]?.time ?? ''));
});

test('docker rm -f of a running container loses none of its lines and disturbs no other container', async (t) => {
  await site.start(t, { name: 'removed', command: 'seq 1000; exec sleep 1000' });
  await site.start(t, { name: 'remaining', command: COUNTING });
  await site.collector.messages('removed', 1000);
  await site.docker.run('rm', '--force', 'removed');
  await countOn(site, 'remaining');
  t.deepEqual(await site.collector.texts('removed', 1000), numbers(1, 1000));
  t.deepEqual(await site.collector.texts('remaining', 101), ['started', ...numbers(1, 100)]);
});

test('containers that run at the same time are not mixed up', async (t) => {
  const names = ['shop-web-1', 'shop-web-2', 'shop-web-10'];
  const opts = { 'nats-subject': 'logs.{{.Name}}' };
  await Promise.all(names.map((name) => site.run({ name, opts, command: `for i in $(seq 300); do echo ${name} $i; done` })));
  for (const name of names) {
    const messages = await site.collector.messages(name, 300);
    t.deepEqual(messages.map(({ body }) => body.text), numbers(1, 300).map((number) => `${name} ${number}`));
    t.deepEqual([...new Set(messages.map(({ subject }) => subject))], [`logs.${name}`]);
  }
});

test.serial('a plugin that is disabled while a container runs delivers what it has read; enabled again, it goes on', async (t) => {
  await site.start(t, { name: 'survivor', command: COUNTING });
  await countOn(site, 'survivor');
  await site.collector.messages('survivor', 1);
  await site.docker.run('plugin', 'disable', '--force', PLUGIN);
  await countOn(site, 'survivor');
  await site.docker.run('plugin', 'enable', PLUGIN);
  await countOn(site, 'survivor');
  t.deepEqual(await site.collector.texts('survivor', 301), ['started', ...numbers(1, 300)]);
  const stopMs = await duration(() => site.docker.run('stop', '--time', '0', 'survivor'));
  t.true(stopMs < 5000, `docker stop took ${stopMs} ms`);
  t.deepEqual(await site.collector.texts('survivor', 301), ['started', ...numbers(1, 300)]);
});
