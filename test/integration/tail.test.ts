/** `nats-log-driver tail` as a process, against a real nats-server. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connect, headers, type NatsConnection, type StreamConfig } from 'nats';
import { CommandProcess, plain, runProcess } from '../support/command-run.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { MAIN } from '../support/program.ts';
import { Stream } from '../support/stream.ts';
import { until } from '../support/wait.ts';
import { CANARY, startDriver, startLocalNats } from './rig.ts';

const JETSTREAM = 'jetstream { store_dir: "jetstream" }\n';
const START = Date.UTC(2026, 2, 14, 15, 9, 26);

interface Line {
  readonly name?: string;
  readonly text?: string;
  readonly sequence?: number;
  readonly [key: string]: unknown;
}

/** A message of the driver. */
function body({ name = 'web', text = '', sequence = 0, ...rest }: Line): string {
  return JSON.stringify({
    container_id: Buffer.from(name).toString('hex').padEnd(64, '0'), container_name: name, image_id: 'sha256:1', image_name: 'i',
    hostname: 'host-1', tag: 't', time: `${new Date(START + sequence * 1000).toISOString().slice(0, -1)}000000Z`, text, source: 'stdout', ...rest,
  });
}

class Publisher {
  readonly #client: NatsConnection;

  constructor(client: NatsConnection) {
    this.#client = client;
  }

