/** `nats-transport=jetstream` against real servers: what the stream holds afterwards, read back as a whole. */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { connect, RetentionPolicy, type DiscardPolicy, type StreamConfig } from 'nats';
import { startNatsCluster } from '../support/nats-cluster.ts';
import type { NatsProcessServer } from '../support/nats-process.ts';
import { gaps, Stream, type Stored } from '../support/stream.ts';
import { until } from '../support/wait.ts';
import { Load, startDriver, startLocalNats, startProxy, type Rig } from './rig.ts';

const JETSTREAM = 'jetstream { store_dir: "jetstream" }\n';
const CLEAN = { lost: 0, reordered: 0, corrupted: 0, examples: [] };
const discardNew = 'new' as DiscardPolicy;

function startServer(t: ExecutionContext, config = ''): Promise<NatsProcessServer> {
  return startLocalNats(t, { config: JETSTREAM + config });
}

async function makeStream(t: ExecutionContext, servers: string | string[], config: Partial<StreamConfig> = {}): Promise<Stream> {
  const stream = await Stream.make(servers, config);
  t.teardown(() => stream.close());
  return stream;
}

function drive(t: ExecutionContext, servers: string, env: NodeJS.ProcessEnv = {}): Promise<Rig> {
  return startDriver(t, { NATS_SERVERS: servers, NATS_TRANSPORT: 'jetstream', ...env });
}

/** Every line is in the stream once, in its container's order, and the headers prove it. */
async function proveComplete(t: ExecutionContext, rig: Rig, stream: Stream): Promise<void> {
  await until('every line is stored', async () => await stream.count() >= rig.oracle.written, 60_000).catch(() => undefined);
  const stored = await stream.read();
  for (const { body: { container_name: name, text } } of stored) rig.oracle.receive(name, text);
  t.deepEqual(rig.oracle.verdict(), CLEAN, rig.plugin.said.slice(-2000));
  t.is(rig.oracle.duplicates, 0, 'lines are stored once');
  t.deepEqual(gaps(stored).slice(0, 5), [], 'the sequence numbers of a session have no gap');
}

test('lines are stored once, in order, with headers that prove it', async (t) => {
  const nats = await startServer(t);
  const stream = await makeStream(t, nats.url);
  const rig = await drive(t, nats.url);
  const containers = await Promise.all(['web', 'db'].map((name) => rig.container(name)));
  await Promise.all(containers.map((container) => container.write(5000)));
  await proveComplete(t, rig, stream);
  const [first] = await stream.read();
  t.regex(first?.id ?? '', /^[0-9a-f]{32}-\d+:\d+$/);
});

test('N2: a server that is killed again and again under load loses no line and stores none twice', async (t) => {
  const nats = await startServer(t);
  const stream = await makeStream(t, nats.url);
  const rig = await drive(t, nats.url);
  const containers = await Promise.all(['web', 'db'].map((name) => rig.container(name)));
  const load = new Load(containers);
  for (let round = 0; round < 4; round++) {
    const before = await stream.count();
    await until('lines are stored', async () => await stream.count() > before + 500);
    await nats.kill();
    await nats.start();
  }
  await load.stop();
  await proveComplete(t, rig, stream);
});

test('P2: a driver that is killed again and again under load loses no line and stores none twice', async (t) => {
  const nats = await startServer(t);
  const stream = await makeStream(t, nats.url);
  const rig = await drive(t, nats.url);
  const containers = await Promise.all(['web', 'db'].map((name) => rig.container(name)));
  const load = new Load(containers);
  for (let round = 0; round < 6; round++) {
    const before = await stream.count();
    await until('lines are stored', async () => await stream.count() > before + 300);
    await rig.plugin.kill();
    await rig.plugin.startAgain();
  }
  await load.stop();
  await proveComplete(t, rig, stream);
});

/** What was on its way is refused: from now on lines go in their order, all of them again. */
async function allRefused(rig: Rig): Promise<void> {
  await until('nothing is on its way', async () => (await rig.status()).connections.every(({ window_bytes }) => window_bytes === 0));
}

test('N8: without a stream the lines wait, the log says how to make one, and all arrive when it is there', async (t) => {
  const nats = await startServer(t);
  const rig = await drive(t, nats.url);
  const web = await rig.container('web');
  await web.write(1000);
  const { reason, remedy } = await rig.plugin.logged('JetStream does not store: lines wait', { subject: 'logs.web' });
  t.regex(String(reason), /no JetStream stream covers the subject/);
  t.is(remedy, 'nats stream add LOGS --subjects logs.web --storage file --defaults');
  await allRefused(rig);
  const stream = await makeStream(t, nats.url);
  await proveComplete(t, rig, stream);
  await rig.plugin.logged('JetStream stores again');
});

