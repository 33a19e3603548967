import test from 'ava';
import fc from 'fast-check';
import { HeldBytes, MAX_LINE_BYTES, Reassembler } from '../../src/stages/reassemble.ts';
import { entriesOf, PIECE_BYTES, type Entry, type Source } from '../support/log-entry.ts';
import { Collector, entryOf } from './collector.ts';

const PLENTY = 64 * 1024 * 1024;

class Bench {
  readonly held: HeldBytes;
  readonly next = new Collector();
  readonly reassembler: Reassembler;
  /** Where the next entry begins. */
  offset = 0;

  constructor(limit = PLENTY) {
    this.held = new HeldBytes(limit);
    this.reassembler = new Reassembler(this.next, this.held);
  }

  /** As the decoder would: through one array that is overwritten afterwards. */
  write(...entries: readonly Entry[]): this {
    for (const { source, line, partial, timeNano } of entries) {
      const entry = entryOf(line, {
        source: source as Source, offset: this.offset, seconds: Number(timeNano), ...(partial === undefined ? {} : { partial }),
      });
      this.reassembler.write(entry);
      entry.bytes.fill(0xee);
      this.offset += line.length + 20;
    }
    return this;
  }
}

function piece(length: number, last: boolean, ordinal: number,
  facts: { id?: string; source?: Source; fill?: string; time?: bigint } = {}): Entry {
  const { id = 'id', source = 'stdout', fill = 'x', time = 1n } = facts;
  return { source, timeNano: time, line: Buffer.alloc(length, fill), partial: { last, id, ordinal } };
}

function plain(line: string, source: Source = 'stdout'): Entry {
  return { source, timeNano: 9n, line: Buffer.from(line) };
}

const x = (count: number): string => 'x'.repeat(count);

/** What a container wrote, what the engine makes of it (moby's copier), and what must come out again. */
const outputs: readonly [title: string, output: string, lines: readonly number[]][] = [
  ['an end without newline', 'hello', [5]],
  ['16383 bytes', `${x(16_383)}\n`, [16_383]],
  ['16384 bytes', `${x(16_384)}\n`, [16_384]],
  ['32768 bytes', `${x(32_768)}\n`, [32_768]],
  ['20000 bytes', `${x(20_000)}\n`, [20_000]],
  ['20000 bytes without newline', x(20_000), [20_000]],
  ['16384 bytes without newline', x(16_384), [16_384]],
  ['an empty line between long ones', `${x(17_000)}\n\n${x(17_001)}\n`, [17_000, 0, 17_001]],
  ['exactly 1 MiB', `${x(MAX_LINE_BYTES)}\n`, [MAX_LINE_BYTES]],
];

for (const [title, output, lines] of outputs) {
  test(`${title} becomes whole lines`, (t) => {
    const bench = new Bench().write(...entriesOf('stdout', output, 1n));
    bench.reassembler.end();
    t.deepEqual(bench.next.entries.map(({ line, partial }) => [line.length, partial]), lines.map((length) => [length, undefined]));
    t.is(bench.held.used, 0);
    t.is(bench.next.ends, 1);
  });
}

/** Output whose lines are often near a multiple of the engine's buffer. */
const line = fc.oneof(
  { weight: 3, arbitrary: fc.nat(100) },
  { weight: 2, arbitrary: fc.tuple(fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: -2, max: 2 })).map(([pieces, more]) => pieces * PIECE_BYTES + more) },
  { weight: 1, arbitrary: fc.nat(70_000) },
);
const output = fc.record({ lengths: fc.array(line, { maxLength: 6 }), isEnded: fc.boolean() });

function textOf({ lengths, isEnded }: { readonly lengths: readonly number[]; readonly isEnded: boolean }, letter: string): string {
  const lines = lengths.map((length, i) => letter.repeat(length) + (length > 0 ? String(i).slice(0, 1) : ''));
  return lines.join('\n') + (isEnded && lines.length > 0 ? '\n' : '');
}

function originalLines(text: string): string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

test('what the engine split comes out as it was written, whatever the other source does meanwhile', (t) => {
  fc.assert(
    fc.property(output, output, fc.boolean(), fc.array(fc.boolean(), { maxLength: 60 }), (out, err, hasMetadata, turns) => {
      const texts = { stdout: textOf(out, 'o'), stderr: textOf(err, 'e') };
      const waiting = [entriesOf('stdout', texts.stdout, 1n), entriesOf('stderr', texts.stderr, 2n)] as const;
      const bench = new Bench();
      for (let i = 0; waiting[0].length + waiting[1].length > 0; i++) {
        const entry = waiting[turns[i % turns.length] === true ? 1 : 0].shift();
        const next = entry ?? waiting[0].shift() ?? waiting[1].shift();
        if (next === undefined) break;
        // Engines before 18.09.7 say that it is a piece and nothing more.
        bench.write(hasMetadata || next.partial === undefined ? next : { ...next, partial: { id: '', ordinal: 0, last: false } });
      }
      bench.reassembler.end();
      for (const source of ['stdout', 'stderr'] as const) {
        const entries = bench.next.entries.filter((entry) => entry.source === source);
        t.deepEqual(entries.map(({ line: bytes }) => bytes.toString()), originalLines(texts[source]));
        t.true(entries.every(({ partial }) => partial === undefined));
      }
      return bench.held.used === 0 && bench.reassembler.heldFrom === Number.POSITIVE_INFINITY;
    }),
    { seed: 20261122, numRuns: 150 },
  );
  t.pass();
});

