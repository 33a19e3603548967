/** What the driver tells of itself is what happened: against a real server, with an oracle. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Problem } from '../../src/core/readiness.ts';
import { get } from '../support/http.ts';
import { CLEAN, Oracle } from '../support/oracle.ts';
import { promtool, sampleOf } from '../support/promtool.ts';
import { until } from '../support/wait.ts';
import { CANARY, startDriver, startLocalNats, startNats, startProxy } from './rig.ts';

function newSocket(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nld-observe-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'operators.sock');
}

async function readiness(socket: string): Promise<string> {
  const { status, body } = await get(socket, '/readyz');
  return [status, ...(JSON.parse(body) as { problems: Problem[] }).problems.map(({ kind }) => kind)].join(' ');
}

test('after drops the metrics and the status tell the oracle\'s numbers', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const http = newSocket(t);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_BUFFER_CONTAINER_SIZE: '1m', NATS_LOG_HTTP: http }, new Oracle(200));
  await rig.subscribe(nats.url);
  const web = await rig.container('web');
  await web.write(20_000);
  const before = await until('all is read', async () => {
    const status = await rig.status();
    return status.bytes_read === web.framed && status;
  });
  t.like(before.sessions[0], { container: 'web', state: 'live', bytes_read: web.framed });
  t.true((before.sessions[0]?.journal.bytes ?? 0) > 500_000);
  t.is(before.connections[0]?.state, 'disconnected');
  await proxy.accept();
  await until('everything is told of', async () => {
    const { sessions: [session] } = await rig.status();
    return session?.journal.bytes === 0 && session.outputs[0]?.counts.gaps === 1;
  });
  const dropped = rig.oracle.missing('web').length;
  t.true(dropped > 5000);
  const { body: text } = await get(http, '/metrics');
  t.is(promtool(['check', 'metrics'], text), '');
  const value = (name: string, labels = {}): number | undefined => sampleOf(text, `docker_nats_log_${name}`, { transport: 'core', ...labels });
  t.is(value('lines_dropped_total', { reason: 'overflow' }), dropped);
  t.is(value('lines_confirmed_total'), rig.oracle.received());
  t.is(value('lines_read_total'), 20_000);
  t.is(value('gap_records_total'), 1);
  t.true((value('delivery_latency_seconds_count') ?? 0) > 0);
  t.is(sampleOf(text, 'docker_nats_log_read_bytes_total'), web.framed);
  t.is(sampleOf(text, 'docker_nats_log_container_lines_dropped_total', { container: 'web' }), dropped);
  t.is(sampleOf(text, 'docker_nats_log_unconfirmed_bytes'), 0);
  await web.stop();
  await rig.plugin.logged('session ended');
  const { totals, sessions, sessions_started, sessions_ended } = await rig.status();
  t.deepEqual([sessions, sessions_started, sessions_ended], [[], 1, 1]);
  t.is(totals.core.lines_dropped.overflow, dropped, 'totals outlive the session');
});

test('lines that had to be sent again count as read once, and as confirmed once', async (t) => {
  const nats = await startLocalNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  await rig.subscribe(nats.url);
  const web = await rig.container('web');
  await web.write(100);
  await rig.verdict();
  await nats.pause();
  await web.write(5000);
  await until('they are on the way', async () => ((await rig.status()).connections[0]?.window_bytes ?? 0) > 100_000);
  await nats.kill();
  await nats.start();
  await rig.subscribe(nats.url);
  await until('all is confirmed', async () => (await rig.status()).totals.core.lines_confirmed === 5100);
  const { totals: { core }, connection_totals } = await rig.status();
  t.is(core.lines_read, 5100);
  t.true(core.lines_resent > 0 && core.lines_resent <= 5000, `${core.lines_resent} again`);
  t.is(connection_totals.connects, 2);
  t.is(connection_totals.losses, 1);
});

test('/readyz turns when NATS is given up, and back', async (t) => {
  const nats = await startLocalNats(t);
  const http = newSocket(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_MAX_RECONNECT: '1', NATS_LOG_HTTP: http });
  const subscriber = await rig.subscribe(nats.url);
  const web = await rig.container('web');
  await web.write(10);
  t.deepEqual(await rig.verdict(), CLEAN);
  t.is(await readiness(http), '200');
  await subscriber.close();
  await nats.kill();
  await until('it gives up', async () => await readiness(http) === '503 gave-up');
  t.is((await get(http, '/healthz')).status, 200, 'the process is well');
  await nats.start();
  await rig.container('other');
  await until('it is connected again', async () => await readiness(http) === '200');
});

test('a configuration that is refused is told, without its secrets', async (t) => {
  const rig = await startDriver(t, { NATS_PASS: `${CANARY}-1`, NATS_USER: 'logger', NATS_TRANSPORT: 'pigeon' });
  t.is(await readiness(rig.plugin.socket), '503 configuration-refused');
  const { configuration } = await rig.status();
  t.regex(configuration.error ?? '', /nats-transport: expected/);
  t.like(configuration, { loads: 0, refusals: 1 });
});

test('no secret is in the metrics, the status or the health', async (t) => {
  const secret = `${CANARY}-7f3a`;
  const nats = await startNats(t, { config: `authorization { user: logger, password: "${secret}" }` });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  await rig.container('own', { 'nats-user': 'logger', 'nats-pass': secret });
  await rig.container('wrong', { 'nats-user': 'logger', 'nats-pass': `${secret}-wrong` });
  await rig.container('url', { 'nats-servers': `nats://logger:${secret}@127.0.0.1:${nats.port}` });
  await until('one is refused, two are connected', async () => {
    const { connections } = await rig.status();
    return connections.map(({ state }) => state).sort().join() === 'auth-failed,connected,connected';
  });
  for (const path of ['/status', '/metrics', '/readyz', '/healthz']) {
    t.false((await get(rig.plugin.socket, path)).body.includes(CANARY), path);
  }
  const { connections, connection_totals } = await rig.status();
  t.regex(connections.find(({ state }) => state === 'auth-failed')?.reason ?? '', /refused the credentials/);
  t.true(connection_totals.auth_failures > 0);
});