test('N8: what is missing is said before the first line waits', async (t) => {
  const nats = await startServer(t);
  const rig = await drive(t, nats.url);
  await rig.container('web');
  const { reason, remedy } = await rig.plugin.logged('JetStream does not store: lines wait', { subject: 'logs.web' });
  t.regex(String(reason), /no JetStream stream covers the subject/);
  t.is(remedy, 'nats stream add LOGS --subjects logs.web --storage file --defaults');
});

test('a user who may not ask for streams publishes all the same', async (t) => {
  const nats = await startServer(t, `
    authorization { users: [
      { user: w, password: p, permissions: { publish: "logs.>", subscribe: "_INBOX.>" } }
      { user: a, password: a }
    ] }
    no_auth_user: a
  `);
  const stream = await makeStream(t, nats.url);
  const rig = await drive(t, nats.url, { NATS_USER: 'w', NATS_PASS: 'p' });
  await (await rig.container('web')).write(500);
  await proveComplete(t, rig, stream);
  t.deepEqual(rig.plugin.log().filter(({ level }) => level === 'error'), []);
});

test('nats-stream-create makes the stream for the whole branch of the subject', async (t) => {
  const nats = await startServer(t);
  const rig = await drive(t, nats.url, { NATS_STREAM: 'DOCKER', NATS_STREAM_CREATE: 'true' });
  const stream = await Stream.of(nats.url, 'DOCKER');
  t.teardown(() => stream.close());
  await (await rig.container('web')).write(500);
  await rig.plugin.logged('JetStream stream made');
  await (await rig.container('db')).write(500);
  await proveComplete(t, rig, stream);
  const { config } = await stream.manager.streams.info('DOCKER');
  t.deepEqual([config.subjects, config.storage, config.retention], [['logs.>'], 'file', RetentionPolicy.Limits]);
});

test('nats-stream-create never changes a stream that exists, and says why its lines wait', async (t) => {
  const nats = await startServer(t);
  const stream = await makeStream(t, nats.url, { name: 'DOCKER', subjects: ['other.>'] });
  const rig = await drive(t, nats.url, { NATS_STREAM: 'DOCKER', NATS_STREAM_CREATE: 'true' });
  await (await rig.container('web')).write(10);
  await rig.plugin.logged('the JetStream stream exists and does not cover the subject: it is left as it is', { stream: 'DOCKER' });
  t.deepEqual((await stream.manager.streams.info('DOCKER')).config.subjects, ['other.>']);
  await stream.manager.streams.update('DOCKER', { subjects: ['other.>', 'logs.>'] });
  await proveComplete(t, rig, stream);
});

test('a stream of another name than nats-stream is not written to', async (t) => {
  const nats = await startServer(t);
  const stream = await makeStream(t, nats.url);
  const rig = await drive(t, nats.url, { NATS_STREAM: 'DOCKER' });
  await (await rig.container('web')).write(10);
  const { reason } = await rig.plugin.logged('JetStream does not store: lines wait');
  t.regex(String(reason), /another stream than nats-stream covers the subject/);
  t.is(await stream.count(), 0);
});

test('N9: a stream that is full makes the lines wait, with few attempts, until there is room again', async (t) => {
  const nats = await startServer(t);
  const stream = await makeStream(t, nats.url, { max_msgs: 100, discard: discardNew });
  const rig = await drive(t, nats.url);
  const web = await rig.container('web');
  await web.write(1000);
  const { reason } = await rig.plugin.logged('JetStream does not store: lines wait');
  t.regex(String(reason), /the stream is full/);
  t.is(await stream.count(), 100);
  await allRefused(rig);
  // One line goes alone until it is stored: the stream cannot take later ones before it.
  const tried: string[] = [];
  const client = await connect({ servers: nats.url });
  t.teardown(() => client.close());
  client.subscribe('logs.web', { callback: (_, message) => void tried.push(message.string()) });
  await until('two attempts', () => tried.length >= 2);
  t.deepEqual([...new Set(tried)], tried.slice(0, 1));
  await stream.manager.streams.update(stream.name, { max_msgs: -1 });
  await proveComplete(t, rig, stream);
});

