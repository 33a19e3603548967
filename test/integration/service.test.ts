/** The driver as a NATS service, and its events, as others see them over a real server. */
import { hostname } from 'node:os';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { connect, RequestStrategy, type ConnectionOptions, type NatsConnection, type QueuedIterator, type NatsError } from 'nats';
import type { DriverStatus } from '../../src/core/status.ts';
import { CLEAN } from '../support/oracle.ts';
import { until } from '../support/wait.ts';
import { CANARY, startDriver, startLocalNats, startNats, startProxy } from './rig.ts';

const NAME = 'docker-nats-log-driver';
const TOKEN = hostname().replaceAll(/[^A-Za-z0-9_-]/g, '_');
const STATUS = `${NAME}.status.${TOKEN}`;

interface Event { readonly event: string; readonly hostname: string; readonly [field: string]: unknown }

async function client(t: ExecutionContext, options: ConnectionOptions): Promise<NatsConnection> {
  const connection = await connect({ reconnectTimeWait: 20, maxReconnectAttempts: -1, ...options });
  t.teardown(() => connection.close());
  return connection;
}

async function all<T>(answers: Promise<QueuedIterator<T>>): Promise<T[]> {
  const found: T[] = [];
  for await (const answer of await answers) found.push(answer);
  return found;
}

/** Events from now on. */
function eventsSeenBy(observer: NatsConnection): Event[] {
  const events: Event[] = [];
  observer.subscribe(`${NAME}.events.*`, { callback: (_error, message) => void events.push(message.json<Event>()) });
  return events;
}

test('services can be listed, inspected and measured: each host\'s driver is one, and tells its status when asked', async (t) => {
  const nats = await startNats(t);
  const observer = await client(t, { servers: nats.url });
  await startDriver(t, { NATS_SERVERS: nats.url });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  const services = observer.services.client({ strategy: RequestStrategy.Timer, maxWait: 500 });
  await until('both answer', async () => (await all(services.ping())).length === 2);
  const pings = await all(services.ping(NAME));
  t.is(new Set(pings.map(({ id }) => id)).size, 2);
  for (const ping of pings) t.like(ping, { type: 'io.nats.micro.v1.ping_response', name: NAME, version: '0.1.0', metadata: { hostname: hostname() } });
  const [info, ...others] = await all(services.info(NAME, pings[0]?.id));
  t.deepEqual(others, []);
  t.like(info, { type: 'io.nats.micro.v1.info_response', id: pings[0]?.id, endpoints: [{ name: 'status', subject: STATUS, queue_group: 'q' }] });

  const web = await rig.container('web');
  await web.write(50);
  await until('it is confirmed', async () => (await rig.status()).totals.core.lines_confirmed === 50);
  const stats = await all(services.stats(NAME));
  t.deepEqual(stats.map(({ endpoints }) => (endpoints?.[0]?.data as { lines_confirmed: number }).lines_confirmed).sort(), [0, 50]);
  const { pid } = (await observer.request(STATUS, '', { timeout: 5000 })).json<DriverStatus>();
  t.true(pid > 0, 'one of the two answers');
  const requests = (await all(services.stats(NAME))).flatMap(({ endpoints }) => endpoints?.map(({ num_requests }) => num_requests) ?? []);
  t.deepEqual(requests.sort(), [0, 1]);
});

test('sessions, connections and drops are told as events, those of an absence of NATS afterwards', async (t) => {
  const nats = await startLocalNats(t);
  const observer = await client(t, { servers: nats.url });
  const events = eventsSeenBy(observer);
  await observer.flush();
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_BUFFER_CONTAINER_SIZE: '1m' });
  const web = await rig.container('web');
  await until('the session has started', () => events.some(({ event, container }) => event === 'session-started' && container === 'web'));
  await proxy.refuse();
  await web.write(20_000);
  await until('lines are dropped', async () => rig.plugin.log().some(({ event }) => event === 'lines-dropped'));
  await proxy.accept();
  const kinds = (): string[] => events.map(({ event }) => event);
  await until('the events of the absence', () =>  ['connection-lost', 'connect-failed', 'lines-dropped'].every((kind) => kinds().includes(kind)));
  await web.stop();
  await until('the end of the session', () => kinds().includes('session-ended'));
  t.deepEqual(kinds().slice(0, 1), ['configuration-loaded']);
  const dropped = events.find(({ event }) => event === 'lines-dropped');
  t.like(dropped, { container: 'web', reason: 'overflow', level: 'warn', hostname: hostname() });
  const { events: recent } = await rig.status();
  t.deepEqual(recent.map(({ event }) => event).filter((kind) => !kind.startsWith('conne')), kinds().filter((kind) => !kind.startsWith('conne')), 'the status remembers them, too');
  rig.plugin.signal('SIGTERM');
  await until('that it ends', () => kinds().includes('driver-stopping'));
});

