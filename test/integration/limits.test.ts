import test from 'ava';
import type { Body } from '../support/e2e-collector.ts';
import { CLEAN } from '../support/oracle.ts';
import { until } from '../support/wait.ts';
import { CANARY, startDriver, startLocalNats, startNats, startProxy } from './rig.ts';

const KIB = 1024;

test('N7: a subject that the user may not publish to costs its own lines only, and when it is permitted a record tells of them', async (t) => {
  const driver = { NATS_USER: 'driver', NATS_PASS: `${CANARY}-driver` };
  const reader = { user: 'reader', pass: `${CANARY}-reader` };
  const config = (denied: string): string => `authorization { users: [
    { user: driver, password: "${driver.NATS_PASS}", permissions: { publish: { allow: "logs.>", deny: [${denied}] } } }
    { user: reader, password: "${reader.pass}" }
  ] }\n`;
  const nats = await startLocalNats(t, { config: config('"logs.ended", "logs.quiet"') });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, ...driver });
  const records = new Map<string, Body>();
  const subscriber = await rig.subscribe(nats.url, reader, (body) => body.source === 'driver' ? records.set(body.container_name, body) : rig.oracle.receive(body.container_name, body.text));
  const [ended, quiet, web] = await Promise.all(['ended', 'quiet', 'web'].map((name) => rig.container(name)));
  if (ended === undefined || quiet === undefined || web === undefined) return t.fail();
  await Promise.all([ended.write(5000), quiet.write(10), web.write(5000)]);
  await rig.plugin.logged('NATS does not permit this user to publish to the subject: its lines are dropped', { subject: 'logs.ended' });
  for (const container of ['ended', 'quiet']) await rig.plugin.logged('lines dropped: the server does not permit the subject', { container });
  await Promise.all([ended.stop(), web.stop()]);
  const { lines_confirmed: confirmed } = await rig.plugin.logged('session ended', { container: 'web' });
  t.is(confirmed, 5000);
  const { lines_dropped: dropped, lines_confirmed: others } = (await rig.status()).totals.core;
  t.deepEqual([dropped['not-permitted'], others], [5010, 5000]);
  t.is(await rig.plugin.terminate(), 0);
  await rig.plugin.startAgain();
  await until('both sessions are tried again', async () => (await nats.log()).split('Publish Violation').length > 3);
  await subscriber.flush();
  t.deepEqual([rig.oracle.missing('web').length, rig.oracle.missing('ended').length, records.size], [0, 5000, 0]);
  await nats.reload(config(''));
  await until('the records of both', () => records.size === 2);
  t.like(records.get('ended')?.['gap'], { lines: 5000, reason: 'not-permitted' });
  t.like(records.get('quiet')?.['gap'], { lines: 10, reason: 'not-permitted' });
  await until('the session that has ended is over', async () => (await rig.status()).sessions.every(({ container }) => container !== 'ended'));
  await quiet.write();
  await until('its lines come', () => rig.oracle.missing('quiet').length === 10);
});

/** The text that a line of one repeated letter became. */
function shown({ text, truncated }: Body): object {
  return { letters: [...new Set(text)], length: text.length, truncated };
}

test('a line that exceeds max_payload is cut, says how long it was, and holds up nothing', async (t) => {
  const nats = await startNats(t, { config: `max_payload: ${64 * KIB}\n` });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_OVERSIZE: 'truncate' });
  const bodies: Body[] = [];
  const subscriber = await rig.subscribe(nats.url, {}, (body) => bodies.push(body));
  const { logger } = await rig.container('web');
  await logger.log('stdout', 'before');
  await logger.log('stdout', 'x'.repeat(200 * KIB));
  await logger.log('stdout', 'after');
  await logger.stopLogging();
  await until('all three are there', () => bodies.length >= 3);
  await subscriber.flush();
  t.deepEqual(bodies.map(({ text }) => text[0]), ['b', 'x', 'a']);
  const [, long] = bodies;
  if (long === undefined) return t.fail();
  t.is(long.truncated, 200 * KIB);
  t.is(Buffer.byteLength(JSON.stringify(long)), 64 * KIB, 'the limit is used to the last byte');
  const { truncated, lines_confirmed: confirmed } = await rig.plugin.logged('session ended', { container: 'web' });
  t.deepEqual({ truncated, confirmed }, { truncated: 1, confirmed: 3 });
});

