import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { DriverError, FakeEngine } from './fake-engine.ts';

interface Seen {
  readonly rawHeaders: readonly string[];
  readonly url: string | undefined;
  readonly body: string;
  readonly client: unknown;
}

/** A driver that answers everything with `answer`. */
async function engineFor(t: ExecutionContext, answer: string): Promise<{ engine: FakeEngine; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { rawHeaders, url, socket } = request;
      seen.push({ rawHeaders, url, body: Buffer.concat(chunks).toString(), client: socket });
      response.end(answer);
    });
  });
  const dir = mkdtempSync(join(tmpdir(), 'nld-fake-'));
  const path = join(dir, 'driver.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const engine = new FakeEngine(path);
  t.teardown(() => {
    engine.close();
    server.close();
    rmSync(dir, { recursive: true });
  });
  return { engine, seen };
}

test('a request carries the headers that dockerd sends, and nothing else', async (t) => {
  const { engine, seen } = await engineFor(t, '{}');
  await engine.post('Plugin.Activate');
  t.is(seen[0]?.url, '/Plugin.Activate');
  t.is(seen[0]?.body, '');
  t.deepEqual(seen[0]?.rawHeaders, [
    ...['Host', 'plugin.moby.localhost', 'User-Agent', 'Go-http-client/1.1', 'Content-Length', '0'],
    ...['Accept', 'application/vnd.docker.plugins.v1.2+json'],
  ]);
});

test('requests share one connection', async (t) => {
  const { engine, seen } = await engineFor(t, '{}');
  for (let i = 0; i < 3; i++) await engine.post('LogDriver.Capabilities');
  t.is(new Set(seen.map(({ client }) => client)).size, 1);
});

test('a body is one line of JSON, escaped as Go does', async (t) => {
  const { engine, seen } = await engineFor(t, '{"Err":""}');
  await engine.call('X', { a: '<b> & \u2028' });
  t.is(seen[0]?.body, '{"a":"\\u003cb\\u003e \\u0026 \\u2028"}\n');
});

test('an answer with Err is an error with that text', async (t) => {
  const { engine } = await engineFor(t, '{"Err":"nats-colour: unknown option"}');
  await t.throwsAsync(engine.startLogging(), { instanceOf: DriverError, message: 'nats-colour: unknown option' });
});

test('a full FIFO delays the writer, not the process', async (t) => {
  const { engine } = await engineFor(t, '{}');
  const logger = await engine.startLogging();
  const size = 1_000_000;
  const written = logger.write(Buffer.alloc(size, 'x'));
  const reader = new Socket({ fd: openSync(logger.file, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
  let read = 0;
  for await (const chunk of reader as AsyncIterable<Buffer>) {
    read += chunk.length;
    if (read === size) break;
  }
  await written;
  t.is(read, size);
});
