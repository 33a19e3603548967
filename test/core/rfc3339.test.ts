import test from 'ava';
import fc from 'fast-check';
import { TIMESTAMP_BYTES, TimestampWriter } from '../../src/core/rfc3339.ts';

const BILLION = 1_000_000_000n;
const INT64 = 2n ** 63n;

function split(nanos: bigint): [seconds: number, nanos: number] {
  const rest = ((nanos % BILLION) + BILLION) % BILLION;
  return [Number((nanos - rest) / BILLION), Number(rest)];
}

function oracle(nanos: bigint): string {
  const [seconds, rest] = split(nanos);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(rest).padStart(9, '0')}Z`;
}

function written(writer: TimestampWriter, nanos: bigint): string {
  const buffer = Buffer.alloc(TIMESTAMP_BYTES + 2, '#');
  writer.write(...split(nanos), buffer, 1);
  const text = buffer.toString();
  return text.startsWith('#') && text.endsWith('#') ? text.slice(1, -1) : `outside of its place: ${text}`;
}

test('every int64 of nanoseconds is written as Date and BigInt would', (t) => {
  const writer = new TimestampWriter();
  fc.assert(
    fc.property(fc.bigInt({ min: -INT64, max: INT64 - 1n }), (nanos) => written(writer, nanos) === oracle(nanos)),
    { seed: 20261122, numRuns: 3000 },
  );
  t.pass();
});

const rows: readonly [nanos: bigint, text: string][] = [
  [0n, '1970-01-01T00:00:00.000000000Z'],
  [-1n, '1969-12-31T23:59:59.999999999Z'],
  [1_714_979_289_123_456_789n, '2024-05-06T07:08:09.123456789Z'],
  [1_714_979_289_000_000_001n, '2024-05-06T07:08:09.000000001Z'],
  [INT64 - 1n, '2262-04-11T23:47:16.854775807Z'],
  [-INT64, '1677-09-21T00:12:43.145224192Z'],
];

for (const [nanos, text] of rows) {
  test(`${nanos} ns since 1970 is ${text}`, (t) => {
    t.is(written(new TimestampWriter(), nanos), text);
  });
}

test('a writer shows each second anew, and each nanosecond within one', (t) => {
  const writer = new TimestampWriter();
  const times = [5n, 6n, BILLION + 6n, 6n].map((nanos) => written(writer, nanos).slice(17));
  t.deepEqual(times, ['00.000000005Z', '00.000000006Z', '01.000000006Z', '00.000000006Z']);
});
