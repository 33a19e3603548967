import test from 'ava';
import type { PublishOptions } from 'nats';
import { publishCommands } from '../../src/nats/public-path.ts';

function published(bytes: Uint8Array): string[] {
  const list: string[] = [];
  const publish = (subject: string, data: unknown, options?: PublishOptions): void => {
    const { reply = '', headers } = options ?? {};
    const named = headers === undefined ? '' : headers.keys().map((name) => `${name}=${headers.get(name)}`).join();
    list.push([subject, reply, named, Buffer.from(data as Uint8Array).toString('latin1')].join('|'));
  };
  publishCommands({ publish }, bytes);
  return list;
}

test('each command of a buffer is published once and in order, whatever its payload holds', (t) => {
  t.deepEqual(published(Buffer.from('PUB a         5\r\nPUB b\r\nPUB b 0\r\n\r\nPUB c 2\r\n\r\n\r\n')), ['a|||PUB b', 'b|||', 'c|||\r\n']);
});

test('headers and the subject of the reply are kept', (t) => {
  const headers = 'NATS/1.0\r\nNats-Msg-Id: s:12.1\r\nNats-Expected-Stream: A: B\r\n\r\n';
  t.deepEqual(published(Buffer.from(`HPUB a in.7 ${headers.length}        ${headers.length + 2}\r\n${headers}xy\r\n`)), ['a|in.7|Nats-Msg-Id=s:12.1,Nats-Expected-Stream=A: B|xy']);
});

test('what is no whole command is a bug, and none of it is published', (t) => {
  for (const bytes of ['SUB a 1\r\n', 'PUB a 5\r\nabc', 'PUB a', 'PUB a x\r\nabc\r\n']) t.throws(() => published(Buffer.from(bytes)), { message: /^no command of NATS at 0 of \d+ bytes$/ }, bytes);
});
