/** The configuration changes while containers write. */
import { existsSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connect, type ConnectionOptions, type NatsConnection } from 'nats';
import { get } from '../support/http.ts';
import { CLEAN } from '../support/oracle.ts';
import { until } from '../support/wait.ts';
import { DriverError } from '../support/fake-engine.ts';
import { askReload } from '../support/reload.ts';
import { Load, startDriver, startLocalNats, startProxy } from './rig.ts';

/** A configuration file that is replaced in one step, as a careful operator does it. */
class ConfigFile {
  readonly path: string;

  constructor(t: ExecutionContext, text: string) {
    const dir = mkdtempSync(join(tmpdir(), 'nld-reload-'));
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    this.path = join(dir, 'config.yaml');
    this.put(text);
  }

  put(text: string): void {
    writeFileSync(`${this.path}.new`, text);
    renameSync(`${this.path}.new`, this.path);
  }
}

/** The numbers of the lines that arrive on a subject. */
class Ear {
  readonly numbers: number[] = [];

  static async on(t: ExecutionContext, servers: string, subject: string, login: ConnectionOptions = {}): Promise<Ear> {
    const ear = new Ear();
    const client = await connect({ servers, ...login });
    t.teardown(() => client.close());
    client.subscribe(subject, {
      callback: (_error, message) => {
        const { text, source } = message.json<{ text: string; source: string }>();
        if (source !== 'driver') ear.numbers.push(Number(text.split(' ', 2)[1]));
      },
    });
    await client.flush();
    return ear;
  }
}

const inOrder = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test('a subject that is changed in the file moves a container that writes, without a line lost or doubled', async (t) => {
  const nats = await startLocalNats(t);
  const file = new ConfigFile(t, 'rules:\n  - match: {name: web}\n    options: {nats-subject: before}\n');
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_CONFIG: file.path });
  await rig.subscribe(nats.url);
  const [before, after] = [await Ear.on(t, nats.url, 'before'), await Ear.on(t, nats.url, 'after')];
  const web = await rig.container('web');
  const load = new Load([web]);
  await until('lines before', () => before.numbers.length > 500);
  file.put('rules:\n  - match: {name: web}\n    options: {nats-subject: after}\n');
  await until('lines after', () => after.numbers.length > 500);
  await load.stop();
  t.deepEqual(await rig.verdict(), CLEAN);
  t.is(rig.oracle.duplicates, 0);
  const written = rig.oracle.written;
  t.deepEqual([...before.numbers, ...after.numbers], inOrder(0, written));
  await rig.plugin.logged('configuration loaded', { level: 'info' });
});

test('C2: a bad file is refused with its place, the last good one holds, and SIGHUP and POST /reload read it again', async (t) => {
  const nats = await startLocalNats(t);
  const file = new ConfigFile(t, 'defaults: {nats-subject: good}\n');
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_CONFIG: file.path, NATS_SUBJECT: '' });
  await rig.subscribe(nats.url);
  const good = await Ear.on(t, nats.url, 'good');
  const web = await rig.container('web');
  await web.write(10);
  file.put('defaults:\n  nats-subject: bad\n  nats-format: xml\n');
  await rig.plugin.logged('configuration refused: the last good one stays in force', { error: /nats-format: expected json, got "xml" \(.*:3:3\)/ });
  await web.write(10);
  await (await rig.container('db')).write(10);
  await until('all lines', () => good.numbers.length === 30);
  t.regex(await askReload(rig.plugin.socket), /nats-format: expected json/);
  rig.plugin.signal('SIGHUP');
  await until('each was counted', () => rig.plugin.log('configuration refused: the last good one stays in force').length >= 3);
  file.put('defaults: {nats-subject: better}\n');
  t.is(await askReload(rig.plugin.socket), '');
  const better = await Ear.on(t, nats.url, 'better');
  await web.write(10);
  await until('lines go where the good one says', () => better.numbers.length === 10);
  t.false(rig.plugin.hasEnded);
});

