/** Findings of `nats-log-driver doctor` about streams, each provoked with a real one. */
import test, { type ExecutionContext } from 'ava';
import { connect, nanos, StorageType, type DiscardPolicy, type StreamConfig } from 'nats';
import type { FindingId } from '../../src/cli/doctor/finding.ts';
import { examine } from '../support/doctor.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { Stream } from '../support/stream.ts';
import { startLocalNats } from './rig.ts';

const JETSTREAM = 'jetstream { store_dir: "jetstream" }\n';
const discardNew = 'new' as DiscardPolicy;

function settings({ url }: NatsServer): NodeJS.ProcessEnv {
  return { NATS_SERVERS: url, NATS_TRANSPORT: 'jetstream' };
}

test('jetstream-unavailable, stream-missing, stream-other: nobody would keep the lines', async (t) => {
  const without = await startLocalNats(t);
  (await examine(t, settings(without))).finds('jetstream-unavailable', 'failed', /^JetStream is off/, /switch JetStream on/);
  (await examine(t, { NATS_SERVERS: without.url })).says('stream', 'skipped', /nats-transport=core/);
  const nats = await startLocalNats(t, { config: JETSTREAM });
  const env = settings(nats);
  (await examine(t, env)).finds('stream-missing', 'failed', /^no stream covers logs\.web/, /^nats stream add LOGS --subjects logs\.web/);
  (await examine(t, env, ['--log-opt', 'nats-stream=MINE'])).finds('stream-missing', 'failed', /^no stream/, /^nats stream add MINE --subjects logs\.>/);
  (await examine(t, env, ['--log-opt', 'nats-stream=MINE', '--log-opt', 'nats-stream-create'])).says('stream', 'ok', /MINE is made/);
  const stream = await Stream.make(nats.url);
  t.teardown(() => stream.close());
  (await examine(t, env, ['--log-opt', 'nats-stream=MINE'])).finds('stream-other', 'failed', /^LOGS covers logs\.web, and nats-stream is MINE/);
});

interface StreamFault { readonly id: FindingId; readonly config: Partial<StreamConfig>; readonly result: 'warning' | 'failed'; readonly detail: RegExp; readonly messages?: number }

const streamFaults: readonly StreamFault[] = [
  { id: 'stream-in-memory', config: { storage: StorageType.Memory }, result: 'warning', detail: /is in memory/ },
  { id: 'stream-unconfirmed', config: { no_ack: true }, result: 'failed', detail: /confirms nothing/ },
  { id: 'stream-nearly-full', config: { max_msgs: 10, discard: discardNew }, messages: 9, result: 'warning', detail: /90 % full and refuses/ },
  { id: 'duplicate-window-short', config: { duplicate_window: nanos(5000) }, result: 'warning', detail: /^5s, and lines may be sent again after/ },
  { id: 'stream-small-messages', config: { max_msg_size: 1000 }, result: 'warning', detail: /at most 1000 B/ },
];

async function fill(t: ExecutionContext, { url }: NatsServer, messages: number): Promise<void> {
  const client = await connect({ servers: url });
  t.teardown(() => client.close());
  for (let i = 0; i < messages; i++) await client.request('logs.web', '');
}

test('stream-in-memory, stream-unconfirmed, stream-nearly-full, duplicate-window-short, stream-small-messages: a stream that is not fit for logs', async (t) => {
  const nats = await startLocalNats(t, { config: JETSTREAM });
  for (const { id, config, result, detail, messages = 0 } of streamFaults) {
    const stream = await Stream.make(nats.url, config);
    await fill(t, nats, messages);
    (await examine(t, settings(nats))).finds(id, result, detail, /^(nats stream edit LOGS|use a stream)/);
    await stream.manager.streams.delete('LOGS');
    await stream.close();
  }
  const forgets = await Stream.make(nats.url, { max_msgs: 10 });
  t.teardown(() => forgets.close());
  await fill(t, nats, 9);
  (await examine(t, settings(nats))).says('stream limits', 'ok', /90 % full and removes/);
});

test('stream-sealed: a stream that is closed for good takes nothing', async (t) => {
  const nats = await startLocalNats(t, { config: JETSTREAM });
  const stream = await Stream.make(nats.url);
  t.teardown(() => stream.close());
  await stream.manager.streams.update('LOGS', { sealed: true } as Partial<StreamConfig>);
  (await examine(t, settings(nats))).finds('stream-sealed', 'failed', /^LOGS is sealed: it takes nothing any more$/, /another stream/);
});

test('clock-differs: a host whose clock is not that of the server', async (t) => {
  const nats = await startLocalNats(t, { config: JETSTREAM });
  const stream = await Stream.make(nats.url);
  t.teardown(() => stream.close());
  (await examine(t, settings(nats))).says('clock', 'skipped', /does not tell/);
  // This server is too old to tell its time: its answers go through a domain that does, as 2.10 and later do.
  let aheadMs = -3_600_000;
  const client = await connect({ servers: nats.url });
  t.teardown(() => client.close());
  client.subscribe('$JS.late.API.>', { callback: (_, message) => void (async () => {
    const answer = await client.request(message.subject.replace('.late.', '.'), message.data);
    message.respond(JSON.stringify({ ...answer.json<object>(), ts: new Date(Date.now() + aheadMs).toISOString() }));
  })() });
  await client.flush();
  const env = { ...settings(nats), NATS_JETSTREAM_DOMAIN: 'late' };
  (await examine(t, env)).finds('clock-differs', 'warning', /^this host is 1h ahead of the server$/, /set the clock/);
  aheadMs = 60_900;
  (await examine(t, env)).finds('clock-differs', 'warning', /^this host is 1m( 1s)? behind the server$/, /set the clock/);
  aheadMs = 0;
  (await examine(t, env)).says('clock', 'ok', /as the clock of the server/);
});
