import test from 'ava';
import { FrameDecoder } from '../src/docker/frame-decoder.ts';
import { cutRun, Seams } from '../src/seams.ts';
import { Collector } from './stages/collector.ts';
import { encodeFrame, entriesOf } from './support/log-entry.ts';

const run = (from: number, to: number): { offset: number; bytes: Uint8Array } => ({ offset: from, bytes: new Uint8Array(to - from) });
const ends = (cut: unknown): unknown => typeof cut === 'object' && cut !== null && 'offset' in cut && 'bytes' in cut ? [cut.offset, (cut.bytes as Uint8Array).length] : cut;

test('a run ends at the next seam, in whatever order the seams were found', (t) => {
  const seams = new Seams([], 1000, () => undefined);
  for (const offset of [50, 20, 50, 80]) seams.add(offset);
  t.deepEqual([ends(seams.cut(run(0, 100))), ends(seams.cut(run(20, 100))), ends(seams.cut(run(50, 60))), ends(seams.cut(run(80, 100)))],
    [[0, 20], [20, 30], [50, 10], [80, 20]]);
});

test('a seam is forgotten when nothing before it will be read again, and kept while something at it may', (t) => {
  const seams = new Seams([], 1000, () => undefined);
  seams.add(20);
  seams.add(50);
  seams.forget(20);
  t.deepEqual(ends(seams.cut(run(0, 100))), [0, 20]);
  seams.forget(21);
  t.deepEqual(ends(seams.cut(run(0, 100))), [0, 50]);
});

test('behind a seam the decoder looks for the next frame; elsewhere one begins where it goes on', (t) => {
  const frame = Buffer.concat(entriesOf('stdout', 'whole\n').map(encodeFrame));
  const rest = Buffer.from('the rest of a frame');
  const seams = new Seams([], 1000, () => undefined);
  seams.add(100);
  const lines = new Collector();
  const skipped: number[] = [];
  const decoder = new FrameDecoder(lines, (bytes) => skipped.push(bytes));
  seams.align(decoder, 0, 100);
  decoder.push(Buffer.concat([rest, frame]));
  t.deepEqual(skipped, [rest.length]);
  seams.align(decoder, decoder.position, 1000);
  decoder.push(frame);
  t.is(decoder.position, 1000 + frame.length);
  t.is(lines.entries.length, 2);
});

test('what lies before an end is cut there; what is none or comes later stays that', (t) => {
  t.deepEqual([cutRun(run(0, 10), 10), cutRun(run(0, 10), 4), cutRun(run(4, 10), 4), cutRun('later', 4), cutRun(undefined, 4)].map(ends),
    [[0, 10], [0, 4], undefined, 'later', undefined]);
});

test('seams are kept for the next process, which leaves out those behind its journal', (t) => {
  let kept: readonly number[] = [];
  const seams = new Seams([10, 2000], 1000, (list) => kept = [...list]);
  seams.add(30);
  t.deepEqual(kept, [10, 30]);
});

test('a seam that is expected is kept before it is there, until nothing has come of it', (t) => {
  let kept: readonly number[] = [];
  const seams = new Seams([10], 1000, (list) => kept = [...list]);
  seams.expect(30);
  t.deepEqual(kept, [10, 30]);
  t.is(seams.cut({ offset: 0, bytes: new Uint8Array(50) }).bytes.length, 10);
  t.is(seams.cut({ offset: 10, bytes: new Uint8Array(50) }).bytes.length, 50);
  seams.expectNothing(30);
  t.deepEqual(kept, [10]);
});
