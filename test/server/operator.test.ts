import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { Log } from '../../src/core/log.ts';
import type { DriverStatus } from '../../src/core/status.ts';
import { operatorListener } from '../../src/server/operator.ts';
import { LazyMetrics } from '../../src/server/status-routes.ts';
import type { TailSource } from '../../src/server/tail-route.ts';
import { statusOf } from '../support/status.ts';
import { until } from '../support/wait.ts';

interface Question { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string }

interface Reply { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

class Bench {
  status: DriverStatus | Error = statusOf();
  readonly log: string[] = [];
  /** Those who look at the session `known`. */
  readonly tails: Parameters<TailSource['tail']>[1][] = [];
  readonly #server: Server;

  constructor(names: readonly string[] | undefined) {
    const source = { status: () => this.#status() };
    const log = new Log({ write: (line) => this.log.push(line) > 0 });
    const tail: TailSource | undefined = names === undefined ? undefined : {
      tail: (session, listener) => {
        if (session !== 'known') return undefined;
        this.tails.push(listener);
        return () => void this.tails.splice(this.tails.indexOf(listener), 1);
      },
    };
    this.#server = createServer(operatorListener({ source, metrics: new LazyMetrics(source, () => 10), names, tail, log }));
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  async ask(path: string, question: Question = {}): Promise<Reply> {
    const response = await this.open(path, question);
    return { status: response.statusCode ?? 0, headers: response.headers, body: await textOf(response) };
  }

  /** The answer, of which nothing is read yet. */
  async open(path: string, { method = 'GET', headers = {}, body = '' }: Question = {}): Promise<IncomingMessage> {
    const { port } = this.#server.address() as AddressInfo;
    const asked = request({ host: '127.0.0.1', port, path, method, headers });
    asked.end(body);
    const [response] = await once(asked, 'response') as [IncomingMessage];
    return response;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #status(): DriverStatus {
    if (this.status instanceof Error) throw this.status;
    return this.status;
  }
}

function withBench(run: (t: ExecutionContext, bench: Bench) => Promise<void>, kind: 'port' | 'socket' = 'port') {
  return async (t: ExecutionContext): Promise<void> => {
    const bench = await new Bench(kind === 'port' ? ['docker-host-1'] : undefined).start();
    try {
      await run(t, bench);
    } finally {
      await bench.close();
    }
  };
}

test('/healthz answers as long as the process serves', withBench(async (t, bench) => {
  const { status, body } = await bench.ask('/healthz');
  t.is(status, 200);
  t.deepEqual(JSON.parse(body), { status: 'ok' });
}));

test('/readyz answers 200, or 503 with the reasons', withBench(async (t, bench) => {
  const ready = await bench.ask('/readyz');
  t.is(ready.status, 200);
  t.deepEqual(JSON.parse(ready.body), { status: 'ready', problems: [] });
  bench.status = statusOf({ configuration: { loaded_at: '2026-03-14T15:09:26Z', in_force: false, loads: 0, refusals: 1, error: 'nats: nats-servers: expected …' } });
  const refused = await bench.ask('/readyz');
  t.is(refused.status, 503);
  t.deepEqual(JSON.parse(refused.body), {
    status: 'not-ready', problems: [{ kind: 'configuration-refused', severity: 'error', message: 'nats: nats-servers: expected …' }],
  });
}));

test('/readyz answers 200 after a refused edit, and tells of it', withBench(async (t, bench) => {
  bench.status = statusOf({ configuration: { loaded_at: '2026-03-14T15:09:26Z', in_force: true, loads: 1, refusals: 1, error: 'nats: nats-servers: expected …' } });
  const { status, body } = await bench.ask('/readyz');
  t.is(status, 200);
  t.deepEqual(JSON.parse(body), { status: 'ready', problems: [{ kind: 'change-refused', severity: 'warning', message: 'nats: nats-servers: expected …' }] });
}));

test('/status is the status as JSON', withBench(async (t, bench) => {
  const { status, headers, body } = await bench.ask('/status');
  t.is(status, 200);
  t.regex(headers['content-type'] ?? '', /^application\/json/);
  t.deepEqual(JSON.parse(body), JSON.parse(JSON.stringify(bench.status)));
}));

test('/metrics is what Prometheus reads', withBench(async (t, bench) => {
  const { status, headers, body } = await bench.ask('/metrics');
  t.is(status, 200);
  t.is(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  t.regex(body, /^docker_nats_log_build_info\{version="1\.2\.3"\} 1$/m);
}));

test('HEAD gets the head alone', withBench(async (t, bench) => {
  const { status, headers, body } = await bench.ask('/status', { method: 'HEAD' });
  t.is(status, 200);
  t.true(Number(headers['content-length']) > 100);
  t.is(body, '');
}));

for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
  test(`${method} is refused`, withBench(async (t, bench) => {
    const { status, headers } = await bench.ask('/status', { method });
    t.is(status, 405);
    t.is(headers.allow, 'GET, HEAD');
  }));
}

const hosts: readonly [host: string, status: number][] = [
  ['127.0.0.1:9273', 200], ['10.1.2.3', 200], ['[::1]:9273', 200], ['localhost:9273', 200], ['LOCALHOST', 200], ['docker-host-1:9273', 200], ['Docker-Host-1', 200],
  ['evil.example', 421], ['127.0.0.1.evil.example:9273', 421], ['docker-host-1.evil.example', 421], ['localhost.evil.example', 421], ['[::1].evil.example', 421],
];

for (const [host, wanted] of hosts) {
  test(`a request for the host ${JSON.stringify(host)} is ${wanted === 200 ? 'answered' : 'refused: a page may have made up the name'}`, withBench(async (t, bench) => {
    for (const path of ['/status', '/metrics', '/healthz']) t.is((await bench.ask(path, { headers: { Host: host } })).status, wanted);
  }));
}

test('on a unix socket any name will do', withBench(async (t, bench) => {
  t.is((await bench.ask('/status', { headers: { Host: 'whatever' } })).status, 200);
}, 'socket'));

test('what a browser asks for another site is refused', withBench(async (t, bench) => {
  for (const [site, status] of [['cross-site', 403], ['same-site', 403], ['same-origin', 200], ['none', 200]] as const) {
    t.is((await bench.ask('/status', { headers: { 'Sec-Fetch-Site': site } })).status, status, site);
  }
}));

test('every answer forbids what a browser might do with it', withBench(async (t, bench) => {
  for (const [path, headers] of [['/status', {}], ['/nothing', {}], ['/status', { Host: 'evil.example' }]] as const) {
    const { headers: answered } = await bench.ask(path, { headers: { Origin: 'http://evil.example', ...headers } });
    t.is(answered['x-content-type-options'], 'nosniff');
    t.is(answered['x-frame-options'], 'DENY');
    t.is(answered['cache-control'], 'no-store');
    t.regex(String(answered['content-security-policy']), /default-src 'none'/);
    t.is(answered['access-control-allow-origin'], undefined);
  }
}));

test('an unknown path says which ones there are', withBench(async (t, bench) => {
  for (const path of ['/metrics/x', '/../status', '/%E0%A4%A', '/Plugin.Activate']) {
    const { status, body } = await bench.ask(path);
    t.true(status === 404 || status === 400, path);
    if (status === 404) t.regex(body, /\/readyz/);
  }
}));

test('a bug is an error 500 that says nothing, and is in the log', withBench(async (t, bench) => {
  bench.status = new TypeError('x is undefined');
  const { status, body } = await bench.ask('/status');
  t.is(status, 500);
  t.false(body.includes('undefined'));
  t.true(bench.log.some((line) => line.includes('x is undefined')));
}));

test('/ is the status page, which may run its own script and ask its own origin, and nothing else', withBench(async (t, bench) => {
  const { status, headers, body } = await bench.ask('/');
  t.is(status, 200);
  t.regex(headers['content-type'] ?? '', /^text\/html/);
  t.regex(body, /^<!doctype html>/);
  t.regex(String(headers['content-security-policy']), /default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'; connect-src 'self'; /);
  t.notRegex(body, /(src|href)="(?!#|data:)/, 'it loads nothing');
}));

test('/tail sends the lines of a session as events until the reader goes or the session ends', withBench(async (t, bench) => {
  const asked = bench.ask('/tail?session=known');
  await until('somebody looks on', () => bench.tails[0]);
  bench.tails[0]?.line('stderr', 'a "quoted" line');
  bench.tails[0]?.skipped(7);
  bench.tails[0]?.ended();
  const { headers, body } = await asked;
  t.regex(headers['content-type'] ?? '', /^text\/event-stream/);
  t.is(body, ': live\n\nevent: message\ndata: {"source":"stderr","text":"a \\"quoted\\" line"}\n\nevent: skipped\ndata: 7\n\nevent: end\ndata: {}\n\n');
  await until('nobody looks on', () => bench.tails.length === 0);
}));

test('a reader of /tail that takes nothing is sent no more, and told how many lines are missing when the session ends', withBench(async (t, bench) => {
  const response = await bench.open('/tail?session=known');
  const tail = await until('somebody looks on', () => bench.tails[0]);
  const text = 'x'.repeat(4096);
  const lines = 5000;
  for (let i = 0; i < lines; i++) tail.line('stdout', text);
  tail.ended();
  const body = await textOf(response);
  const shown = body.match(/^event: message$/gm)?.length ?? 0;
  t.true(shown > 0 && shown < 100, `${shown} lines were kept for it`);
  t.true(body.endsWith(`event: skipped\ndata: ${lines - shown}\n\nevent: end\ndata: {}\n\n`));
}));

test('a session that is not there, one tail too many, and tails that the operator does not want are refused', withBench(async (t, bench) => {
  t.is((await bench.ask('/tail?session=other')).status, 404);
  const open = Array.from({ length: 16 }, () => bench.ask('/tail?session=known'));
  await until('sixteen look on', () => bench.tails.length === 16);
  t.is((await bench.ask('/tail?session=known')).status, 503);
  for (const tail of [...bench.tails]) tail.ended();
  await Promise.all(open);
}));

test('where lines are not to be seen /tail says which option wants it so', withBench(async (t, bench) => {
  const { status, body } = await bench.ask('/tail?session=known');
  t.is(status, 403);
  t.regex(body, /nats-log-http-tail/);
}, 'socket'));