test('a user without permission for it logs lines as ever, with two lines in the driver\'s log', async (t) => {
  const nats = await startNats(t, {
    config: `authorization { users: [
      { user: logger, password: "${CANARY}", permissions: { publish: "logs.>", subscribe: "_INBOX.>" } }
      { user: observer, password: "observer" }
    ] }`,
  });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_USER: 'logger', NATS_PASS: CANARY });
  await rig.subscribe(nats.url, { user: 'observer', pass: 'observer' });
  const web = await rig.container('web');
  await web.write(500);
  t.deepEqual(await rig.verdict(), CLEAN);
  await rig.plugin.logged('NATS does not permit this user to answer as a service (nats-service)');
  await rig.plugin.logged('NATS does not permit this user to publish the events of the driver (nats-events-subject, nats-service)');
  await web.stop();
  await rig.plugin.logged('session ended', { lines_confirmed: 500 });
  t.is(rig.plugin.log().filter(({ msg }) => msg.startsWith('NATS does not permit')).length, 2);
});

test('nats-service=false: no service, no events, no connection without a container', async (t) => {
  const nats = await startNats(t);
  const observer = await client(t, { servers: nats.url });
  const events = eventsSeenBy(observer);
  await observer.flush();
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_SERVICE: 'false' });
  t.deepEqual((await rig.status()).connections, []);
  const subscriber = await rig.subscribe(nats.url);
  const web = await rig.container('web');
  await web.write(10);
  t.deepEqual(await rig.verdict(), CLEAN);
  await subscriber.close();
  // The server learns a little later that the subscriber, who hears everything, is gone.
  await until('nobody answers', () => observer.request('$SRV.PING', '', { timeout: 1000 }).then(() => false, ({ code }: NatsError) => code === '503'));
  t.deepEqual(events, []);
});

test('a driver that nobody told of a server dials none, and is present where its containers are', async (t) => {
  const rig = await startDriver(t, {});
  t.deepEqual((await rig.status()).connections, []);
  await rig.container('web', { 'nats-servers': '127.0.0.1:1' });
  t.like(await rig.status(), { connections: [{ servers: ['nats://127.0.0.1:1'] }] });
  await rig.container('other');
  t.deepEqual((await rig.status()).connections.map(({ servers: [server] }) => server), ['nats://127.0.0.1:1', 'nats://localhost:4222']);
});

test('no secret is in an event', async (t) => {
  const nats = await startNats(t, {
    config: `authorization { users: [ { user: logger, password: "${CANARY}-7f3a" }, { user: observer, password: "observer" } ] }`,
  });
  const observer = await client(t, { servers: nats.url, user: 'observer', pass: 'observer' });
  const texts: string[] = [];
  observer.subscribe('>', { callback: (_error, message) => void texts.push(message.string()) });
  await observer.flush();
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_USER: 'logger', NATS_PASS: `${CANARY}-7f3a` });
  await rig.container('wrong', { 'nats-user': 'logger', 'nats-pass': `${CANARY}-wrong` });
  await until('the refusal is told', () => texts.some((text) => text.includes('login-refused')));
  texts.push((await observer.request(STATUS, '', { timeout: 5000 })).string());
  t.false(texts.join('').includes(CANARY));
});

test('where the settings have no login, nobody knocks for ever: the driver is present once a container has one', async (t) => {
  const nats = await startNats(t, { config: `authorization { user: logger, password: "${CANARY}" }` });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  await rig.plugin.logged('nats-service: the login of the settings is refused, the driver is present as soon as a container uses it');
  const { connections, connection_totals } = await rig.status();
  t.deepEqual(connections, []);
  t.is(connection_totals.auth_failures, 1);
});