  /** Numbered like the driver's where a line has a sequence. Resolves when the server has them. */
  async publish(...lines: readonly Line[]): Promise<void> {
    await until('the publisher is connected', () => this.#client.flush().then(() => true));
    for (const line of lines) {
      const numbering = headers();
      numbering.set('Nats-Log-Session', `session-of-${line.name ?? 'web'}`);
      numbering.set('Nats-Log-Sequence', String(line.sequence));
      this.#client.publish(`logs.${line.name ?? 'web'}`, body(line), line.sequence === undefined ? {} : { headers: numbering });
    }
    await this.#client.flush();
  }

  async raw(subject: string, data: string): Promise<void> {
    this.#client.publish(subject, data);
    await this.#client.flush();
  }
}

async function publisher(t: ExecutionContext, nats: NatsServer): Promise<Publisher> {
  const client = await connect({ servers: nats.url, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
  t.teardown(() => client.close());
  return new Publisher(client);
}

interface Site { readonly nats: NatsServer; readonly stream: Stream; readonly publisher: Publisher; readonly env: NodeJS.ProcessEnv }

async function site(t: ExecutionContext, config: Partial<StreamConfig> = {}): Promise<Site> {
  const nats = await startLocalNats(t, { config: JETSTREAM });
  const stream = await Stream.make(nats.url, config);
  t.teardown(() => stream.close());
  return { nats, stream, publisher: await publisher(t, nats), env: { NATS_SERVERS: nats.url, NATS_SUBJECT: 'logs.{{.Name}}' } };
}

function start(t: ExecutionContext, args: readonly string[], env: NodeJS.ProcessEnv): CommandProcess {
  const tail = new CommandProcess(['tail', ...args], env);
  t.teardown(() => tail.signal('SIGKILL'));
  return tail;
}

async function interrupted(tail: CommandProcess): Promise<number> {
  tail.signal('SIGINT');
  return (await tail.end()).code;
}

const numbered = (count: number, from = 1, line: Line = {}): Line[] =>
  Array.from({ length: count }, (_, index) => ({ text: `line ${from + index}`, sequence: from + index, ...line }));

test('history: the last lines of the configured subject, as a whole or chosen by container', async (t) => {
  const { publisher, env } = await site(t);
  await publisher.publish(...numbered(30), { name: 'db', text: 'ready', sequence: 1 }, ...numbered(30, 31));
  const last = await runProcess(['tail'], env);
  t.deepEqual(last, { code: 0, out: Array.from({ length: 10 }, (_, i) => `web | line ${51 + i}\n`).join(''), err: '' });
  t.is((await runProcess(['tail', '--last', '2'], env)).out, 'web | line 59\nweb | line 60\n');
  t.is((await runProcess(['tail', '--container', 'd*'], env)).out, 'db | ready\n', 'far behind the last lines');
  t.is((await runProcess(['tail', 'logs.web', '-n', '1', '--timestamps'], env)).out, 'web | 2026-03-14T15:10:26.000000000Z line 60\n');
  t.is((await runProcess(['tail', '-n', '0'], env)).out, '');
  const json = (await runProcess(['tail', '-n', '1', '--json'], env)).out;
  t.is(json, `${body({ text: 'line 60', sequence: 60 })}\n`);
});

test('all of the history, or nothing, which is said; names of different lengths stand below each other', async (t) => {
  const { publisher, env } = await site(t);
  t.deepEqual(await runProcess(['tail'], env), { code: 0, out: '', err: '-- the stream LOGS holds no such line\n' });
  await publisher.publish({ name: 'db', text: 'a' }, ...numbered(30), { name: 'gateway', text: 'z' });
  const all = (await runProcess(['tail', '--last', 'all'], env)).out.split('\n');
  t.is(all.length - 1, 32);
  t.deepEqual((await runProcess(['tail', '--last', '2'], env)).out, 'web     | line 30\ngateway | z\n');
  t.deepEqual(await runProcess(['tail', '--container', 'nobody'], env), { code: 0, out: '', err: '-- the stream LOGS holds no such line\n' });
});

test('history since a time, and the last of it', async (t) => {
  const { publisher, env } = await site(t);
  await publisher.publish(...numbered(5));
  const pause = Date.now() + 50;
  await until('the clock has gone on', () => Date.now() > pause);
  const since = new Date().toISOString();
  await publisher.publish(...numbered(20, 6));
  t.is((await runProcess(['tail', '--since', since], env)).out.split('\n').length - 1, 20);
  t.is((await runProcess(['tail', '--since', since, '--last', '3'], env)).out, 'web | line 23\nweb | line 24\nweb | line 25\n');
  t.is((await runProcess(['tail', '--since', '1h'], env)).out.split('\n').length - 1, 25);
  t.is((await runProcess(['tail', '--since', '2d12h'], env)).out.split('\n').length - 1, 25);
});

test('a number that is missing is told of, in its place, and what the driver itself gave up is shown', async (t) => {
  const { publisher, env } = await site(t);
  await publisher.publish(
    { text: 'a', sequence: 1 }, { text: 'b', sequence: 2 }, { text: 'c', sequence: 6 },
    { source: 'driver', sequence: 7, gap: { lines: 12, bytes: 99, from: 'then', to: 'now', reason: 'overflow' } },
    { name: 'db', text: 'd', sequence: 4 }, { text: 'e', sequence: 8 },
  );
  const { code, out, err } = await runProcess(['tail'], env);
  t.is(code, 0);
  t.is(err, '-- web: 3 messages are missing before 2026-03-14T15:09:32.000000000Z (3 to 5)\n');
  t.is(out, 'web | a\nweb | b\nweb | c\nweb | -- 12 lines were given up here (overflow), from then to now --\ndb  | d\nweb | e\n');
});

test('pieces of a line are one line again; a cut one and standard error are marked', async (t) => {
  const { publisher, env } = await site(t);
  await publisher.publish(
    { text: 'one ', partial_id: 'p', partial_ordinal: 1, partial_last: false }, { text: 'meanwhile', source: 'stderr' },
    { text: 'line', partial_id: 'p', partial_ordinal: 2, partial_last: true }, { text: 'long', truncated: 5000 },
    { text: 'half', partial_id: 'q', partial_ordinal: 1, partial_last: false },
  );
  t.is((await runProcess(['tail'], env)).out, 'web ! meanwhile\nweb | one line\nweb | long … (cut, 5,000 bytes)\nweb | half … (the rest is missing)\n');
});

test('services and projects are chosen by their labels, and it is said when messages have none', async (t) => {
  const { publisher, env } = await site(t);
  const compose = (service: string, project: string): Line => ({ 'com.docker.compose.service': service, 'com.docker.compose.project': project });
  await publisher.publish(
    { text: 'a', ...compose('web', 'shop') }, { text: 'b', ...compose('web', 'blog') }, { text: 'c', ...compose('db', 'shop') },
    { text: 'd', 'com.docker.swarm.service.name': 'web', 'com.docker.stack.namespace': 'shop' }, { text: 'e' },
  );
  const { out, err } = await runProcess(['tail', '--service', 'web', '--project', 'sh?p'], env);
  t.is(out, 'web | a\nweb | d\n');
  t.regex(err, /1 messages? .*no label of a service or project/);
});

test('what is not the driver\'s is left out, and said once', async (t) => {
  const { publisher, env } = await site(t);
  await publisher.raw('logs.other', 'hello');
  await publisher.raw('logs.other', '{"text":1}');
  await publisher.publish({ text: 'a' });
  const { out, err } = await runProcess(['tail', '--since', '1h'], env);
  t.is(out, 'web | a\n');
  t.is(err, '-- messages that are not the driver\'s are left out, the first on logs.other\n');
});

test('it follows over a restart of the server, without a line missing or twice, and ends on Ctrl-C', async (t) => {
  const { nats, publisher, env } = await site(t);
  await publisher.publish(...numbered(20));
  const tail = start(t, ['--follow', '--last', '5'], env);
  await until('the history is shown', () => tail.out.includes('line 20\n'));
  await publisher.publish(...numbered(5, 21));
  await until('what comes is shown', () => tail.out.includes('line 25\n'));
  await nats.kill();
  await until('the loss is told', () => tail.err.includes('connection to NATS lost'));
  await nats.start();
  await publisher.publish(...numbered(5, 26));
  await until('it goes on', () => tail.out.includes('line 30\n'), 30_000);
  t.is(await interrupted(tail), 0);
  t.is(tail.out, Array.from({ length: 15 }, (_, i) => `web | line ${16 + i}\n`).join(''));
  t.regex(tail.err, /connected to NATS again: going on where it was\n$/);
});

test('without a stream, lines are shown as they come; history alone is refused', async (t) => {
  const nats = await startLocalNats(t);
  const source = await publisher(t, nats);
  const env = { NATS_SERVERS: nats.url };
  const tail = start(t, ['logs.>'], env);
  await until('it listens', async () => {
    await source.publish({ text: 'now' });
    return tail.out.includes('web | now\n');
  });
  t.regex(tail.err, /^-- (no stream covers logs\.>|JetStream does not tell of streams).*: showing what comes\n$/);
  t.is(await interrupted(tail), 0);
  const { code, err } = await runProcess(['tail', 'logs.>', '--last', '5'], env);
  t.is(code, 1);
  t.regex(err, /--follow shows what comes\n$/);
});

test('the driver and tail belong together: what a container writes is what is shown', async (t) => {
  const { nats, env } = await site(t);
  const rig = await startDriver(t, { ...env, NATS_TRANSPORT: 'jetstream' });
  const container = await rig.container('shop');
  const tail = start(t, ['--follow'], env);
  await container.writeText('first\nsecond\n');
  await until('both are shown', () => tail.out.includes('shop | second\n'));
  t.is(tail.out, 'shop | first\nshop | second\n');
  t.is(await interrupted(tail), 0);
  t.is((await runProcess(['tail', '--server', nats.url, 'logs.shop'])).out, 'shop | first\nshop | second\n', 'without any configuration');
  await container.stop();
});

test('a context of the nats command line is all that it takes, wherever it lies', async (t) => {
  const nats = await startLocalNats(t, { config: `${JETSTREAM}authorization { user: a, password: "${CANARY}" }\n` });
  const stream = await Stream.make(nats.url, {}, { user: 'a', pass: CANARY });
  t.teardown(() => stream.close());
  const home = mkdtempSync(join(tmpdir(), 'nld-home-'));
  t.teardown(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, '.config/nats/context'), { recursive: true });
  writeFileSync(join(home, '.config/nats/context/shop.json'), JSON.stringify({ url: nats.url, user: 'a', password: CANARY }), { mode: 0o600 });
  const client = await connect({ servers: nats.url, user: 'a', pass: CANARY });
  await client.jetstream().publish('logs.web', body({ text: 'hello' }));
  await client.close();
  t.deepEqual(await runProcess(['tail', 'logs.>', '--context', 'shop'], { HOME: home }), { code: 0, out: 'web | hello\n', err: '' });
  const refused = await runProcess(['tail', 'logs.>', '--server', nats.url], { HOME: home });
  t.deepEqual([refused.code, refused.err], [1, `cannot connect to NATS\n${nats.url}: the server refused the credentials\n`]);
  t.is((await runProcess(['tail', 'logs.>', '--creds', 'nowhere.creds'], { HOME: home })).code, 2);
});

test('on a terminal, containers have their colours, and control characters of theirs do nothing', async (t) => {
  const { publisher, env } = await site(t);
  await publisher.publish({ text: '\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u009b2J \u202eevil' }, { name: 'db', text: 'x' });
  const { stdout } = spawnSync('script', ['-qec', `${process.execPath} ${MAIN} tail`, '/dev/null'], {
    encoding: 'utf8', env: { PATH: process.env['PATH'], TERM: 'xterm', ...env },
  });
  t.is(plain(stdout).replaceAll('\r', ''), 'web | red ␛]0;title␇ �2J �evil\ndb  | x\n');
  t.regex(stdout, /^\u001b\[36mweb /m);
  t.regex(stdout, /^\u001b\[33mdb /m);
});

test('what goes wrong is told in words', async (t) => {
  const { nats, env } = await site(t);
  await Stream.make(nats.url, { name: 'MORE', subjects: ['metrics.>'] }).then((stream) => stream.close());
  const several = await runProcess(['tail', '>'], env);
  t.is(several.code, 1);
  t.regex(several.err, /^several streams hold messages of >: choose one with --stream.*\n(LOGS\nMORE|MORE\nLOGS)\n$/);
  t.is((await runProcess(['tail', '>', '--stream', 'LOGS'], env)).code, 0);
  const missing = await runProcess(['tail', '--stream', 'NONE'], env);
  t.deepEqual([missing.code, missing.err], [1, 'stream NONE: stream not found\n']);
  const away = await runProcess(['tail', '--server', '127.0.0.1:1'], env);
  t.deepEqual([away.code, away.err], [1, 'cannot connect to NATS\nnats://127.0.0.1:1: connection refused\n']);
  for (const since of ['yesterday', '', '1dx']) t.is((await runProcess(['tail', `--since=${since}`], env)).code, 2, since);
  for (const subject of ['', 'logs. x', 'logs.>.x', 'logs.w*', 'logs..x']) {
    const { code, err } = await runProcess(['tail', subject], env);
    t.is(code, 2);
    t.regex(err, /^nats-log-driver tail: SUBJECT: expected one that can be subscribed to, got ".*", which (is|holds) /);
  }
  t.is((await runProcess(['tail', '--last', 'many'], env)).code, 2);
  t.regex((await runProcess(['tail', '--opt', 'nats-severs=x'], env)).err, /did you mean nats-servers\?/);
});