test('a line carries the time and the offset of its first piece', (t) => {
  const bench = new Bench().write(plain('before'), piece(PIECE_BYTES, false, 1, { time: 5n }), piece(3, true, 2, { time: 6n }));
  t.like(bench.next.entries[1], { seconds: 5, offset: 26 });
});

test('heldFrom is where the oldest held line begins, and nothing once all are written', (t) => {
  const bench = new Bench();
  t.is(bench.reassembler.heldFrom, Number.POSITIVE_INFINITY);
  bench.write(plain('1234567890'), piece(PIECE_BYTES, false, 1));
  t.is(bench.reassembler.heldFrom, 30);
  bench.write(piece(PIECE_BYTES, false, 1, { source: 'stderr', id: 'other' }));
  t.is(bench.reassembler.heldFrom, 30);
  bench.write(piece(0, true, 2));
  t.is(bench.reassembler.heldFrom, 30 + PIECE_BYTES + 20, 'the other source holds a younger line');
  bench.write(piece(0, true, 2, { source: 'stderr', id: 'other' }));
  t.is(bench.reassembler.heldFrom, Number.POSITIVE_INFINITY);
});

test('a line without its end is written when another one of its source begins', (t) => {
  const bench = new Bench().write(piece(PIECE_BYTES, false, 1, { id: 'a' }), plain('next'), piece(PIECE_BYTES, false, 1, { id: 'b' }),
    piece(4, true, 2, { id: 'c' }));
  t.deepEqual(bench.next.entries.map(({ line: { length }, partial }) => [length, partial?.id]), [
    [PIECE_BYTES, undefined], [4, undefined], [PIECE_BYTES, undefined], [4, 'c'],
  ], 'the last one lost its beginning, and says so');
  t.is(bench.held.used, 0);
});

test('the other source does not end a line', (t) => {
  const bench = new Bench().write(piece(PIECE_BYTES, false, 1), plain('meanwhile', 'stderr'), piece(1, true, 2));
  t.deepEqual(bench.next.shown, ['stderr meanwhile', `stdout ${PIECE_BYTES + 1} bytes`]);
});

test('a piece whose beginning was lost is no whole line', (t) => {
  const bench = new Bench().write(piece(PIECE_BYTES, false, 3), piece(5, true, 4));
  t.deepEqual(bench.next.shown, [`stdout ${PIECE_BYTES + 5} bytes (id 3 true)`]);
});

test('a line over 1 MiB comes in pieces that say so and that make up the original', (t) => {
  const size = 3 * MAX_LINE_BYTES + 12_345;
  const original = Buffer.from(Array.from({ length: size }, (_, i) => 97 + (i * 7 + (i >> 14)) % 26));
  const entries = entriesOf('stdout', Buffer.concat([original, Buffer.from('\n')]), 1n);
  const bench = new Bench().write(...entries, plain('next'));
  const pieces = bench.next.entries.slice(0, -1);
  t.true(Buffer.concat(pieces.map(({ line: bytes }) => bytes)).equals(original));
  t.true(pieces.every(({ line: bytes }) => bytes.length <= MAX_LINE_BYTES));
  t.deepEqual(pieces.map(({ partial }) => partial?.last), [false, false, false, true]);
  t.deepEqual(pieces.map(({ partial }) => partial?.ordinal), [1, 65, 129, 193], 'the engine\'s ordinal of each first piece');
  t.is(new Set(pieces.map(({ partial }) => partial?.id)).size, 1);
  t.is(bench.next.shown.at(-1), 'stdout next');
  t.is(bench.held.used, 0);
});

test('pieces of an endless line without metadata are numbered from 1, too', (t) => {
  const entries = Array.from({ length: 130 }, () => piece(PIECE_BYTES, false, 0, { id: '' }));
  const bench = new Bench().write(...entries, piece(1, false, 0, { id: '' }));
  const ordinals = bench.next.entries.map(({ partial }) => partial?.ordinal ?? 0);
  t.is(ordinals.length, 3);
  t.true(ordinals.every((ordinal, i) => ordinal > (ordinals[i - 1] ?? 0)), `${ordinals.join(', ')}`);
});

