import { PassThrough } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import test from 'ava';
import { BrokenRequest, RequestBodies } from '../../src/server/request-body.ts';
import { until } from '../support/wait.ts';

const MIB = 1024 * 1024;

/** A request whose body is written by the test. */
function newRequest(): { body: PassThrough; message: IncomingMessage } {
  const body = new PassThrough({ highWaterMark: 16 * MIB });
  return { body, message: body as unknown as IncomingMessage };
}

test('large bodies that are under way have 64 MiB together: one more is refused, small ones are taken, and what has ended makes room', async (t) => {
  const bodies = new RequestBodies();
  const hogs = Array.from({ length: 8 }, () => {
    const { body, message } = newRequest();
    body.write(Buffer.alloc(8 * MIB, ' '));
    return { body, read: bodies.read(message, 'StartLogging') };
  });
  await until('they are read', () => hogs.every(({ body }) => body.readableLength === 0));
  const large = newRequest();
  large.body.end(`{"File":"${'x'.repeat(100_000)}"}`);
  await t.throwsAsync(bodies.read(large.message, 'StartLogging'), {
    message: 'nats: StartLogging: the request has 100011 bytes, and all that are under way have more than 67108864, which is what they may take of the memory; start the container again',
  });
  const small = newRequest();
  small.body.end('{"File":"a"}');
  t.deepEqual(await bodies.read(small.message, 'StopLogging'), { File: 'a' });
  for (const { body } of hogs) body.destroy();
  for (const { read } of hogs) await t.throwsAsync(read, { instanceOf: BrokenRequest, message: 'StartLogging: the connection was closed after 8388608 bytes of the request' });
  const again = newRequest();
  again.body.end(`{"File":"${'x'.repeat(100_000)}"}`);
  t.is(String((await bodies.read(again.message, 'StartLogging'))['File']).length, 100_000);
});

test('a large body that is nested deeper than any of the engine is not even parsed; brackets in texts are texts', async (t) => {
  const read = (text: string): Promise<unknown> => {
    const { body, message } = newRequest();
    body.end(text);
    return new RequestBodies().read(message, 'StartLogging');
  };
  const texts = JSON.stringify({ File: `"\\"[{${'['.repeat(100_000)}\\` });
  t.deepEqual(await read(texts), JSON.parse(texts));
  await t.throwsAsync(read(`{"File":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), { message: 'nats: StartLogging: expected a JSON object as the request, got something nested more than 100 deep' });
});
