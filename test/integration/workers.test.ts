/** Sessions that are spread over several threads of the driver. */
import { globSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { sessionKey } from '../../src/journal/session-records.ts';
import { workerOf } from '../../src/crew/spread.ts';
import { DriverError } from '../support/fake-engine.ts';
import { get } from '../support/http.ts';
import { CLEAN } from '../support/oracle.ts';
import { PluginProcess } from '../support/plugin-process.ts';
import { promtool, sampleOf } from '../support/promtool.ts';
import { askReload } from '../support/reload.ts';
import { until } from '../support/wait.ts';
import { startDriver, startLocalNats, startProxy, type Container, type Rig } from './rig.ts';

const NAMES = Array.from({ length: 20 }, (_, i) => `c${i}`);

function newFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nld-workers-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function containers(rig: Rig): Promise<readonly Container[]> {
  return await Promise.all(NAMES.map((name) => rig.container(name)));
}

/** How many sessions each of so many workers has. */
function shares(all: readonly Container[], workers: number): number[] {
  return Array.from({ length: workers }, (_, worker) => all.filter(({ logger: { file } }) => workerOf(sessionKey(file), workers) === worker).length);
}

async function untilOnDisk({ plugin: { state } }: Rig, all: readonly Container[]): Promise<void> {
  const written = all.reduce((sum, { framed }) => sum + framed, 0);
  await until('everything is on disk', () => globSync(join(state, 'journals/*/*.seg')).reduce((sum, path) => sum + statSync(path).size, 0) >= written);
}

test('lines of twenty sessions of three workers come once each and in order; status, metrics and readiness are of all of them', async (t) => {
  const nats = await startLocalNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_LOG_WORKERS: '3', NATS_LOG_HTTP: join(newFolder(t), 'http.sock') });
  await rig.subscribe(nats.url);
  const all = await containers(rig);
  t.true(shares(all, 3).every((share) => share > 0), shares(all, 3).join(' '));
  for (let round = 0; round < 5; round++) await Promise.all(all.map((container) => container.write(200)));
  t.deepEqual(await rig.verdict(), CLEAN);
  t.is(rig.oracle.duplicates, 0);
  const framed = all.reduce((sum, container) => sum + container.framed, 0);
  const status = await until('everything is confirmed', async () => {
    const found = await rig.status();
    return found.totals.core.lines_confirmed === 20_000 && found;
  });
  t.like(status, { workers: 3, bytes_read: framed, sessions_started: 20, sessions_ended: 0, totals: { core: { lines_read: 20_000, lines_resent: 0 } } });
  t.deepEqual(status.sessions.map(({ container }) => container).sort(), [...NAMES].sort());
  t.is(new Set(status.connections.map(({ id }) => id)).size, 4, 'one of each worker, and the driver\'s own');
  t.is(status.connections.reduce((sum, { outputs }) => sum + outputs, 0), 20);
  const { body: text } = await get(rig.plugin.socket, '/metrics');
  t.is(promtool(['check', 'metrics'], text), '');
  t.is(sampleOf(text, 'docker_nats_log_lines_confirmed_total', { transport: 'core' }), 20_000);
  t.is(sampleOf(text, 'docker_nats_log_workers'), 3);
  t.is(sampleOf(text, 'docker_nats_log_container_lines_confirmed_total', { container: 'c7' }), 1000);
  t.is((await get(rig.plugin.socket, '/readyz')).status, 200);
  for (const container of all) await container.stop();
  await until('all sessions have ended', async () => (await rig.status()).sessions_ended === 20);
  t.is((await rig.status()).totals.core.lines_confirmed, 20_000);
  t.deepEqual(readdirSync(join(rig.plugin.state, 'sessions')), []);
  t.is(await rig.plugin.terminate(), 0);
});

test('a driver that is killed, or told to end while NATS is away, loses nothing, with however many workers it is started again', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_LOG_WORKERS: '3' });
  const { plugin } = rig;
  await rig.subscribe(nats.url);
  const all = await containers(rig);
  const goOn = async (workers: number): Promise<void> => {
    await plugin.startAgain({ NATS_LOG_WORKERS: String(workers) });
    await until('all sessions are restored', async () => (await rig.status()).sessions.length === 20);
    t.is((await rig.status()).workers, workers);
    for (const container of all) await container.write(200);
    await untilOnDisk(rig, all);
  };
  for (const container of all) await container.write(200);
  await untilOnDisk(rig, all);
  await plugin.kill();
  await goOn(2);
  const from = performance.now();
  t.is(await plugin.terminate(), 0);
  t.true(performance.now() - from < 8000, 'the engine would have killed it');
  t.true(readdirSync(plugin.state).includes('ended-in-order'));
  await goOn(4);
  await plugin.kill();
  await goOn(1);
  await proxy.accept();
  t.deepEqual(await rig.verdict(), CLEAN);
  t.is(globSync(join(plugin.state, '**/quarantine/*')).length, 0);
  const { totals: { core } } = await until('the books are closed', async () => {
    const status = await rig.status();
    return status.journal.disk?.bytes === 0 && status;
  });
  t.deepEqual([core.lines_read, core.lines_confirmed, core.crashes], [16_000, 16_000, 0]);
});

