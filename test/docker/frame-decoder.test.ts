import test from 'ava';
import fc from 'fast-check';
import type { EntrySink, LogEntry } from '../../src/core/types.ts';
import { FrameDecoder, MAX_FRAME_BYTES } from '../../src/docker/frame-decoder.ts';
import { encodeFrame, entriesOf, type Entry } from '../support/log-entry.ts';
import { bytesField, frame, message, numberField } from './messages.ts';

const SEED = 20261122;
const TIME = 1_714_979_289_123_456_789n;

/** Writes down what a decoder says. */
class Decoding implements EntrySink {
  readonly lines: string[] = [];
  readonly offsets: number[] = [];
  skipped = 0;
  places = 0;
  isEnded = false;
  readonly decoder = new FrameDecoder(this, (bytes, places) => {
    this.skipped += bytes;
    this.places += places;
  });

  write(entry: LogEntry): void {
    const line = Buffer.from(entry.bytes.subarray(entry.start, entry.end)).toString('latin1');
    const { source, seconds, nanos, partial } = entry;
    this.lines.push(`${source} ${seconds}.${nanos} ${partial === undefined ? '' : JSON.stringify(partial)} ${line}`);
    this.offsets.push(entry.offset);
  }

  end(): void {
    this.isEnded = true;
  }

  /** Cut in front of each offset given. The bytes handed over are overwritten afterwards, as a read buffer is. */
  push(bytes: Buffer, cuts: readonly number[] = []): this {
    const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
    for (let i = 1; i < edges.length; i++) {
      const piece = Buffer.from(bytes.subarray(edges[i - 1], edges[i]));
      this.decoder.push(piece);
      piece.fill(0xee);
    }
    return this;
  }
}

function frameOf(line: string | Uint8Array, source = 'stdout'): Buffer {
  return encodeFrame({ source, timeNano: TIME, line: Buffer.from(line) });
}

const shown = (line: string): string => `stdout 1714979289.123456789  ${line}`;

const entry: fc.Arbitrary<Entry> = fc.record({
  source: fc.constantFrom('stdout', 'stderr'),
  timeNano: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  line: fc.oneof({ weight: 5, arbitrary: fc.uint8Array({ maxLength: 60 }) },
    { weight: 1, arbitrary: fc.constant(Buffer.alloc(20_000, 0)) }),
});

test('frames cut at any one place decode the same', (t) => {
  const bytes = Buffer.concat([frameOf('first'), frameOf(''),
    ...entriesOf('stderr', 'x'.repeat(16_384) + '\n', TIME).map(encodeFrame).slice(1), frameOf('last')]);
  const whole = new Decoding().push(bytes);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const decoding = new Decoding().push(bytes, [cut]);
    t.deepEqual([decoding.lines, decoding.offsets, decoding.decoder.position], [whole.lines, whole.offsets, bytes.length], `cut at ${cut}`);
  }
});

test('frames that come byte by byte decode the same', (t) => {
  const bytes = Buffer.concat([frameOf('first'), frameOf('second', 'stderr')]);
  const decoding = new Decoding().push(bytes, [...bytes.keys()]);
  t.deepEqual(decoding.lines, new Decoding().push(bytes).lines);
  t.is(decoding.skipped, 0);
});

test('any frames cut anywhere decode the same, and position is where the next one begins', (t) => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 12 }), (entries, cuts) => {
      const frames = entries.map(encodeFrame);
      const bytes = Buffer.concat(frames);
      const ends = [0];
      for (const { length } of frames) ends.push(ends.at(-1) as number + length);
      const decoding = new Decoding();
      let pushed = 0;
      for (const to of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
        decoding.push(bytes.subarray(pushed, to));
        pushed = to;
        if (decoding.decoder.position !== Math.max(...ends.filter((end) => end <= pushed))) return false;
      }
      t.deepEqual(decoding.lines, new Decoding().push(bytes).lines);
      t.deepEqual(decoding.offsets, ends.slice(0, -1));
      return decoding.lines.length === entries.length && decoding.skipped === 0;
    }),
    { seed: SEED, numRuns: 300 },
  );
  t.pass();
});

/** More than any frame that is believed without its signature: whatever was waited for has then come. */
const FILLING = Buffer.concat(Array.from({ length: 5 }, () => frameOf(Buffer.alloc(16_000, 'f'))));

