import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { Log } from '../../src/core/log.ts';
import type { DriverStatus } from '../../src/core/status.ts';
import { Presence } from '../../src/nats/presence.ts';
import { countsOf, sessionOf, statusOf } from '../support/status.ts';
import { FakeLink } from './fake-link.ts';

const EVENTS = 'ops.events.docker-1_example_com';
const STATUS = 'docker-nats-log-driver.status.docker-1_example_com';

function newPresence(status: DriverStatus = statusOf()): { presence: Presence; log: Log; said: string[] } {
  const said: string[] = [];
  const log = new Log({ write: (line) => said.push(line) > 0 });
  const presence = new Presence({ version: '1.2.3', hostname: 'docker-1.example.com', status: () => status, log });
  presence.tellUnder('ops.events');
  return { presence, log, said };
}

async function ask(link: FakeLink, subject: string): Promise<Record<string, unknown>> {
  link.served.get(subject)?.handle('reply');
  await setImmediate();
  const { subject: to, text } = link.told.at(-1) ?? { subject: '', text: '' };
  if (to !== 'reply') throw new Error(`${subject} was not answered`);
  return JSON.parse(text) as Record<string, unknown>;
}

function eventsOn(link: FakeLink): Record<string, unknown>[] {
  return link.told.filter(({ subject }) => subject === EVENTS).map(({ text }) => JSON.parse(text) as Record<string, unknown>);
}

test('each verb is answered to all, by name, and by id', async (t) => {
  const { presence } = newPresence();
  const link = new FakeLink();
  presence.opened(link);
  const { id } = await ask(link, '$SRV.PING');
  t.deepEqual([...link.served.keys()].sort(), [
    '$SRV.INFO', '$SRV.INFO.docker-nats-log-driver', `$SRV.INFO.docker-nats-log-driver.${String(id)}`,
    '$SRV.PING', '$SRV.PING.docker-nats-log-driver', `$SRV.PING.docker-nats-log-driver.${String(id)}`,
    '$SRV.STATS', '$SRV.STATS.docker-nats-log-driver', `$SRV.STATS.docker-nats-log-driver.${String(id)}`,
    STATUS,
  ]);
  t.like(await ask(link, '$SRV.INFO.docker-nats-log-driver'), {
    type: 'io.nats.micro.v1.info_response', name: 'docker-nats-log-driver', id, version: '1.2.3',
    metadata: { hostname: 'docker-1.example.com', events: EVENTS }, endpoints: [{ name: 'status', subject: STATUS, queue_group: 'q', metadata: {} }],
  });
});

test('the service is the same on the next connection, and goes on counting', async (t) => {
  const { presence } = newPresence();
  const [first, second] = [new FakeLink(), new FakeLink()];
  presence.opened(first);
  await ask(first, STATUS);
  const before = await ask(first, '$SRV.STATS');
  presence.closed();
  presence.opened(second);
  await ask(second, STATUS);
  const after = await ask(second, '$SRV.STATS');
  t.deepEqual([after['id'], after['started']], [before['id'], before['started']]);
  t.like(after, { endpoints: [{ num_requests: 2, num_errors: 0 }] });
});

test('a driver that is present elsewhere answers there only, and tells its events there', async (t) => {
  const { presence, log } = newPresence();
  const [first, second] = [new FakeLink(), new FakeLink()];
  presence.opened(first);
  presence.closed();
  log.event('connected', 'info', 'connected to NATS', { number: 1 });
  presence.opened(second);
  log.event('connected', 'info', 'connected to NATS', { number: 2 });
  t.deepEqual([first.served.size, eventsOn(first)], [0, []]);
  t.is(second.served.size, 10);
  t.deepEqual(eventsOn(second).map(({ number }) => number), [1, 2]);
});

test('events go to another subject as soon as there is one, and the service tells it', async (t) => {
  const { presence, log } = newPresence();
  const link = new FakeLink();
  presence.opened(link);
  presence.refused(EVENTS);
  presence.tellUnder('audit');
  log.event('connected', 'info', 'connected to NATS');
  t.deepEqual(link.told.map(({ subject }) => subject), ['audit.docker-1_example_com']);
  t.like(await ask(link, '$SRV.INFO'), { metadata: { events: 'audit.docker-1_example_com' } });
});

