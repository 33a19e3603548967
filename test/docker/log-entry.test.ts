import test from 'ava';
import fc from 'fast-check';
import { EntryCursor } from '../../src/docker/frame-decoder.ts';
import { parseLogEntry } from '../../src/docker/log-entry.ts';
import { encodeFrame, type Entry } from '../support/log-entry.ts';
import { bytesField, message, numberField, varint, type Field } from './messages.ts';

const SEED = 20261122;
const INT64 = 2n ** 63n;

interface Parsed {
  readonly source: string;
  readonly nanos: bigint;
  readonly line: string;
  readonly partial: unknown;
}

function parse(bytes: Buffer): Parsed | undefined {
  // Behind other bytes, so that a mistaken start shows.
  const padded = Buffer.concat([Buffer.from('abc'), bytes, Buffer.from('xyz')]);
  const entry = new EntryCursor();
  if (!parseLogEntry(padded, 3, 3 + bytes.length, entry)) return undefined;
  return {
    source: entry.source,
    nanos: BigInt(entry.seconds) * 1_000_000_000n + BigInt(entry.nanos),
    line: Buffer.from(entry.bytes.subarray(entry.start, entry.end)).toString('latin1'),
    partial: entry.partial,
  };
}

const source = bytesField(1, Buffer.from('stdout'));
const timeNano = 1_714_979_289_123_456_789n;

const vectors: readonly [title: string, hex: string, parsed: Parsed][] = [
  ['a plain line', '0a067374646f757410958eeceabb92b5e6171a026869', { source: 'stdout', nanos: timeNano, line: 'hi', partial: undefined }],
  ['an empty line', '0a0673746465727210958eeceabb92b5e617', { source: 'stderr', nanos: timeNano, line: '', partial: undefined }],
  ['the first piece of a line', '0a067374646f757410958eeceabb92b5e6171a0568656c6c6f20012a081204616231321801',
    { source: 'stdout', nanos: timeNano, line: 'hello', partial: { id: 'ab12', ordinal: 1, last: false } }],
  ['the last piece of a line', '0a067374646f757410958eeceabb92b5e6171a017820012a0a08011204616231321802',
    { source: 'stdout', nanos: timeNano, line: 'x', partial: { id: 'ab12', ordinal: 2, last: true } }],
  ['bytes that are not UTF-8', '0a067374646f757410958eeceabb92b5e6171a03fffe00',
    { source: 'stdout', nanos: timeNano, line: '\xff\xfe\0', partial: undefined }],
  ['a piece of an engine that sends no metadata', '0a067374646f75742001',
    { source: 'stdout', nanos: 0n, line: '', partial: { id: '', ordinal: 0, last: false } }],
];

for (const [title, hex, parsed] of vectors) {
  test(`reads ${title}`, (t) => {
    t.deepEqual(parse(Buffer.from(hex, 'hex')), parsed);
  });
}

