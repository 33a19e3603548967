/** The short cut writes what the plain path writes: decoder, reassembler, formatter and framer, one entry at a time. */
import test from 'ava';
import fc from 'fast-check';
import { ByteWriter } from '../../src/core/byte-writer.ts';
import { frameBuffer, giveBack, lineKernel, outputBuffer } from '../../src/core/line-kernel.ts';
import type { EntrySink, FrameRun, LogEntry } from '../../src/core/types.ts';
import { FrameDecoder } from '../../src/docker/frame-decoder.ts';
import { createJsonFormatter } from '../../src/formatters/json.ts';
import { PubFramer } from '../../src/nats/pub-framer.ts';
import { Reassembler, HeldBytes } from '../../src/stages/reassemble.ts';
import { encodeFrame, entriesOf, type Entry } from '../support/log-entry.ts';
import { bytesField, frame, message, numberField, type Field } from '../docker/messages.ts';

const SEED = 20261125;
const TIME = 1_764_045_071_987_654_321n;
const LIMIT = 1024 * 1024;

/** From frames to commands. `kernel`: through the short cut where it takes something. */
class Path implements EntrySink {
  readonly out: ByteWriter;
  skipped = 0;
  /** Lines that came by the short cut, and one by one. */
  short = 0;
  plain = 0;
  readonly decoder: FrameDecoder;
  readonly writeFrames?: (run: FrameRun) => void;
  readonly #framer: PubFramer;
  readonly #formatter;
  readonly #limit: number;

  constructor(kernel: boolean, { subject = 'logs.web', name = 'web', labels = {}, limit = LIMIT, enough = 64 * 1024, buffer = Buffer.alloc(64 * 1024) as Buffer } = {}) {
    this.out = new ByteWriter(buffer);
    this.#framer = new PubFramer(subject);
    this.#formatter = createJsonFormatter({
      id: 'a7317399f3f8', name, imageId: 'sha256:7cfb', imageName: 'nginx:1.27', hostname: 'host "one"', tag: 'a731', attributes: new Map(Object.entries(labels)),
    });
    this.#limit = limit;
    this.decoder = new FrameDecoder(new Reassembler(this, new HeldBytes(LIMIT)), (bytes) => this.skipped += bytes);
    const { shape } = this.#formatter;
    if (!kernel || shape === undefined) return;
    const command = this.#framer.around(shape);
    this.writeFrames = (run) => void (this.short += lineKernel?.write(run, command, this.out, limit, enough) ?? 0);
  }

  write(entry: LogEntry): void {
    this.plain++;
    const mark = this.out.length;
    this.#framer.open(this.out);
    const before = this.out.length;
    const formatted = this.#formatter.format(entry, this.out, this.#limit);
    if (formatted === 'too-large') this.out.rewind(mark);
    else this.#framer.close(this.out, this.out.length - before);
  }

  end(): void {
    // Nothing is held here.
  }

  /** What comes of the bytes, cut in front of each offset given. */
  run(bytes: Buffer, cuts: readonly number[] = []): string {
    const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
    for (let i = 1; i < edges.length; i++) this.decoder.push(Buffer.from(bytes.subarray(edges[i - 1], edges[i])));
    this.decoder.end();
    return `${this.out.take().toString('latin1')} newest ${this.decoder.newest} position ${this.decoder.position} skipped ${this.skipped}`;
  }
}

function frameOf(line: string | Uint8Array, { source = 'stdout', timeNano = TIME } = {}): Buffer {
  return encodeFrame({ source, timeNano, line: Buffer.from(line) });
}

function textField(number: number, text: string): Field {
  return bytesField(number, Buffer.from(text));
}