test('the statistics tell of the driver, and of problems', async (t) => {
  const lines_dropped = { ...countsOf().lines_dropped, overflow: 3 };
  const { presence } = newPresence(statusOf({
    totals: { core: countsOf({ lines_confirmed: 10, lines_dropped }), jetstream: countsOf({ lines_confirmed: 5 }) },
    configuration: { loaded_at: '2026-03-14T15:09:26Z', in_force: false, loads: 0, refusals: 1, error: 'nats: …' },
    sessions: [sessionOf('web', { journal: { kind: 'disk', bytes: 70, volatile_bytes: 0, oldest_age_seconds: 2 } })],
  }));
  const link = new FakeLink();
  presence.opened(link);
  const { endpoints: [endpoint] } = await ask(link, '$SRV.STATS') as { endpoints: { data: object }[] };
  t.like(endpoint?.data, { sessions: 1, lines_confirmed: 15, lines_dropped: 3, unconfirmed_bytes: 70, problems: ['configuration-refused'] });
});

test('the status that is too large for a message comes with fewer sessions, the busiest', async (t) => {
  const sessions = Array.from({ length: 1000 }, (_, i) => sessionOf(`container-${i}`));
  const { presence } = newPresence(statusOf({ sessions }));
  const link = new FakeLink();
  presence.opened(link);
  t.is(((await ask(link, STATUS))['sessions'] as unknown[]).length, 1000);
  link.maxPayload = 200_000;
  t.like(await ask(link, STATUS), { sessions: { length: 100 }, sessions_omitted: 900 });
  link.maxPayload = 20;
  link.served.get(STATUS)?.handle('reply');
  await setImmediate();
  t.like(await ask(Object.assign(link, { maxPayload: 1_000_000 }), '$SRV.STATS'), { endpoints: [{ num_requests: 3, num_errors: 1, last_error: 'the answer could not be sent' }] });
});

test('events go to the subject of the host, whose name is one token', (t) => {
  const { presence, log } = newPresence();
  const link = new FakeLink();
  presence.opened(link);
  log.event('session-started', 'debug', 'session started', { container: 'web' });
  t.like(eventsOn(link), { 0: { hostname: 'docker-1.example.com', event: 'session-started', level: 'debug', msg: 'session started', container: 'web' }, length: 1 });
});

test('the latest hundred events wait for a connection, and the next one says how many are missing', (t) => {
  const { presence, log } = newPresence();
  for (let number = 0; number < 130; number++) log.event('session-started', 'debug', 'session started', { number });
  const link = new FakeLink();
  presence.opened(link);
  const events = eventsOn(link);
  t.deepEqual(events.map(({ number }) => number), Array.from({ length: 100 }, (_, i) => i + 30));
  t.deepEqual(events.map(({ events_lost }) => events_lost).filter(Boolean), [30]);
});

test('a server that takes nothing costs events, which are counted', (t) => {
  const { presence, log } = newPresence();
  const link = new FakeLink();
  presence.opened(link);
  link.isDeaf = true;
  log.event('connected', 'info', 'connected to NATS');
  link.isDeaf = false;
  log.event('connected', 'info', 'connected to NATS');
  t.deepEqual(eventsOn(link).map(({ events_lost }) => events_lost), [1]);
});

test('without permission to publish events one line of the log says so, and no more are sent', (t) => {
  const { presence, log, said } = newPresence();
  const link = new FakeLink();
  presence.opened(link);
  for (let i = 0; i < 3; i++) t.true(presence.refused(EVENTS));
  said.length = 0;
  log.event('connected', 'debug', 'connected to NATS');
  t.deepEqual([eventsOn(link), said], [[], []]);
});

test('without permission to answer one line of the log says so', (t) => {
  const { presence, said } = newPresence();
  for (const subject of ['$SRV.PING', '$SRV.INFO', STATUS]) t.true(presence.refused(subject));
  t.is(said.length, 1);
  t.false(presence.refused('logs.web'), 'that is not its affair');
});