test('S3: garbage before, between and behind frames is skipped, its bytes and its places are counted, and no frame is lost', (t) => {
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 50 }),
    fc.constantFrom('00000000', 'ffffffff', '80000000', '00100001', '000fffff', '0a067374646f7574', '00000020', '000000100a0673',
      '00000008ffff')
      .map((hex) => Buffer.from(hex, 'hex')),
  );
  const cut = fc.nat();
  fc.assert(
    fc.property(fc.array(fc.tuple(garbage, entry), { maxLength: 6 }), fc.array(cut, { maxLength: 8 }), (parts, cuts) => {
      const frames = parts.map(([, each]) => encodeFrame(each));
      const bytes = Buffer.concat([...parts.flatMap(([noise], i) => [noise, frames[i] as Buffer]), FILLING]);
      const decoding = new Decoding().push(bytes, cuts.map((at) => at % (bytes.length + 1)));
      const wanted = new Decoding().push(Buffer.concat([...frames, FILLING]));
      const noise = parts.reduce((sum, [{ length }]) => sum + length, 0);
      t.deepEqual(decoding.lines, wanted.lines);
      return decoding.skipped === noise && decoding.places === parts.filter(([{ length }]) => length > 0).length && decoding.decoder.position === bytes.length;
    }),
    { seed: SEED, numRuns: 300 },
  );
  t.pass();
});

test('every byte is part of a frame, skipped, or still waiting; it never throws', (t) => {
  const honest = Buffer.concat([frameOf('one'), frameOf('two'), frameOf('three')]);
  const flipped = fc.array(fc.tuple(fc.nat(honest.length - 1), fc.nat(255)), { maxLength: 6 }).map((changes) => {
    const bytes = Buffer.from(honest);
    for (const [at, byte] of changes) bytes[at] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.array(fc.oneof(flipped, fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))), { maxLength: 10 }),
      (pieces) => {
      let pushed = 0;
      let framed = 0;
      let skipped = 0;
      let places = 0;
      let frames = 0;
      const decoder = new FrameDecoder({
        write: ({ offset }) => {
          framed += decoder.position - offset;
          frames++;
        },
        end: () => undefined,
      }, (bytes, more) => {
        skipped += bytes;
        places += more;
      });
      for (const piece of pieces) {
        decoder.push(piece);
        pushed += piece.length;
        if (framed + skipped !== decoder.position || decoder.position > pushed) return false;
      }
      decoder.end();
      // Between two places there is a frame.
      return framed + skipped === pushed && decoder.position === pushed && (places > 0) === (skipped > 0) && places <= frames + 1;
    }),
    { seed: SEED, numRuns: 500 },
  );
  t.pass();
});

const lengths: readonly [title: string, hex: string][] = [
  ['zero', '00000000'], ['one more than the largest', '00100001'], ['2 GiB', '80000000'], ['4 GiB', 'ffffffff'],
];

for (const [title, hex] of lengths) {
  test(`S2: a length of ${title} is no frame: the next one is found`, (t) => {
    const decoding = new Decoding().push(Buffer.concat([frameOf('before'), Buffer.from(hex, 'hex'), frameOf('after')]));
    t.deepEqual(decoding.lines, [shown('before'), shown('after')]);
    t.deepEqual([decoding.skipped, decoding.places], [4, 1]);
  });
}

test('the largest frame is decoded, in reads of a pipe', (t) => {
  const line = Buffer.alloc(MAX_FRAME_BYTES - 8 - 10 - 4, 'x');
  const bytes = frame(message([bytesField(1, Buffer.from('stdout')), numberField(2, TIME), bytesField(3, line)]));
  t.is(bytes.readUInt32BE(), MAX_FRAME_BYTES);
  const cuts = Array.from({ length: 16 }, (_, i) => (i + 1) * 65_000);
  const decoding = new Decoding().push(Buffer.concat([bytes, frameOf('after')]), cuts);
  t.deepEqual(decoding.lines.map(({ length }) => length), [shown('').length + line.length, shown('after').length]);
});

test('a large length without the beginning of a frame behind it is not waited for', (t) => {
  const decoding = new Decoding().push(Buffer.concat([Buffer.from('000f4240', 'hex'), Buffer.from('no frame'), frameOf('after')]));
  t.deepEqual(decoding.lines, [shown('after')]);
});