test('C3: a driver that began with a bad file takes containers as soon as it is corrected, and parked lines are delivered', async (t) => {
  const nats = await startLocalNats(t, { args: ['--user', 'driver', '--pass', 'canary'] });
  const good = 'defaults: {nats-user: driver, nats-pass: canary}\n';
  const file = new ConfigFile(t, good);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_CONFIG: file.path });
  await rig.subscribe(nats.url, { user: 'driver', pass: 'canary' });
  const web = await rig.container('web');
  await web.write(10);
  await until('lines arrive', () => rig.oracle.received() === 10);
  await rig.plugin.kill();
  file.put('defaults: {nats-user: driver, nats-pass: canary, nats-format: xml}\n');
  await rig.plugin.startAgain();
  await web.write(1000);
  await rig.plugin.logged('lines wait on disk: the configuration with the credentials of their sessions is refused');
  await t.throwsAsync(rig.container('db'), { instanceOf: DriverError, message: /nats-format/ });
  file.put(good);
  await rig.plugin.logged('configuration loaded', { level: 'info' });
  await (await rig.container('db')).write(10);
  t.deepEqual(await rig.verdict(), CLEAN);
});

/** The offset that an output has saved last: the greater one of the two slots. */
function markOf(state: string, output: string): number {
  const [file] = globSync(join(state, `journals/*/watermark-${output}`));
  if (file === undefined) return 0;
  const bytes = Buffer.concat([readFileSync(file), Buffer.alloc(80)]);
  return Math.max(Number(bytes.readBigUInt64LE(8)), Number(bytes.readBigUInt64LE(48)));
}

test('a further output on a server that is down gets its lines when it is back, also after a kill of the driver', async (t) => {
  const [nats, second] = [await startLocalNats(t), await startLocalNats(t)];
  const proxy = await startProxy(t, second.port);
  const file = new ConfigFile(t, `rules:\n  - outputs:\n      - {name: audit, nats-servers: "${proxy.url}", nats-subject: "audit.{{.Name}}"}\n`);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_CONFIG: file.path });
  await rig.subscribe(nats.url);
  const audit = await Ear.on(t, second.url, 'audit.web');
  const web = await rig.container('web');
  await web.write(1000);
  t.deepEqual(await rig.verdict(), CLEAN);
  await until('the main output\'s place is on disk', () => markOf(rig.plugin.state, 'main') === web.framed);
  await rig.plugin.kill();
  await rig.plugin.startAgain();
  await web.write(1000);
  t.deepEqual(await rig.verdict(), CLEAN);
  t.deepEqual(audit.numbers, []);
  await proxy.accept();
  await until('the other output has all', () => audit.numbers.length >= 2000, 30_000);
  t.deepEqual(audit.numbers, inOrder(0, 2000));
  t.is(rig.oracle.duplicates, 0, 'the main output goes on from where it was');
  await web.stop();
  await until('nothing is left', () => globSync(join(rig.plugin.state, 'sessions/*')).length === 0);
});

test('lines of an output that was taken out of the file are counted, also when a kill comes before they are given up', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const file = new ConfigFile(t, `rules:\n  - outputs:\n      - {name: audit, nats-servers: "${proxy.url}", nats-subject: "audit.{{.Name}}"}\n`);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_CONFIG: file.path });
  await rig.subscribe(nats.url);
  const web = await rig.container('web');
  await web.write(1000);
  t.deepEqual(await rig.verdict(), CLEAN);
  await until('the main output\'s place is on disk', () => markOf(rig.plugin.state, 'main') === web.framed);
  file.put('rules: []\n');
  await until('the record tells of the output', () => readFileSync(globSync(join(rig.plugin.state, 'sessions/*.json'))[0] as string, 'utf8').includes('"leaving":[{"name":"audit"'));
  await rig.plugin.kill();
  await rig.plugin.startAgain();
  await until('they are counted', async () => (await rig.status()).totals.core.lines_dropped.removed === 1000);
  await web.write(100);
  t.deepEqual(await rig.verdict(), CLEAN);
  await web.stop();
  await until('nothing is left', () => globSync(join(rig.plugin.state, 'sessions/*')).length === 0);
});