/** Fields that this driver does not know, of each wire type. */
const unknownField: fc.Arbitrary<Field> = fc.oneof(
  fc.tuple(fc.integer({ min: 6, max: 300 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map(([number, value]) =>
    numberField(number, value)),
  fc.tuple(fc.integer({ min: 6, max: 300 }), fc.uint8Array()).map(([number, bytes]) => bytesField(number, bytes)),
  fc.tuple(fc.integer({ min: 6, max: 300 }), fc.uint8Array({ minLength: 8, maxLength: 8 })).map(([number, bytes]): Field =>
    ({ number, wireType: 1, value: Buffer.from(bytes) })),
  fc.tuple(fc.integer({ min: 6, max: 300 }), fc.uint8Array({ minLength: 4, maxLength: 4 })).map(([number, bytes]): Field =>
    ({ number, wireType: 5, value: Buffer.from(bytes) })),
);

test('the order of fields, unknown fields and padded varints do not matter', (t) => {
  const shuffled = (fields: readonly Field[]): fc.Arbitrary<Field[]> => fc.shuffledSubarray([...fields], { minLength: fields.length });
  const facts = fc.record({
    source: fc.constantFrom('stdout', 'stderr'),
    nanos: fc.bigInt({ min: -INT64, max: INT64 - 1n }),
    line: fc.uint8Array({ maxLength: 200 }),
    id: fc.stringMatching(/^[0-9a-f]{0,64}$/),
    ordinal: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    last: fc.boolean(),
    width: fc.integer({ min: 1, max: 10 }),
    unknown: fc.array(unknownField, { maxLength: 5 }),
    inner: fc.array(unknownField, { maxLength: 3 }),
  });
  const cases = facts.chain((fact) => {
    const metadata = [
      numberField(1, fact.last ? 1n : 0n, fact.width), bytesField(2, Buffer.from(fact.id)), numberField(3, BigInt(fact.ordinal)),
        ...fact.inner,
    ];
    return shuffled(metadata).chain((inner) => shuffled([
      bytesField(1, Buffer.from(fact.source)), numberField(2, fact.nanos), bytesField(3, fact.line),
      numberField(4, 1n, fact.width), bytesField(5, message(inner)), ...fact.unknown,
    ])).map((fields) => ({ fact, fields }));
  });
  fc.assert(fc.property(cases, ({ fact, fields }) => {
    t.deepEqual(parse(message(fields)), {
      source: fact.source, nanos: fact.nanos, line: Buffer.from(fact.line).toString('latin1'),
      partial: { id: fact.id, ordinal: fact.ordinal, last: fact.last },
    });
  }), { seed: SEED, numRuns: 1000 });
});

const times: readonly [title: string, nanos: bigint][] = [
  ['zero', 0n], ['one before the epoch', -1n], ['a whole second before the epoch', -1_000_000_000n], ['the smallest int64', -INT64],
  ['the largest int64', INT64 - 1n], ['one less than a second', 999_999_999n], ['a whole second', 1_000_000_000n],
  ['the last nanosecond that a double can tell', 2n ** 53n + 1n], ['a far future', 9_000_000_000_999_999_999n],
];

for (const [title, nanos] of times) {
  test(`C1: a time of ${title} is exact`, (t) => {
    t.is(parse(message([source, numberField(2, nanos)]))?.nanos, nanos);
  });
}

test('C1: every time is exact', (t) => {
  const near = fc.tuple(fc.bigInt({ min: -9_223_372_036n, max: 9_223_372_035n }), fc.integer({ min: -2, max: 2 }))
    .map(([seconds, offset]) => seconds * 1_000_000_000n + BigInt(offset));
  fc.assert(
    fc.property(fc.oneof(near, fc.bigInt({ min: -INT64, max: INT64 - 1n })), fc.integer({ min: 1, max: 10 }), (nanos, width) =>
      parse(message([source, numberField(2, nanos, width)]))?.nanos === nanos),
    { seed: SEED, numRuns: 5000 },
  );
  t.pass();
});

const refused: readonly [title: string, bytes: Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['no source', message([numberField(2, 5n), bytesField(3, Buffer.from('x'))])],
  ['a source that is a number', message([numberField(1, 6n)])],
  ['another source', message([bytesField(1, Buffer.from('stdin'))])],
  ['an empty source', message([bytesField(1, Buffer.alloc(0))])],
  ['a field with the number zero', Buffer.concat([message([source]), Buffer.from([0x00, 0x00])])],
  ['a group', Buffer.concat([message([source]), Buffer.from([0x33, 0x34])])],
  ['a line that is longer than its message', Buffer.concat([message([source]), Buffer.from([0x1a, 0x05, 0x61])])],
  ['a line of nearly 4 GiB', Buffer.concat([message([source]), Buffer.from([0x1a]), varint(0xffff_fff0n), Buffer.from('a')])],
  ['a varint of eleven bytes', Buffer.concat([message([source]), Buffer.from([0x20]), Buffer.alloc(10, 0x80), Buffer.from([0])])],
  ['a time of eleven bytes', Buffer.concat([message([source]), Buffer.from([0x10]), Buffer.alloc(10, 0x80), Buffer.from([0])])],
  ['a time without an end', Buffer.concat([message([source]), Buffer.from([0x10, 0x80])])],
  ['eight bytes that are not all there', Buffer.concat([message([source]), Buffer.from([0x31, 1, 2, 3])])],
  ['four bytes that are not all there', Buffer.concat([message([source]), Buffer.from([0x35, 1])])],
  ['metadata that is longer than its message', Buffer.concat([message([source]), Buffer.from([0x2a, 0x09, 0x08, 0x01])])],
  ['metadata whose id is longer than the metadata', message([source, bytesField(5, Buffer.from([0x12, 0x7f, 0x61])),
    bytesField(3, Buffer.alloc(200))])],
];

for (const [title, bytes] of refused) {
  test(`a message with ${title} is no log entry`, (t) => {
    t.is(parse(bytes), undefined);
  });
}

test('metadata without the partial flag makes no piece', (t) => {
  t.is(parse(message([source, bytesField(5, message([bytesField(2, Buffer.from('id'))]))]))?.partial, undefined);
});

test('known fields of another wire type are stepped over like unknown ones', (t) => {
  const strange: Field[] = [bytesField(2, Buffer.from('late')), numberField(3, 7n), bytesField(4, Buffer.from([1])), numberField(5, 1n)];
  t.deepEqual(parse(message([...strange, source])), { source: 'stdout', nanos: 0n, line: '', partial: undefined });
});

test('nothing is left of the message before', (t) => {
  const entry = new EntryCursor();
  const full = message([source, numberField(2, timeNano), bytesField(3, Buffer.from('line')), numberField(4, 1n)]);
  t.true(parseLogEntry(full, 0, full.length, entry));
  const bare = message([bytesField(1, Buffer.from('stderr'))]);
  t.true(parseLogEntry(bare, 0, bare.length, entry));
  t.deepEqual([entry.source, entry.seconds, entry.nanos, entry.end - entry.start, entry.partial], ['stderr', 0, 0, 0, undefined]);
});

test('any bytes are refused or read, within their bounds', (t) => {
  const entry: Entry = { source: 'stdout', timeNano, line: Buffer.from('some line'), partial: { last: true, id: 'ab12', ordinal: 3 } };
  const honest = encodeFrame(entry).subarray(4);
  const mutated = fc.array(fc.tuple(fc.nat(honest.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
    const bytes = Buffer.from(honest);
    for (const [at, byte] of changes) bytes[at] = byte;
    return bytes;
  });
  const cursor = new EntryCursor();
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), mutated), fc.nat(100), (bytes, cut) => {
    const end = Math.min(bytes.length, cut);
    const isEntry = parseLogEntry(bytes, 0, end, cursor);
    return !isEntry || (cursor.start >= 0 && cursor.start <= cursor.end && cursor.end <= end && cursor.nanos >= 0 && cursor.nanos < 1e9);
  }), { seed: SEED, numRuns: 10_000 });
  t.pass();
});