/** Bytes that a JSON string or UTF-8 treats in a special way. */
const piece = fc.oneof(
  fc.constantFrom(...['"', '\\', '\n', '\r', '\t', '\b', '\f', '\0', '\x1b[31m', '\x1f', ' ', '~', '\x7f', 'é', '日志', '😀', '\u2028', '\ufffd'].map((text) => Buffer.from(text))),
  fc.constantFrom(...['80', 'c0', 'c1', 'c2', 'e0', 'e080', 'e09f', 'eda080', 'f4908080', 'f5', 'ff', 'f09f98', 'e697'].map((hex) => Buffer.from(hex, 'hex'))),
  fc.uint8Array({ maxLength: 4 }),
  fc.string({ maxLength: 40 }).map((text) => Buffer.from(text)),
);
const line = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.concat(pieces));
/** Most of one second, as in life. */
const timeNano = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: TIME - 1_000_000_000n, max: TIME + 1_000_000_000n }) },
  { weight: 1, arbitrary: fc.constantFrom(0n, 1n, 999_999_999n, 1_000_000_000n, -1n, 2n ** 63n - 1n, -(2n ** 63n)) },
);
const ordinary: fc.Arbitrary<Entry> = fc.record({ source: fc.constantFrom('stdout', 'stderr'), timeNano, line });
const anyFrame = fc.oneof(
  { weight: 12, arbitrary: ordinary.map(encodeFrame) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('stdout', 'stderr'), fc.integer({ min: 16_300, max: 40_000 }))
    .map(([source, size]) => Buffer.concat(entriesOf(source, `${'"'.repeat(size)}\n`, TIME).map(encodeFrame))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constantFrom(
    [textField(1, 'stdout'), textField(3, 'no time')],
    [textField(1, 'stdout'), numberField(2, TIME), textField(3, '')],
    [numberField(2, TIME), textField(1, 'stderr'), textField(3, 'another order')],
    [textField(1, 'stdout'), numberField(2, TIME), textField(3, 'one more field'), numberField(9, 1n)],
    [textField(1, 'stdout'), numberField(2, TIME), textField(3, 'a piece'), numberField(4, 1n)],
    [textField(1, 'stdout'), numberField(2, TIME, 10), textField(3, 'a padded time')],
  ).map((fields) => frame(message(fields))) },
);

test('any frames, cut anywhere, become the same commands by the short cut and one by one', (t) => {
  fc.assert(fc.property(
    fc.array(anyFrame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 3 }), fc.constantFrom(LIMIT, 600, 250, 60), fc.constantFrom(64 * 1024, 700, 1),
    (frames, places, limit, enough) => {
      const bytes = Buffer.concat(frames);
      const cuts = places.map((place) => place % (bytes.length + 1));
      return new Path(true, { limit, enough }).run(bytes, cuts) === new Path(false, { limit }).run(bytes, cuts);
    },
  ), { seed: SEED, numRuns: 1500 });
  t.pass();
});

test('commands are written into a buffer of the kernel without a copy, and never behind its end', (t) => {
  const lent = outputBuffer(128 * 1024);
  t.true(lent.buffer.byteLength > lent.length, 'it lies in the memory of the kernel');
  fc.assert(fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.constantFrom(0, 10, 300, 500, 1500, 4000, 100_000), fc.constantFrom(LIMIT, 250), (frames, room, limit) => {
    lent.fill(0xee);
    const bytes = Buffer.concat(frames);
    const commands = new Path(true, { limit, buffer: lent.subarray(0, room) }).run(bytes);
    return commands === new Path(false, { limit }).run(bytes) && lent.subarray(room).every((byte) => byte === 0xee);
  }), { seed: SEED, numRuns: 500 });
  giveBack(lent);
});

test('there are buffers for some connections, and those that were given back are lent again', (t) => {
  const isLent = (buffer: Buffer): boolean => buffer.length === 1000 && buffer.buffer.byteLength > 1_000_000;
  const lent = Array.from({ length: 4 }, () => outputBuffer(1000));
  t.true(lent.every(isLent));
  t.is(new Set(lent.map(({ byteOffset }) => byteOffset)).size, 4);
  const other = outputBuffer(1000);
  t.false(isLent(other));
  giveBack(other);
  t.false(isLent(outputBuffer(1000)));
  giveBack(lent[2] as Buffer);
  t.is(outputBuffer(1000).byteOffset, (lent[2] as Buffer).byteOffset);
  t.false(isLent(outputBuffer(1000)));
  for (const buffer of lent) giveBack(buffer);
  t.false(isLent(outputBuffer(1024 * 1024)), 'none is so large');
});

