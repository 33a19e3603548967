import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Log } from '../../src/core/log.ts';
import type { DriverStatus } from '../../src/core/status.ts';
import { createHttpServer } from '../../src/listen.ts';
import { RequestError, type LogDriver } from '../../src/server/log-driver.ts';
import { requestListener } from '../../src/server/plugin.ts';
import { LazyMetrics } from '../../src/server/status-routes.ts';
import { statusOf } from '../support/status.ts';
import { until } from '../support/wait.ts';

const CANARY = 'CANARY-7f3a';
const BODY = JSON.stringify({ File: '/run/docker/logging/a', Info: { ContainerEnv: [`PASSWORD=${CANARY}`] } });

class Driver implements LogDriver {
  readonly started: [file: string, info: unknown][] = [];
  readonly stopped: string[] = [];
  refusal: Error | undefined;

  status(): DriverStatus {
    return statusOf();
  }

  startLogging(file: string, info: unknown): void {
    if (this.refusal !== undefined) throw this.refusal;
    this.started.push([file, info]);
  }

  reload(): void {
    if (this.refusal !== undefined) throw this.refusal;
  }

  async stopLogging(file: string): Promise<void> {
    this.stopped.push(file);
  }
}

type Reply = { readonly status: number; readonly body: unknown };

/** A driver's server on a unix socket, spoken to in raw bytes. */
class Bench {
  readonly driver = new Driver();
  readonly log: string[] = [];
  readonly #server: Server;
  readonly #folder = mkdtempSync(join(tmpdir(), 'nld-server-'));
  readonly #path = join(this.#folder, 'plugin.sock');