test('a change of the configuration reaches the sessions of all workers, one that is refused none', async (t) => {
  const nats = await startLocalNats(t);
  const file = join(newFolder(t), 'config.yaml');
  writeFileSync(file, 'defaults: {nats-subject: before}\n');
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_CONFIG: file, NATS_SUBJECT: '', NATS_LOG_WORKERS: '3' });
  await rig.subscribe(nats.url);
  const all = await containers(rig);
  await Promise.all(all.map((container) => container.write(100)));
  const subjects = async (): Promise<string> => [...new Set((await rig.status()).sessions.map(({ outputs: [main] }) => main?.subject))].join();
  t.is(await subjects(), 'before');
  writeFileSync(file, 'defaults: {nats-subject: after, nats-format: xml}\n');
  t.regex(await askReload(rig.plugin.socket), /nats-format: expected json, got "xml"/);
  t.is(await subjects(), 'before');
  writeFileSync(file, 'defaults: {nats-subject: after}\n');
  t.is(await askReload(rig.plugin.socket), '');
  await until('all have changed', async () => await subjects() === 'after');
  await Promise.all(all.map((container) => container.write(100)));
  t.deepEqual(await rig.verdict(), CLEAN);
  t.is(rig.oracle.duplicates, 0);
  const refused = await t.throwsAsync(rig.container('bad', { 'nats-format': 'xml' }), { instanceOf: DriverError });
  t.regex(refused.message, /nats-format: expected json, got "xml" \(log-opt\)/);
});

test('the limit of nats-buffer-disk-size is one for all workers, and drops are counted by whoever drops', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const limit = 8 * 1024 * 1024;
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_LOG_WORKERS: '3', NATS_BUFFER_DISK_SIZE: '8m' });
  await rig.subscribe(nats.url);
  const all = await containers(rig);
  const busy = all.filter(({ logger: { file } }) => workerOf(sessionKey(file), 3) === 0);
  for (let round = 0; round < 8; round++) await Promise.all(busy.map((container) => container.write(10_000 / busy.length * 2)));
  const quiet = all.filter((container) => !busy.includes(container));
  for (const container of quiet) await container.write(100);
  await until('all is read', async () => (await rig.status()).bytes_read === all.reduce((sum, { framed }) => sum + framed, 0));
  const { journal: { disk } } = await until('there is room again', async () => {
    const status = await rig.status();
    return (status.journal.disk?.bytes ?? Infinity) <= limit && status;
  });
  t.true((disk?.bytes ?? 0) > limit / 2, `${disk?.bytes} bytes: one worker may use what the others leave`);
  await proxy.accept();
  await until('the books are closed', async () => (await rig.status()).journal.disk?.bytes === 0);
  const { totals: { core } } = await rig.status();
  const missing = all.reduce((sum, { name }) => sum + rig.oracle.missing(name).length, 0);
  t.true(missing > 0);
  t.is(core.lines_dropped.overflow, missing);
  t.deepEqual(quiet.flatMap(({ name }) => rig.oracle.missing(name)), [], 'those with little lose nothing');
});

test('P4: an error in a worker that nobody catches ends the process with one log line, and the next process goes on', async (t) => {
  const nats = await startLocalNats(t);
  const bug = `
    import { isMainThread, threadId } from 'node:worker_threads';
    const channel = new BroadcastChannel('bug');
    if (isMainThread) process.on('SIGUSR2', () => channel.postMessage(2));
    else channel.onmessage = ({ data }) => { if (data === threadId) throw new Error('boom'); };
    channel.unref();`;
  const plugin = await PluginProcess.start({ NATS_SERVERS: nats.url, NATS_LOG_WORKERS: '2', NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}` });
  t.teardown(() => plugin.remove());
  await until('all workers are there', async () => (await get(plugin.socket, '/status')).status === 200);
  plugin.signal('SIGUSR2');
  await until('the driver has ended', () => plugin.hasEnded);
  t.is(plugin.exitCode, 1);
  const errors = plugin.log().filter(({ level }) => level === 'error');
  t.deepEqual(errors.map(({ msg }) => msg), ['internal error']);
  t.regex(String(errors[0]?.['error']), /boom/);
  await plugin.startAgain();
  t.is((await get(plugin.socket, '/healthz')).status, 200);
});
