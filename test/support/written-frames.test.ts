import test from 'ava';
import { encodeFrame, entriesOf } from './log-entry.ts';
import { WrittenFrames } from './written-frames.ts';

function writtenOf(...chunks: readonly Uint8Array[]): WrittenFrames {
  const written = new WrittenFrames();
  for (const chunk of chunks) written.push(chunk);
  return written;
}

test('a line ends with its frame, wherever the bytes are cut', (t) => {
  const frames = entriesOf('stdout', 'one\n\nthree\n').map(encodeFrame);
  const [first = 0, second = 0] = frames.map(({ length }) => length);
  const written = writtenOf(...[...Buffer.concat(frames)].map((byte) => Buffer.from([byte])));
  t.deepEqual([0, first - 1, first, first + second, written.bytes].map((offset) => written.linesBefore(offset)), [0, 0, 1, 2, 3]);
  t.is(written.linesBefore(written.bytes + 1), undefined);
});

test('a line that the engine split is one line, and within it the lines before cannot be told', (t) => {
  const frames = entriesOf('stdout', `${'x'.repeat(40_000)}\nshort\n`).map(encodeFrame);
  const written = writtenOf(...frames);
  const [first = 0, second = 0, third = 0] = frames.map(({ length }) => length);
  t.is(written.lines, 2);
  t.is(written.linesBefore(first), undefined);
  t.is(written.linesBefore(first + second + third), 1);
});

test('bytes that are no frames, and lines above a megabyte, are not counted', (t) => {
  t.false(writtenOf(Buffer.from([0, 0, 0, 3, 1, 2, 3])).isWhole);
  t.false(writtenOf(...entriesOf('stdout', `${'x'.repeat(1_100_000)}\n`).map(encodeFrame)).isWhole);
});