  constructor() {
    this.#server = createHttpServer(Promise.resolve(requestListener({
      driver: this.driver, reload: () => this.driver.reload(), metrics: new LazyMetrics(this.driver, () => 10), log: new Log({ write: (line) => this.log.push(line) > 0 }),
    })));
  }

  async start(): Promise<this> {
    this.#server.listen(this.#path);
    await once(this.#server, 'listening');
    return this;
  }

  async connect(): Promise<Client> {
    const socket = connect(this.#path);
    await once(socket, 'connect');
    return new Client(socket);
  }

  /** One request on a connection of its own. */
  async ask(request: string | Buffer): Promise<Reply> {
    const client = await this.connect();
    client.send(request);
    const reply = await client.reply();
    client.close();
    return reply;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
    rmSync(this.#folder, { recursive: true });
  }
}

class Client {
  isClosed = false;
  readonly #socket: Socket;
  #received = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#received += text);
    socket.on('error', () => this.isClosed = true);
    socket.on('close', () => this.isClosed = true);
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** The next reply, which must have a length, as the engine's client can tell where it ends. */
  async reply(): Promise<Reply> {
    return await until('a whole reply', () => {
      const match = /^HTTP\/1\.1 (\d{3}) [\s\S]*?\r\n\r\n/.exec(this.#received);
      if (match === null) {
        if (this.isClosed) throw new Error(`the connection was closed after ${JSON.stringify(this.#received)}`);
        return undefined;
      }
      const length = Number(/content-length: (\d+)/i.exec(match[0])?.[1]);
      const body = this.#received.slice(match[0].length, match[0].length + length);
      if (Number.isNaN(length) || Buffer.byteLength(body) < length) return undefined;
      this.#received = this.#received.slice(match[0].length + length);
      return { status: Number(match[1]), body: JSON.parse(body) as unknown };
    }, 5000);
  }

  close(): void {
    this.#socket.destroy();
  }
}

function withBench(run: (t: ExecutionContext, bench: Bench) => Promise<void>) {
  return async (t: ExecutionContext): Promise<void> => {
    const bench = await new Bench().start();
    try {
      await run(t, bench);
    } finally {
      await bench.close();
    }
    t.false(bench.log.join('').includes(CANARY), 'the environment of a container is in no log');
  };
}

/** As the engine sends it: no content type, the length always. */
function post(path: string, body: string | Buffer = '', host = 'Host: plugin.moby.localhost\r\n'): Buffer {
  const head = `POST /${path} HTTP/1.1\r\n${host}User-Agent: Go-http-client/1.1\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
    'Accept: application/vnd.docker.plugins.v1.2+json\r\n\r\n';
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}

const ok = { status: 200, body: { Err: '' } };

test('Activate and Capabilities answer to an empty body', withBench(async (t, bench) => {
  t.deepEqual(await bench.ask(post('Plugin.Activate')), { status: 200, body: { Implements: ['LogDriver'] } });
  t.deepEqual(await bench.ask(post('LogDriver.Capabilities')), { status: 200, body: { Cap: { ReadLogs: false }, Err: '' } });
}));

test('StartLogging and StopLogging reach the driver', withBench(async (t, bench) => {
  t.deepEqual(await bench.ask(post('LogDriver.StartLogging', `${BODY}\n`)), ok);
  t.deepEqual(await bench.ask(post('LogDriver.StopLogging', '{"File":"/run/docker/logging/a"}\n')), ok);
  t.deepEqual(bench.driver.started, [['/run/docker/logging/a', { ContainerEnv: [`PASSWORD=${CANARY}`] }]]);
  t.deepEqual(bench.driver.stopped, ['/run/docker/logging/a']);
}));

test('GET /status tells of the driver', withBench(async (t, bench) => {
  const { status, body } = await bench.ask('GET /status HTTP/1.1\r\n\r\n');
  t.is(status, 200);
  t.deepEqual(body, JSON.parse(JSON.stringify(statusOf())));
}));

const hosts: readonly [title: string, header: string][] = [
  ['an empty Host', 'Host: \r\n'], ['no Host at all', ''], ['a path as Host', 'Host: %2Frun%2Fdocker%2Fplugins%2Fnats.sock\r\n'],
];

for (const [title, header] of hosts) {
  test(`${title} is as good as any`, withBench(async (t, bench) => {
    t.deepEqual(await bench.ask(post('LogDriver.StartLogging', BODY, header)), ok);
  }));
}

test('a wrong content type does not matter', withBench(async (t, bench) => {
  t.deepEqual(await bench.ask(post('LogDriver.StartLogging', BODY, 'Host: x\r\nContent-Type: text/plain\r\n')), ok);
}));

const bad: readonly [title: string, body: string | Buffer, words: RegExp][] = [
  ['an empty body, as a repeated request has', '', /without its body/],
  ['malformed JSON', `{"File":"x","${CANARY}`, /expected a JSON object/],
  ['two values', `{}{"${CANARY}":1}`, /expected a JSON object/],
  ['an array', `["${CANARY}"]`, /expected a JSON object/],
  ['null', 'null', /expected a JSON object/],
  ['a text', `"${CANARY}"`, /expected a JSON object/],
  ['no File', `{"Info":{"a":"${CANARY}"}}`, /path of a log FIFO as File/],
  ['an empty File', '{"File":""}', /path of a log FIFO as File/],
  ['a File that is a number', '{"File":7}', /path of a log FIFO as File/],
  ['a File that is an object', `{"File":{"x":"${CANARY}"}}`, /path of a log FIFO as File/],
  ['a File by way of the prototype', `{"__proto__":{"File":"${CANARY}"}}`, /path of a log FIFO as File/],
  ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe, 0x00]), /expected a JSON object/],
  ['a hundred thousand brackets', '['.repeat(100_000), /expected a JSON object/],
  ['deep nesting', `{"File":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, /nested more than 100 deep/],
];

for (const [title, body, words] of bad) {
  test(`${title} is answered with a text for the user`, withBench(async (t, bench) => {
    for (const method of ['StartLogging', 'StopLogging']) {
      const { status, body: reply } = await bench.ask(post(`LogDriver.${method}`, body));
      t.is(status, 200);
      const { Err: said } = reply as { Err: string };
      t.regex(said, words);
      t.regex(said, /^nats: /);
      t.false(said.includes(CANARY));
    }
    t.deepEqual(bench.driver.started, []);
  }));
}

test('what the driver says to the user is passed on, whole', withBench(async (t, bench) => {
  bench.driver.refusal = new RequestError('nats: tag: "quoted"\nand a second line');
  t.deepEqual(await bench.ask(post('LogDriver.StartLogging', BODY)),
    { status: 200, body: { Err: 'nats: tag: "quoted"\nand a second line' } });
}));

test('a bug is an error 500 that says nothing, and is in the log', withBench(async (t, bench) => {
  bench.driver.refusal = new TypeError('x is undefined');
  const { status, body } = await bench.ask(post('LogDriver.StartLogging', BODY));
  t.is(status, 500);
  t.deepEqual(body, { Err: 'nats: internal error, see the log of the plugin' });
  t.true(bench.log.some((line) => line.includes('x is undefined') && line.includes('plugin.test.ts')));
  bench.driver.refusal = undefined;
  t.deepEqual(await bench.ask(post('LogDriver.StartLogging', BODY)), ok, 'it goes on');
}));

const others: readonly [title: string, request: string][] = [
  ['an unknown path', 'POST /VolumeDriver.Create HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
  ['ReadLogs, which is not offered', 'POST /LogDriver.ReadLogs HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}'],
  ['GET', 'GET /LogDriver.StartLogging HTTP/1.1\r\n\r\n'],
  ['the root', 'GET / HTTP/1.1\r\n\r\n'],
  ['a path with broken percent signs', 'POST /%E0%A4%A HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
  ['a very long path', `POST /${'x'.repeat(5000)} HTTP/1.1\r\nContent-Length: 0\r\n\r\n`],
];

for (const [title, request] of others) {
  test(`${title} is no request of a log driver`, withBench(async (t, bench) => {
    const { status, body } = await bench.ask(request);
    t.is(status, 404);
    const { Err: said } = body as { Err: string };
    t.regex(said, /is no request of a log driver/);
    t.true(said.length < 300);
  }));
}

test('a connection serves many requests, whatever they were', withBench(async (t, bench) => {
  const client = await bench.connect();
  const requests = [
    post('LogDriver.Capabilities'), post('LogDriver.StartLogging'), post('LogDriver.StartLogging', BODY),
      post('Nonsense', 'x'.repeat(100_000)),
    post('LogDriver.Capabilities', 'x'.repeat(1_000_000)), post('LogDriver.StartLogging', '{'), post('LogDriver.StopLogging', BODY),
  ];
  const statuses: number[] = [];
  for (const request of requests) {
    client.send(request);
    statuses.push((await client.reply()).status);
  }
  t.deepEqual(statuses, [200, 200, 200, 404, 200, 200, 200]);
  t.false(client.isClosed);
  client.close();
}));

test('pipelined requests are answered in their order', withBench(async (t, bench) => {
  const client = await bench.connect();
  client.send(Buffer.concat([post('LogDriver.StartLogging', BODY), post('Plugin.Activate'), post('Nothing'),
    post('LogDriver.StopLogging', BODY)]));
  t.deepEqual(await client.reply(), ok);
  t.deepEqual((await client.reply()).body, { Implements: ['LogDriver'] });
  t.is((await client.reply()).status, 404);
  t.deepEqual(await client.reply(), ok);
  client.close();
}));

test('a request may come byte by byte, and in chunks', withBench(async (t, bench) => {
  const client = await bench.connect();
  for (const byte of post('LogDriver.StartLogging', BODY)) client.send(Buffer.of(byte));
  t.deepEqual(await client.reply(), ok);
  client.send('POST /LogDriver.StopLogging HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"Fil\r\n9\r\ne":"a.b"}\r\n0\r\n\r\n');
  t.deepEqual(await client.reply(), ok);
  t.deepEqual(bench.driver.stopped, ['a.b']);
  client.close();
}));

test('a body of five megabytes is taken: it holds labels and environment', withBench(async (t, bench) => {
  const env = Array.from({ length: 50_000 }, (_, i) => `NAME_${i}=${'é"\\'.repeat(20)}`);
  const body = JSON.stringify({ File: 'f', Info: { ContainerEnv: env } });
  t.true(Buffer.byteLength(body) > 5_000_000);
  t.deepEqual(await bench.ask(post('LogDriver.StartLogging', body)), ok);
  t.deepEqual(bench.driver.started[0]?.[1], { ContainerEnv: env });
}));

test('A7: a body over the limit is answered, and the connection goes on', withBench(async (t, bench) => {
  const client = await bench.connect();
  client.send(post('LogDriver.StartLogging', Buffer.alloc(9 * 1024 * 1024, 'x')));
  const { status, body } = await client.reply();
  t.is(status, 200);
  t.regex((body as { Err: string }).Err, /has 9437184 bytes, at most 8388608 are taken/);
  client.send(post('Plugin.Activate'));
  t.is((await client.reply()).status, 200);
  client.close();
}));

test('connections that say nothing, nonsense or half a request end nothing', withBench(async (t, bench) => {
  const silent = await bench.connect();
  const nonsense = await bench.connect();
  const half = await bench.connect();
  nonsense.send('\x16\x03\x01 this is no HTTP\r\n\r\n');
  half.send(post('LogDriver.StartLogging', BODY).subarray(0, 200));
  t.deepEqual(await nonsense.reply(), { status: 400, body: { Err: 'nats: expected a request of HTTP/1.1, got something else (HPE_INVALID_METHOD)' } });
  await until('the nonsense is refused', () => nonsense.isClosed);
  half.close();
  silent.close();
  t.deepEqual(await bench.ask(post('LogDriver.StartLogging', BODY)), ok);
  t.is(bench.driver.started.length, 1);
  await until('the broken request is told of', () => bench.log.length > 0);
  t.deepEqual(bench.log.map((line) => (JSON.parse(line) as { error: string }).error), ['StartLogging: the connection was closed after 28 bytes of the request']);
}));

test('headers over the limit are answered with it', withBench(async (t, bench) => {
  const { status, body } = await bench.ask(`POST /LogDriver.StartLogging HTTP/1.1\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
  t.is(status, 431);
  t.deepEqual(body, { Err: 'nats: the headers of the request have more than 16384 bytes' });
}));

test('the engine asks again and again for the same: each is answered', withBench(async (t, bench) => {
  const replies = await Promise.all(Array.from({ length: 50 }, () => bench.ask(post('LogDriver.StopLogging', '{"File":"unknown"}'))));
  t.true(replies.every(({ status }) => status === 200));
  t.is(bench.driver.stopped.length, 50);
}));