/** What a stream has, in its order. Asked for one by one: a consumer begins anew when the machine is busy. */
async function stored(client: NatsConnection, stream: string): Promise<number[]> {
  const { streams } = await client.jetstreamManager();
  const { state: { first_seq: first, last_seq: last } } = await streams.info(stream);
  const messages = await Promise.all(Array.from({ length: last - first + 1 }, (_, i) => streams.getMessage(stream, { seq: first + i })));
  return messages.map((message) => Number(message.json<{ text: string }>().text.split(' ', 2)[1]));
}

test('two outputs to one stream each have every line there once, over a kill', async (t) => {
  const nats = await startLocalNats(t, { config: 'jetstream { store_dir: "jetstream" }\n' });
  const file = new ConfigFile(t, 'defaults: {nats-transport: jetstream}\nrules:\n  - outputs:\n      - {name: copy, nats-subject: "logs.copy"}\n');
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_CONFIG: file.path });
  const client = await connect({ servers: nats.url });
  t.teardown(() => client.close());
  const manager = await client.jetstreamManager();
  for (const [name, subject] of [['MAIN', 'logs.web'], ['COPY', 'logs.copy']] as const) await manager.streams.add({ name, subjects: [subject] });
  const web = await rig.container('web');
  const load = new Load([web]);
  await until('lines are stored', async () => (await manager.streams.info('COPY')).state.messages > 500);
  await rig.plugin.kill();
  await rig.plugin.startAgain();
  await until('more lines are stored', async () => (await manager.streams.info('COPY')).state.messages > 1500);
  await load.stop();
  await until('all lines are stored', async () => (await manager.streams.info('MAIN')).state.messages >= rig.oracle.written && (await manager.streams.info('COPY')).state.messages >= rig.oracle.written);
  for (const stream of ['MAIN', 'COPY']) t.deepEqual(await stored(client, stream), inOrder(0, rig.oracle.written), stream);
});

test('a key in a bucket steers two drivers, beats the file, and holds for a start without NATS', async (t) => {
  const nats = await startLocalNats(t, { config: 'jetstream { store_dir: "jetstream" }\n' });
  const client = await connect({ servers: nats.url });
  const kv = await client.jetstream().views.kv('config');
  await kv.put('logs', 'rules:\n  - options: {nats-subject: "one.{{.Name}}"}\n');
  const file = new ConfigFile(t, 'rules:\n  - options: {nats-subject: file}\n');
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const env = { NATS_SERVERS: proxy.url, NATS_CONFIG: file.path, NATS_CONFIG_KV: 'config/logs' };
  const rigs = [await startDriver(t, env), await startDriver(t, env)] as const;
  for (const rig of rigs) await rig.plugin.logged('configuration loaded', { level: 'info' });
  const ears = await Promise.all(rigs.flatMap((_rig, i) => ['one', 'two'].map((word) => Ear.on(t, nats.url, `${word}.host-${i}`))));
  const containers = await Promise.all(rigs.map((rig, i) => rig.container(`host-${i}`)));
  for (const container of containers) await container.write(10);
  await until('both follow the first', () => ears[0]?.numbers.length === 10 && ears[2]?.numbers.length === 10);
  await kv.put('logs', 'rules:\n  - options: {nats-subject: "two.{{.Name}}"}\n');
  for (const { plugin } of rigs) await until('both have the second', () => plugin.log('configuration loaded').length === 3);
  for (const container of containers) await container.write(10);
  await until('both follow the second', () => ears[1]?.numbers.length === 10 && ears[3]?.numbers.length === 10);
  await kv.put('logs', 'rules: {');
  for (const { plugin } of rigs) await plugin.logged('configuration refused: the last good one stays in force', { error: /nats-config-kv config\/logs:1:/ });
  await client.close();
  await proxy.refuse();
  const [{ plugin, engine }] = rigs;
  await plugin.kill();
  await plugin.startAgain();
  await engine.startLogging({}, { ContainerName: '/late', ContainerID: 'b'.repeat(64) });
  t.is((await plugin.logged('session started', { container: 'late' }))['subject'], 'two.late');
});