test('a length alone costs no memory', (t) => {
  const before = process.memoryUsage().arrayBuffers;
  const decoders = Array.from({ length: 500 }, () => new Decoding().push(Buffer.from('000fffff0a0673746400', 'hex')));
  const grown = process.memoryUsage().arrayBuffers - before;
  t.is(decoders.length, 500);
  t.true(grown < 10 * 1024 * 1024, `500 headers of nearly 1 MiB each cost ${grown} bytes`);
});

test('the fields of a frame may come in any order, cut anywhere', (t) => {
  const content = message([numberField(4, 0n), bytesField(3, Buffer.from('line')), bytesField(9, Buffer.from('unknown')),
    numberField(2, TIME), bytesField(1, Buffer.from('stdout'))]);
  const bytes = Buffer.concat([frame(content), frame(content)]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    t.deepEqual(new Decoding().push(bytes, [cut]).lines, [shown('line'), shown('line')], `cut at ${cut}`);
  }
});

test('a frame that is no log entry is skipped whole, and counted', (t) => {
  const foreign = frame(message([bytesField(1, Buffer.from('stdnil')), bytesField(3, Buffer.from('x'))]).fill(0xff, 2));
  const decoding = new Decoding().push(Buffer.concat([frameOf('before'), foreign, frameOf('after')]));
  t.deepEqual(decoding.lines, [shown('before'), shown('after')]);
  t.deepEqual([decoding.skipped, decoding.places], [foreign.length, 1]);
});

test('a reader that starts in the middle of a frame finds the next one', (t) => {
  const bytes = Buffer.concat([frameOf('the rest of this is lost'), frameOf('second'), frameOf('third')]);
  const first = frameOf('the rest of this is lost').length;
  for (let from = 1; from < first; from++) {
    const decoding = new Decoding().push(bytes.subarray(from));
    decoding.push(FILLING);
    t.deepEqual(decoding.lines.slice(0, 2), [shown('second'), shown('third')], `started at ${from}`);
    t.deepEqual([decoding.skipped, decoding.places], [first - from, 1]);
  }
});

test('what is skipped on both sides of a gap is one place', (t) => {
  const decoding = new Decoding().push(frameOf('the rest of this is lost').subarray(0, 10));
  decoding.decoder.resume(1000);
  decoding.push(Buffer.concat([frameOf('the beginning of this is').subarray(20), frameOf('next'), FILLING]));
  t.is(decoding.lines[0], shown('next'));
  t.deepEqual([decoding.skipped, decoding.places], [10 + frameOf('the beginning of this is').length - 20, 1]);
});

test('seek forgets what was kept and counts from the new offset', (t) => {
  const decoding = new Decoding().push(frameOf('never ends').subarray(0, 10));
  decoding.decoder.seek(1000);
  decoding.push(frameOf('next'));
  t.deepEqual(decoding.lines, [shown('next')]);
  t.deepEqual(decoding.offsets, [1000]);
  t.is(decoding.decoder.position, 1000 + frameOf('next').length);
  t.is(decoding.skipped, 0);
});

test('seek ends a search, too', (t) => {
  const decoding = new Decoding().push(Buffer.alloc(100, 0xff));
  decoding.decoder.seek(0);
  decoding.push(frame(message([bytesField(3, Buffer.from('odd order')), bytesField(1, Buffer.from('stdout'))])));
  t.deepEqual(decoding.lines, ['stdout 0.0  odd order']);
});

test('an unfinished frame is skipped at the end, and the end is passed on', (t) => {
  const decoding = new Decoding().push(Buffer.concat([frameOf('whole'), frameOf('cut off').subarray(0, 12)]));
  t.is(decoding.decoder.position, frameOf('whole').length);
  decoding.decoder.end();
  t.deepEqual([decoding.lines, decoding.skipped, decoding.places, decoding.isEnded], [[shown('whole')], 12, 1, true]);
  t.is(decoding.decoder.position, frameOf('whole').length + 12);
});

test('frames behind a length that lied are found at the end', (t) => {
  const decoding = new Decoding().push(Buffer.concat([Buffer.from('00003fff', 'hex'), frameOf('first'), frameOf('second'),
    frameOf('cut').subarray(0, 9)]));
  decoding.decoder.end();
  t.deepEqual(decoding.lines, [shown('first'), shown('second')]);
  t.deepEqual([decoding.skipped, decoding.places], [4 + 9, 2]);
  t.true(decoding.isEnded);
});
