import test from 'ava';
import fc from 'fast-check';
import { formatBytes, formatDuration, parseBytes, parseDuration } from '../../src/options/units.ts';

const sizes: readonly [string, number | undefined][] = [
  ['0', 0], ['65536', 65536], ['512k', 524_288], ['8m', 8_388_608], ['8M', 8_388_608], ['8MB', 8_388_608], ['8MiB', 8_388_608],
  ['1g', 1_073_741_824], ['1.5k', 1536], ['2 m', 2_097_152], ['10b', 10],
  ['', undefined], ['m', undefined], ['-1m', undefined], ['8x', undefined], ['1e3', undefined], ['8m ', undefined], ['0x10', undefined],
];

for (const [text, bytes] of sizes) {
  test(`"${text}" is ${bytes === undefined ? 'no size' : `${bytes} bytes`}`, (t) => t.is(parseBytes(text), bytes));
}

const durations: readonly [string, number | undefined][] = [
  ['0', 0], ['500ms', 500], ['5s', 5000], ['2m', 120_000], ['1h', 3_600_000], ['1m30s', 90_000], ['1.5s', 1500],
  ['', undefined], ['5', undefined], ['5 s', undefined], ['-5s', undefined], ['5d', undefined], ['s', undefined],
];

for (const [text, ms] of durations) {
  test(`"${text}" is ${ms === undefined ? 'no duration' : `${ms} ms`}`, (t) => t.is(parseDuration(text), ms));
}

test('a size is written in the largest unit that keeps it exact', (t) => {
  t.deepEqual([0, 1023, 1024, 33_554_432, 65_537].map(formatBytes), ['0', '1023', '1k', '32m', '65537']);
});

test('a duration is written in the largest unit that keeps it exact', (t) => {
  t.deepEqual([0, 500, 5000, 90_000, 120_000, 3_600_000].map(formatDuration), ['0', '500ms', '5s', '90s', '2m', '1h']);
});

test('every size and duration survives being written and read', (t) => {
  fc.assert(fc.property(fc.nat({ max: 2 ** 31 }), (n) => parseBytes(formatBytes(n)) === n && parseDuration(formatDuration(n)) === n));
  t.pass();
});

test('no text makes the readers throw, and what they give is a number that is not negative', (t) => {
  fc.assert(fc.property(fc.string(), (text) => [parseBytes(text), parseDuration(text)].every((n) => n === undefined || n >= 0)));
  t.pass();
});