test('the driver\'s own service, events, listener and room follow the file, from a bad beginning on', async (t) => {
  const nats = await startLocalNats(t);
  const observer = await connect({ servers: nats.url });
  t.teardown(() => observer.close());
  const [before, after] = ['ops.before', 'ops.after'].map((prefix) => {
    const events: string[] = [];
    observer.subscribe(`${prefix}.*`, { callback: (_error, message) => void events.push(message.json<{ event: string }>().event) });
    return events;
  });
  await observer.flush();
  const answers = async (): Promise<boolean> => await observer.request('$SRV.PING.docker-nats-log-driver', '', { timeout: 200 }).then(() => true, () => false);
  const file = new ConfigFile(t, 'defaults: {nats-format: xml}\n');
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_CONFIG: file.path });
  t.false(await answers());
  const [one, other] = [join(dirname(file.path), 'one.sock'), join(dirname(file.path), 'other.sock')];

  file.put(`defaults: {nats-events-subject: ops.before, nats-log-http: "unix:${one}", nats-buffer-disk-size: 2m, nats-buffer-size: 3m}\n`);
  await until('the service answers', answers);
  await until('the events of the absence', () => before?.includes('configuration-loaded') === true);
  await until('the listener', async () => (await get(one, '/healthz').catch(() => undefined))?.status === 200);
  t.like((await rig.status()).journal, { disk: { limit_bytes: 2 * 1024 ** 2 }, memory: { limit_bytes: 3 * 1024 ** 2 } });

  file.put(`defaults: {nats-events-subject: ops.after, nats-log-http: "unix:${other}", nats-buffer-disk-size: 4m, nats-format: json}\n`);
  await until('the listener has moved', async () => (await get(other, '/healthz').catch(() => undefined))?.status === 200);
  t.false(existsSync(one));
  const seen = before?.length;
  const web = await rig.container('web');
  await until('its event', () => after?.includes('session-started') === true);
  t.deepEqual(after, ['session-started'], 'nothing is told twice');
  t.is(before?.length, seen);
  t.like((await rig.status()).journal, { disk: { limit_bytes: 4 * 1024 ** 2 } });

  file.put('defaults: {nats-service: false}\n');
  await until('it does not answer any more', async () => !await answers());
  await until('nobody listens', () => !existsSync(other));
  await web.stop();
  t.deepEqual(after, ['session-started', 'configuration-loaded']);
});

test('a running container\'s room follows its rule, and a refused edit leaves the driver ready', async (t) => {
  const nats = await startLocalNats(t);
  const rule = (size: string): string => `rules:\n  - match: {name: web}\n    options: {nats-buffer-container-size: ${size}}\n`;
  const file = new ConfigFile(t, rule('64m'));
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_CONFIG: file.path });
  const web = await rig.container('web');
  await web.write(10);
  await until('it is connected', async () => (await rig.status()).totals.core.lines_confirmed === 10);
  await nats.kill();
  const kept = async (): Promise<number> => (await rig.status()).journal.disk?.bytes ?? 0;
  await web.write(40_000);
  await until('all is kept', async () => await kept() > 4 * 1024 ** 2);
  file.put(rule('2m'));
  await rig.plugin.logged('configuration loaded', { level: 'info' });
  await until('no more than the new limit is kept, some lines later', async () => {
    await web.write(100);
    return await kept() <= 2 * 1024 ** 2;
  });
  file.put(rule('a lot'));
  await rig.plugin.logged('configuration refused: the last good one stays in force');
  const { configuration } = await rig.status();
  t.like(configuration, { in_force: true });
  t.regex(configuration.error ?? '', /nats-buffer-container-size/);
  const { problems } = JSON.parse((await get(rig.plugin.socket, '/readyz')).body) as { problems: { kind: string; severity: string }[] };
  t.deepEqual(problems.filter(({ kind }) => kind === 'change-refused').map(({ severity }) => severity), ['warning']);
});