test('N10: a message over the stream\'s own limit holds up nothing, and is counted', async (t) => {
  const nats = await startServer(t);
  const stream = await makeStream(t, nats.url, { max_msg_size: 2000 });
  const rig = await drive(t, nats.url);
  const web = await rig.container('web');
  await web.write(100);
  await web.writeText(`${'x'.repeat(3000)}\n`);
  await web.write(100);
  await until('the others are stored, and the record', async () => await stream.count() === 201);
  // The lines behind it were stored before the stream had judged it.
  const bodies = (await stream.read()).sort((a, b) => a.sequence - b.sequence).map(({ body }) => body);
  t.deepEqual(bodies.flatMap(({ source }, i) => source === 'driver' ? [i] : []), [100], 'in its place');
  t.like(bodies[100], { gap: { lines: 1, bytes: 3000, reason: 'refused' } });
  await web.stop();
  const ended = await rig.plugin.logged('session ended', { container: 'web' });
  t.deepEqual([ended['lines_confirmed'], ended['refused']], [200, 1]);
  await rig.plugin.logged('JetStream refuses a message for good', { subject: 'logs.web', reason: /max_msg_size/ });
});

test('N10: with nats-dead-letter-subject, what the stream never takes goes there', async (t) => {
  const nats = await startServer(t);
  const stream = await makeStream(t, nats.url, { max_msg_size: 2000 });
  const dead = await makeStream(t, nats.url, { name: 'DEAD', subjects: ['dead.>'] });
  const rig = await drive(t, nats.url, { NATS_DEAD_LETTER_SUBJECT: 'dead.{{.Name}}' });
  const web = await rig.container('web');
  for (let i = 0; i < 3; i++) {
    await web.write(100);
    await web.writeText(`${i}${'x'.repeat(3000)}\n`);
  }
  await web.write(100);
  await until('all dead letters are there', async () => await dead.count() === 3);
  await until('the others are stored', async () => await stream.count() === 400);
  t.deepEqual(gaps([...await stream.read(), ...await dead.read()].sort((a, b) => a.sequence - b.sequence)), []);
  t.deepEqual((await dead.read()).map(({ body, subject }) => [subject, body.text[0]]), [['dead.web', '0'], ['dead.web', '1'], ['dead.web', '2']]);
  await web.stop();
  const ended = await rig.plugin.logged('session ended', { container: 'web' });
  t.deepEqual([ended['lines_confirmed'], ended['dead_lettered']], [403, 3]);
});

test('N10: a dead-letter subject that is not permitted holds up nothing: what was for it is counted, with a record in its place', async (t) => {
  const nats = await startServer(t, 'authorization { users: [\n'
    + '{ user: docker, password: canary, permissions: { publish: { deny: ["dead.>"] } } }, { user: admin, password: canary } ] }\n');
  const stream = await Stream.make(nats.url, { max_msg_size: 2000 }, { user: 'admin', pass: 'canary' });
  t.teardown(() => stream.close());
  const rig = await drive(t, nats.url, { NATS_USER: 'docker', NATS_PASS: 'canary', NATS_DEAD_LETTER_SUBJECT: 'dead.{{.Name}}' });
  const web = await rig.container('web');
  for (let i = 0; i < 2; i++) {
    await web.write(100);
    await web.writeText(`${i}${'x'.repeat(3000)}\n`);
  }
  await web.write(100);
  await until('the others are stored, and the records', async () => await stream.count() === 302);
  const bodies = (await stream.read()).sort((a, b) => a.sequence - b.sequence).map(({ body }) => body);
  t.deepEqual(bodies.flatMap(({ source }, i) => source === 'driver' ? [i] : []), [100, 201]);
  t.like(bodies[100], { gap: { lines: 1, bytes: 3001, reason: 'refused' } });
  await web.stop();
  const ended = await rig.plugin.logged('session ended', { container: 'web', lines_confirmed: 300, refused: 2 });
  t.is(ended['dead_lettered'], undefined);
});

test('N13: answers that are lost on the way back cost no line, and none is stored twice', async (t) => {
  const nats = await startServer(t);
  const stream = await makeStream(t, nats.url);
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const rig = await drive(t, proxy.url);
  const web = await rig.container('web');
  await web.write(100);
  await until('lines are stored', async () => await stream.count() === 100);
  proxy.silence('to client');
  await web.write(1000);
  await until('the server has stored them', async () => await stream.count() === 1100);
  proxy.restore();
  proxy.cut();
  await web.write(100);
  await proveComplete(t, rig, stream);
});

