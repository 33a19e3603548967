import test from 'ava';
import fc from 'fast-check';
import { ByteWriter } from '../../src/core/byte-writer.ts';
import { PubFramer } from '../../src/nats/pub-framer.ts';

/** As nats-server reads it: subject and size, any run of blanks between, then that many bytes. */
function parse(bytes: Buffer): { subject: string; payload: Buffer }[] {
  const messages = [];
  for (let at = 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const [command, subject, size, ...rest] = bytes.subarray(at, lineEnd).toString().split(/ +/);
    if (command !== 'PUB' || subject === undefined || !/^\d+$/.test(size ?? '') ||
      rest.length > 0) throw new Error(bytes.subarray(at, lineEnd).toString());
    const payload = bytes.subarray(lineEnd + 2, lineEnd + 2 + Number(size));
    at = lineEnd + 2 + Number(size);
    if (bytes.subarray(at, at + 2).toString() !== '\r\n') throw new Error('the payload does not end where it should');
    at += 2;
    messages.push({ subject, payload });
  }
  return messages;
}

test('any payloads come out as PUB commands, wherever the buffer grows', (t) => {
  const payload = fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.nat(40_000).map((size) => Buffer.alloc(size, 'x')));
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 10 }), fc.constantFrom(8, 64, 70_000), (payloads, size) => {
      const out = new ByteWriter(Buffer.alloc(size));
      const framer = new PubFramer('logs.web');
      for (const each of payloads) {
        framer.open(out);
        out.append(each);
        framer.close(out, each.length);
      }
      t.deepEqual(parse(out.take()), payloads.map((each) => ({ subject: 'logs.web', payload: Buffer.from(each) })));
    }),
    { seed: 20261122, numRuns: 300 },
  );
});

test('sizes have as many digits as they need', (t) => {
  for (const size of [0, 9, 10, 99, 100, 1_048_576]) {
    const out = new ByteWriter(Buffer.alloc(64));
    const framer = new PubFramer('s');
    framer.open(out);
    out.append(Buffer.alloc(size));
    framer.close(out, size);
    t.is(parse(out.take())[0]?.payload.length, size);
  }
});

test('a subject may hold any character of UTF-8', (t) => {
  const out = new ByteWriter(Buffer.alloc(64));
  const framer = new PubFramer('büro.日本');
  framer.open(out);
  out.append(Buffer.from('x'));
  framer.close(out, 1);
  t.is(parse(out.take())[0]?.subject, 'büro.日本');
});