test('every pair of bytes at every place of a vector is written alike', (t) => {
  const wrong: string[] = [];
  for (let pad = 0; pad < 17 && wrong.length === 0; pad++) {
    // One pair on each line; all pairs whose second byte is the first with other bits, and the special ones.
    const lines: Buffer[] = [];
    for (let first = 0; first < 256; first++) {
      for (const second of [0x00, 0x1f, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xff]) {
        lines.push(frameOf(Buffer.concat([Buffer.alloc(pad, 'x'), Buffer.from([first, second]), Buffer.from('y'.repeat(pad % 3))])));
      }
    }
    const bytes = Buffer.concat(lines);
    if (new Path(true).run(bytes) !== new Path(false).run(bytes)) wrong.push(`behind ${pad} bytes`);
  }
  t.deepEqual(wrong, []);
});

test('ordinary lines take the short cut, all of them', (t) => {
  t.truthy(lineKernel, 'this machine has no vectors, or its Node no WebAssembly');
  const path = new Path(true);
  path.run(Buffer.concat([frameOf('one'), frameOf(''), frameOf('\x1b[1mthree\x1b[0m "quoted"', { source: 'stderr' }), frameOf('日志'),
    frameOf('a second later', { timeNano: TIME + 1_000_000_000n })]));
  t.deepEqual([path.short, path.plain], [5, 0]);
});

test('pieces of lines and what is not UTF-8 go the plain way, and the lines behind them do not', (t) => {
  t.truthy(lineKernel, 'this machine has no vectors, or its Node no WebAssembly');
  const path = new Path(true);
  path.run(Buffer.concat([frameOf('one'), ...entriesOf('stdout', `${'x'.repeat(17_000)}\n`, TIME).map(encodeFrame), frameOf('\xff'), frameOf(Buffer.from([0xff])), frameOf('last')]));
  t.deepEqual([path.short, path.plain], [3, 2]);
});

test('sessions in turns keep their own subjects, names and labels', (t) => {
  const settings = [{ subject: 'a', name: 'first' }, { subject: 'b.longer', name: 'second', labels: { team: 'shop' } }, { subject: 'c', name: 'x'.repeat(300) }];
  const short = settings.map((each) => new Path(true, each));
  const plain = settings.map((each) => new Path(false, each));
  for (let second = 0n; second < 4n; second++) {
    const bytes = frameOf(`line of second ${second}`, { timeNano: TIME + second * 1_000_000_000n });
    for (const path of [...short, ...plain]) path.decoder.push(bytes);
  }
  t.deepEqual(short.map((path) => path.out.take().toString()), plain.map((path) => path.out.take().toString()));
});

test('constant parts too large for the kernel\'s memory go the plain way', (t) => {
  for (const large of [{ name: 'n'.repeat(13_000) }, { labels: { label: 'l'.repeat(13_000) } }]) {
    const path = new Path(true, large);
    t.is(path.run(frameOf('line')), new Path(false, large).run(frameOf('line')));
    t.deepEqual([path.short, path.plain], [0, 1]);
  }
});

test('lines of any length up to the engine\'s largest are written alike, however they are escaped', (t) => {
  for (const text of ['x', '"', '\0', '日']) {
    const bytes = Buffer.concat([0, 1, 15, 16, 17, 127, 128, 4095, 16_382].map((size) => frameOf(Buffer.from(text.repeat(size)).subarray(0, 16_383))));
    t.is(new Path(true).run(bytes), new Path(false).run(bytes), text);
  }
});

test('the kernel reads frames where they are when they were read into its own buffer', (t) => {
  const own = frameBuffer(64 * 1024);
  const bytes = Buffer.concat([frameOf('first'), frameOf('second')]);
  bytes.copy(own, 100);
  const [short, plain] = [new Path(true), new Path(false)];
  for (const path of [short, plain]) path.decoder.push(own.subarray(100, 100 + bytes.length));
  t.is(short.out.take().toString(), plain.out.take().toString());
  t.true(frameBuffer(64 * 1024).buffer !== own.buffer, 'it is lent once');
});