test('after release the line goes on in marked pieces, and nothing is held back', (t) => {
  const bench = new Bench().write(piece(PIECE_BYTES, false, 1));
  bench.reassembler.release();
  t.is(bench.reassembler.heldFrom, Number.POSITIVE_INFINITY);
  bench.write(piece(PIECE_BYTES, false, 2), piece(7, true, 3));
  t.deepEqual(bench.next.shown, [`stdout ${PIECE_BYTES} bytes (id 1 false)`, `stdout ${PIECE_BYTES + 7} bytes (id 2 true)`]);
  t.is(bench.held.used, 0);
});

test('a release writes nothing twice, and nothing for a line that is written already', (t) => {
  const bench = new Bench().write(piece(PIECE_BYTES, false, 1), piece(PIECE_BYTES, false, 1, { source: 'stderr' }));
  bench.reassembler.release();
  t.is(bench.next.entries.length, 2);
  bench.reassembler.release();
  bench.write(piece(PIECE_BYTES, false, 2));
  bench.reassembler.release();
  t.deepEqual(bench.next.shown.slice(2), [`stdout ${PIECE_BYTES} bytes (id 2 false)`]);
});

test('after reset a line is put together again from its first piece on', (t) => {
  const pieces = [piece(PIECE_BYTES, false, 1, { fill: 'a' }), piece(PIECE_BYTES, false, 2, { fill: 'b' }),
    piece(1, true, 3, { fill: 'c' })] as const;
  const bench = new Bench().write(pieces[0], pieces[1]);
  bench.reassembler.reset();
  t.is(bench.held.used, 0);
  t.is(bench.reassembler.heldFrom, Number.POSITIVE_INFINITY);
  bench.write(...pieces);
  t.deepEqual(bench.next.shown, [`stdout ${2 * PIECE_BYTES + 1} bytes`]);
});

test('a line that is read again from its middle is the same as the first time: a piece', (t) => {
  const end = [piece(PIECE_BYTES, false, 2), piece(7, true, 3)] as const;
  const first = new Bench().write(piece(PIECE_BYTES, false, 1));
  first.reassembler.release();
  first.write(...end);
  const again = new Bench().write(...end);
  t.deepEqual(again.next.shown, first.next.shown.slice(1));
});

test('end lets go of both sources, and twice is safe', (t) => {
  const bench = new Bench().write(piece(PIECE_BYTES, false, 1), piece(PIECE_BYTES, false, 1, { source: 'stderr' }));
  bench.reassembler.end();
  bench.reassembler.end();
  t.deepEqual(bench.next.shown, [`stdout ${PIECE_BYTES} bytes`, `stderr ${PIECE_BYTES} bytes`]);
  t.is(bench.held.used, 0);
});

test('S4: where the memory for held lines is used up, lines go in pieces and nothing is lost', (t) => {
  const bench = new Bench(100_000);
  const size = 40 * PIECE_BYTES + 5;
  const texts = { stdout: 'o'.repeat(size), stderr: 'e'.repeat(size) };
  const out = entriesOf('stdout', `${texts.stdout}\n`, 1n);
  const err = entriesOf('stderr', `${texts.stderr}\n`, 1n);
  let most = 0;
  out.forEach((entry, i) => {
    bench.write(entry, err[i] as Entry);
    most = Math.max(most, bench.held.used);
  });
  for (const source of ['stdout', 'stderr'] as const) {
    const pieces = bench.next.entries.filter((entry) => entry.source === source);
    t.true(Buffer.concat(pieces.map(({ line: bytes }) => bytes)).equals(Buffer.from(texts[source])));
    t.deepEqual(pieces.map(({ partial }) => partial?.last), pieces.map((_, i) => i === pieces.length - 1));
  }
  t.true(most <= 100_000 + 2 * 128 * 1024, `${most} bytes were held`);
  t.is(bench.held.used, 0);
});

test('S4: held memory returns to zero, whatever happens in whatever order', (t) => {
  const step = fc.oneof(
    fc.record({ source: fc.constantFrom('stdout' as const, 'stderr' as const), length: fc.constantFrom(0, 5, PIECE_BYTES),
      last: fc.boolean(), id: fc.constantFrom('a', 'b'), ordinal: fc.integer({ min: 0, max: 70 }) }),
    fc.constantFrom('release' as const, 'reset' as const, 'plain' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.constantFrom(0, 50_000, PLENTY), (steps, limit) => {
      const bench = new Bench(limit);
      for (const action of steps) {
        if (action === 'release' || action === 'reset') bench.reassembler[action]();
        else if (action === 'plain') bench.write(plain('p'));
        else bench.write(piece(action.length, action.last, action.ordinal, action));
        if (bench.held.used < 0) return false;
      }
      bench.reassembler.end();
      return bench.held.used === 0 && bench.reassembler.heldFrom === Number.POSITIVE_INFINITY;
    }),
    { seed: 20261122, numRuns: 300 },
  );
  t.pass();
});