test('the limit of a server that comes back with a smaller one is kept', async (t) => {
  const large = await startNats(t);
  const proxy = await startProxy(t, large.port);
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_OVERSIZE: 'truncate' });
  const bodies: Body[] = [];
  const before = await rig.subscribe(large.url, {}, (body) => bodies.push(body));
  const { logger } = await rig.container('web');
  await logger.log('stdout', 'a'.repeat(200 * KIB));
  await until('the line is there', async () => bodies.length === 1 && (await rig.status()).totals.core.lines_confirmed === 1);
  await before.close();
  await proxy.refuse();
  await large.stop();
  await logger.log('stdout', 'b'.repeat(200 * KIB));
  await logger.log('stdout', 'c'.repeat(10));

  const small = await startNats(t, { port: large.port, config: `max_payload: ${64 * KIB}\n` });
  await rig.subscribe(small.url, {}, (body) => bodies.push(body));
  await proxy.accept();
  await until('all lines are there', () => bodies.length >= 3);
  t.is(bodies.length, 3);
  t.deepEqual(bodies.filter(({ text }) => !text.startsWith('b')).map(shown), [
    { letters: ['a'], length: 200 * KIB, truncated: undefined },
    { letters: ['c'], length: 10, truncated: undefined },
  ]);
  t.is(bodies[1]?.truncated, 200 * KIB);
});

test('a server whose max_payload is too small for any message gets none: each line is counted, and a short stop stays short', async (t) => {
  const nats = await startNats(t, { config: 'max_payload: 200\nmax_control_line: 4096\n' });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  await rig.subscribe(nats.url);
  const container = await rig.container('web');
  await container.write(100);
  await container.stop();
  const { 'too-large': tooLarge } = await rig.plugin.logged('session ended', { container: 'web' });
  t.is(tooLarge, 100);
});

test('a megabyte in one line arrives whole', async (t) => {
  const nats = await startNats(t, { config: `max_payload: ${2 * KIB * KIB}\n` });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  const bodies: Body[] = [];
  const subscriber = await rig.subscribe(nats.url, {}, (body) => bodies.push(body));
  const { logger } = await rig.container('web');
  await logger.log('stdout', 'm'.repeat(KIB * KIB));
  await logger.stopLogging();
  await until('it is there', () => bodies.length > 0);
  await subscriber.flush();
  t.deepEqual(bodies.map(shown), [{ letters: ['m'], length: KIB * KIB, truncated: undefined }]);
});

test('a line for a dead-letter subject that is not permitted is counted as lost, and a record tells of it', async (t) => {
  const nats = await startNats(t, {
    config: `max_payload: ${4 * KIB}\nauthorization { users: [
      { user: driver, password: "${CANARY}", permissions: { publish: { deny: "dead.>" } } }
      { user: reader, password: "${CANARY}" }
    ] }\n`,
  });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_USER: 'driver', NATS_PASS: CANARY, NATS_OVERSIZE: 'drop', NATS_DEAD_LETTER_SUBJECT: 'dead.{{.Name}}' });
  const bodies: Body[] = [];
  await rig.subscribe(nats.url, { user: 'reader', pass: CANARY }, (body) => bodies.push(body));
  const { logger } = await rig.container('web');
  for (const text of ['before', 'x'.repeat(8 * KIB), 'after']) await logger.log('stdout', text);
  await until('the others, and a record', () => bodies.length >= 3);
  t.deepEqual(bodies.filter(({ source }) => source !== 'driver').map(({ text }) => text), ['before', 'after']);
  t.like(bodies.find(({ source }) => source === 'driver')?.['gap'], { reason: 'too-large' });
  await logger.stopLogging();
  const ended = await rig.plugin.logged('session ended', { container: 'web', lines_confirmed: 2, 'too-large': 1 });
  t.is(ended['dead_lettered'], undefined);
});

test('lines of a user that has no permission yet flow when the server permits it', async (t) => {
  const config = (allow: string): string => `authorization { users: [
    { user: driver, password: "${CANARY}", permissions: { publish: { allow: ["${allow}"] } } }
    { user: reader, password: "${CANARY}" }
  ] }\n`;
  const strict = await startNats(t, { config: config('other.>') });
  const proxy = await startProxy(t, strict.port);
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_USER: 'driver', NATS_PASS: CANARY });
  const container = await rig.container('web');
  await container.logger.log('stdout', 'refused');
  await rig.plugin.logged('lines dropped: the server does not permit the subject', { container: 'web' });
  await proxy.refuse();
  await strict.stop();
  const mild = await startNats(t, { port: strict.port, config: config('logs.>') });
  await rig.subscribe(mild.url, { user: 'reader', pass: CANARY });
  await proxy.accept();
  await container.write(500);
  t.deepEqual(await rig.verdict(), CLEAN);
});
