/** Options of the connection, as the server and the wire show them. */
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { connect } from 'nats';
import { Reader } from '../../src/nats/reader.ts';
import { fileReaders } from '../../src/options/file-readers.ts';
import { CLEAN } from '../support/oracle.ts';
import { Stream } from '../support/stream.ts';
import { TARGET } from '../support/target.ts';
import { freePort, until } from '../support/wait.ts';
import { startDriver, startLocalNats, startProxy } from './rig.ts';

/** Takes connections and says nothing. */
async function startMute(t: ExecutionContext): Promise<{ port: number; taken: () => number }> {
  let taken = 0;
  const server = createServer((socket) => {
    taken++;
    socket.on('error', () => undefined);
    t.teardown(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, taken: () => taken };
}

test('nats-name is the name of the connection in the server\'s reports; without it, the driver\'s and the host\'s', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
  await rig.subscribe(nats.url);
  const [named, other] = [await rig.container('web', { 'nats-name': 'logs of the shop' }), await rig.container('db')];
  await named.write(10);
  await other.write(10);
  t.deepEqual(await rig.verdict(), CLEAN);
  const said = proxy.sent.toString();
  t.regex(said, /"name":"logs of the shop"/);
  t.regex(said, /"name":"docker-nats-log-driver@[^"]+"/);
});

test('nats-connect-timeout bounds each attempt on a server that takes connections and says nothing', async (t) => {
  const mute = await startMute(t);
  const rig = await startDriver(t, { NATS_SERVERS: `127.0.0.1:${mute.port}`, NATS_CONNECT_TIMEOUT: '100ms', NATS_RECONNECT_WAIT: '100ms' });
  const container = await rig.container('web');
  await container.write(1);
  // With the default, each would take four seconds.
  await until('fifteen attempts', () => mute.taken() >= 15, 30_000);
  const { reason } = await rig.plugin.logged('cannot connect to NATS');
  t.regex(String(reason), /^no answer within the time limit/);
});

test('nats-ping-interval: a server that is silent for twice as long is left', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_PING_INTERVAL: '1s' });
  const container = await rig.container('web');
  await container.write(1);
  await rig.plugin.logged('connected to NATS');
  proxy.silence('to client');
  const { silent_ms: silentMs } = await rig.plugin.logged('NATS server hangs: leaving it');
  t.true(Number(silentMs) >= 2000 && Number(silentMs) < 9000, `left after ${String(silentMs)} ms`);
});

test('nats-reconnect-wait bounds the waits between attempts', async (t) => {
  const port = await freePort();
  const rig = await startDriver(t, { NATS_SERVERS: `127.0.0.1:${port}`, NATS_RECONNECT_WAIT: '100ms' });
  const container = await rig.container('web');
  await container.write(1);
  await rig.plugin.logged('cannot connect to NATS');
  let attempts = 0;
  const listener = createServer((socket) => {
    attempts++;
    socket.destroy();
  });
  listener.listen(port, '127.0.0.1');
  t.teardown(() => listener.close());
  // With the default, the waits would have grown to seconds by then.
  await until('twenty attempts', () => attempts >= 20, 20_000);
  t.pass();
});

const LIMITED = `
  jetstream { store_dir: "jetstream" }
  authorization { users: [
    { user: logger, password: p, permissions: { publish: ["logs.>", "$JS.API.>"], subscribe: ["_INBOX_logger.>"] } }
    { user: admin, password: p }
  ] }
`;

test('with nats-inbox-prefix a user that may not subscribe to _INBOX.> makes a stream and has its lines confirmed', async (t) => {
  const nats = await startLocalNats(t, { config: LIMITED });
  const rig = await startDriver(t, {
    NATS_SERVERS: nats.url, NATS_USER: 'logger', NATS_PASS: 'p', NATS_TRANSPORT: 'jetstream', NATS_STREAM: 'LOGS', NATS_STREAM_CREATE: 'true',
    NATS_INBOX_PREFIX: '_INBOX_logger',
  });
  const container = await rig.container('web');
  await container.write(100);
  const stream = await Stream.of(nats.url, 'LOGS', { user: 'admin', pass: 'p' });
  t.teardown(() => stream.close());
  await until('all lines are stored', async () => await stream.count() === 100);
  t.deepEqual(rig.plugin.log('NATS does not permit this user to subscribe to its inbox: JetStream cannot confirm anything'), []);
});

test('with nats-jetstream-domain the stream is made in that domain, through a server of another one', async (t) => {
  const leafPort = await freePort();
  const hub = await startLocalNats(t, {
    config: `jetstream { store_dir: "jetstream", domain: hub }\nserver_name: hub\nleafnodes { listen: "127.0.0.1:${leafPort}" }\n`,
  });
  const leaf = await startLocalNats(t, {
    config: `jetstream { store_dir: "jetstream", domain: edge }\nserver_name: edge\nleafnodes { remotes: [ { url: "nats://127.0.0.1:${leafPort}" } ] }\n`,
  });
  const asker = await connect({ servers: leaf.url });
  t.teardown(() => asker.close());
  await until('the hub is reachable through the leaf', () => asker.request('$JS.hub.API.INFO', '', { timeout: 500 }).then(() => true, () => false));
  const rig = await startDriver(t, {
    NATS_SERVERS: leaf.url, NATS_TRANSPORT: 'jetstream', NATS_STREAM: 'LOGS', NATS_STREAM_CREATE: 'true', NATS_JETSTREAM_DOMAIN: 'hub',
  });
  const container = await rig.container('web');
  await container.write(100);
  const [inHub, inLeaf] = [await Stream.of(hub.url), await Stream.of(leaf.url)];
  t.teardown(async () => {
    await inHub.close();
    await inLeaf.close();
  });
  await until('all lines are stored in the hub', async () => await inHub.count() === 100);
  t.is(await inLeaf.count(), 0);
  const port = Number(new URL(leaf.url).port);
  const reader = await Reader.open({ ...TARGET, servers: [{ host: '127.0.0.1', port, tls: false }], domain: 'hub' }, { name: 'reader', ...fileReaders(() => []) });
  t.deepEqual(await reader.streamsOf('logs.web'), ['LOGS'], 'who reads back finds it there');
  t.is((await reader.stream('LOGS')).last, 100);
  await reader.close();
  const { remedy } = await rig.plugin.logged('JetStream does not store: lines wait');
  t.is(remedy, 'nats stream add LOGS --subjects logs.web --storage file --defaults --js-domain hub');
});
