import fc from 'fast-check';
import test from 'ava';
import { ByteWriter } from '../../src/core/byte-writer.ts';
import { HpubFramer } from '../../src/nats/hpub-framer.ts';
import { entryOf } from '../stages/collector.ts';

function frame(payload: string, facts: { number?: number; offset?: number; ordinal?: number; sequence?: number; line?: string } = {}, extra = ''): string {
  const out = new ByteWriter(Buffer.alloc(64));
  const framer = new HpubFramer('logs.web', '_INBOX.abc', 'f00-1', extra);
  const partial = facts.ordinal === undefined ? undefined : { id: 'x', ordinal: facts.ordinal, last: false };
  framer.open(out, facts.number ?? 1, { ...entryOf(facts.line ?? ''), offset: facts.offset ?? 0, partial }, facts.sequence ?? 1);
  out.append(Buffer.from(payload));
  framer.close(out, Buffer.byteLength(payload));
  return out.take().toString();
}

test('a message carries its identity and its number', (t) => {
  t.is(frame('{}', { number: 12, offset: 345, sequence: 67 }).replace(/ {2,}/, ' '),
    'HPUB logs.web _INBOX.abc.12 84 86\r\nNATS/1.0\r\nNats-Msg-Id: f00-1:345\r\nNats-Log-Session: f00-1\r\nNats-Log-Sequence: 67\r\n\r\n{}\r\n');
});

test('a piece of a line has an identity of its own, with its size: a line that is sent again may be cut otherwise', (t) => {
  t.regex(frame('{}', { offset: 345, ordinal: 2 }), /Nats-Msg-Id: f00-1:345\.2\.0\r\n/);
  t.regex(frame('{}', { offset: 345, ordinal: 2, line: 'twelve bytes' }), /Nats-Msg-Id: f00-1:345\.2\.12\r\n/);
});

test('records of the driver in one place are told apart', (t) => {
  t.regex(frame('{}', { offset: 345, ordinal: 0 }), /Nats-Msg-Id: f00-1:345\.0\.x\r\n/);
});

test('more headers follow', (t) => {
  t.regex(frame('{}', {}, 'Nats-Expected-Stream: LOGS\r\n'), /Nats-Log-Sequence: 1\r\nNats-Expected-Stream: LOGS\r\n\r\n\{\}\r\n$/);
});

test('the sizes are those of the headers and of all, whatever the numbers', (t) => {
  const whole = fc.integer({ min: 0, max: 2 ** 52 });
  fc.assert(fc.property(whole, whole, whole, fc.option(fc.nat(1000), { nil: undefined }), fc.string({ maxLength: 300 }), (number, offset, sequence, ordinal, payload) => {
    const text = Buffer.from(frame(payload, { number, offset, sequence, ...(ordinal === undefined ? {} : { ordinal }) }));
    const end = text.indexOf('\r\n');
    const [command, subject, reply, headerSize, size] = text.toString('utf8', 0, end).split(/ +/);
    const body = text.subarray(end + 2, -2);
    const headers = body.toString('utf8', 0, Number(headerSize));
    return command === 'HPUB' && subject === 'logs.web' && reply === `_INBOX.abc.${number}` && Number(size) === body.length
      && headers.endsWith(`Nats-Log-Sequence: ${sequence}\r\n\r\n`) && body.toString('utf8', Number(headerSize)) === payload;
  }), { numRuns: 1000 });
  t.pass();
});