test('K1: lines that were stored without an answer, and then had to be given up, share their numbers with no record and no later line', async (t) => {
  const nats = await startServer(t);
  const stream = await makeStream(t, nats.url);
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const rig = await drive(t, proxy.url, { NATS_BUFFER_CONTAINER_SIZE: '1m' });
  const web = await rig.container('web');
  await web.write(10);
  await until('lines are stored', async () => await stream.count() === 10);
  proxy.silence('to client');
  await web.write(1000);
  await until('the server has stored them', async () => await stream.count() === 1010);
  await proxy.refuse();
  await web.write(20_000);
  await rig.plugin.kill();
  await rig.plugin.startAgain();
  proxy.restore();
  await proxy.accept();
  const isAfter = ({ body }: Stored): boolean => body.source === 'driver';
  await until('the record is there', async () => (await stream.read()).some(isAfter), 30_000);
  await web.write(10);
  await web.stop();
  const stored = await stream.read();
  const places = new Map(stored.map(({ session, sequence, id }) => [`${session} ${sequence}`, id]));
  t.is(places.size, stored.length, 'each number is that of one message');
  const first = stored.findIndex(isAfter);
  t.deepEqual(gaps(stored.slice(0, first)), []);
  const rest = stored.slice(first);
  t.deepEqual(rest.map(({ sequence }) => sequence), rest.map((_, i) => (rest[0] as Stored).sequence + i), 'from the record on, the numbers go on without a hole');
});

test('N7: lines of a user who may not publish are counted, and when it may a record of them is stored', async (t) => {
  const config = (denied: string): string => `authorization { users: [
    { user: docker, password: canary, permissions: { publish: { deny: [${denied}] } } }, { user: admin, password: canary }
  ] }\n`;
  const nats = await startServer(t, config('"logs.secret"'));
  const stream = await Stream.make(nats.url, {}, { user: 'admin', pass: 'canary' });
  t.teardown(() => stream.close());
  const rig = await drive(t, nats.url, { NATS_USER: 'docker', NATS_PASS: 'canary' });
  const secret = await rig.container('secret');
  await secret.write(50);
  const web = await rig.container('web');
  await web.write(50);
  await until('what is permitted is stored', async () => await stream.count() === 50);
  await secret.stop();
  t.is((await rig.status()).totals.jetstream.lines_dropped['not-permitted'], 50);
  await nats.reload(JETSTREAM + config(''));
  await until('the record is stored', async () => await stream.count() === 51);
  const record = (await stream.read()).at(-1);
  t.like(record?.body['gap'], { lines: 50, reason: 'not-permitted' });
  await rig.plugin.logged('session ended', { container: 'secret', 'not-permitted': 50 });
});

test('N3, N11: leaders that step down and a node that is killed cost no line of a replicated stream', async (t) => {
  const nodes = await startNatsCluster((options) => startLocalNats(t, { ...options, config: `server_name: n${options.cluster?.port}\n${JETSTREAM}` }));
  const urls = nodes.map(({ url }) => url);
  const stream = await makeStream(t, urls, { num_replicas: 3 });
  const rig = await drive(t, urls.join(','));
  const containers = await Promise.all(['web', 'db'].map((name) => rig.container(name)));
  // Three servers on one machine: no more than they can store meanwhile.
  const load = new Load(containers, 5);
  for (let round = 0; round < 3; round++) {
    const before = await stream.count();
    await until('lines are stored', async () => await stream.count() > before + 100, 60_000);
    await stream.stepDown();
    await sleep(200);
  }
  await nodes[1]?.kill();
  const before = await stream.count();
  await until('two nodes store on', async () => await stream.count() > before + 100, 60_000);
  await nodes[2]?.kill();
  await sleep(1000);
  await nodes[1]?.start();
  await nodes[2]?.start();
  await load.stop();
  await until('every line is stored', async () => await stream.count() >= rig.oracle.written, 60_000);
  const stored = await stream.read();
  for (const { body: { container_name: name, text } } of stored) rig.oracle.receive(name, text);
  const { lost, corrupted } = rig.oracle.verdict();
  t.deepEqual({ lost, corrupted, twice: rig.oracle.duplicates }, { lost: 0, corrupted: 0, twice: 0 });
});
