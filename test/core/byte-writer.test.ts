import test from 'ava';
import fc from 'fast-check';
import { ByteWriter } from '../../src/core/byte-writer.ts';

const SEED = 20261122;

/** What the driver does to a writer, in any order. Counts in bytes. */
type Step =
  | { readonly do: 'append' | 'write'; readonly count: number }
  | { readonly do: 'rewind'; readonly count: number }
  | { readonly do: 'take' }
  | { readonly do: 'clear' };

const count = fc.oneof(fc.nat(40), fc.nat(3000), fc.nat(40_000));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('append' as const, 'write' as const), count }),
  fc.record({ do: fc.constant('rewind' as const), count }),
  fc.constant({ do: 'take' as const }),
  fc.constant({ do: 'clear' as const }),
);

test('pieces that were taken never change, and what is pending is what was written', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(16, 1024, 40_000), fc.array(step, { maxLength: 60 }), (size, steps) => {
      const writer = new ByteWriter(size, (bytes) => Buffer.alloc(bytes, 0xee));
      const pieces: { piece: Buffer; copy: Buffer }[] = [];
      let pending = Buffer.alloc(0);
      let next = 0;
      const fresh = (length: number): Buffer => Buffer.alloc(length, next = (next + 1) % 256);
      for (const action of steps) {
        if (action.do === 'take') {
          const piece = writer.take();
          t.deepEqual(piece, pending);
          pieces.push({ piece, copy: Buffer.from(piece) });
          pending = Buffer.alloc(0);
        } else if (action.do === 'clear') {
          writer.clear();
          pending = Buffer.alloc(0);
        } else if (action.do === 'rewind') {
          const kept = action.count % (pending.length + 1);
          writer.rewind(writer.length - (pending.length - kept));
          pending = pending.subarray(0, kept);
        } else if (action.do === 'append' || action.do === 'write') {
          const bytes = fresh(action.count);
          if (action.do === 'append') writer.append(bytes);
          else writeDirectly(writer, bytes);
          pending = Buffer.concat([pending, bytes]);
        }
        if (writer.pending !== pending.length) return false;
      }
      return writer.take().equals(pending) && pieces.every(({ piece, copy }) => piece.equals(copy));
    }),
    { seed: SEED, numRuns: 300 },
  );
  t.pass();
});

/** As the formatters do: `ensure`, write into `buffer`, advance `length`. */
function writeDirectly(writer: ByteWriter, bytes: Buffer): void {
  writer.ensure(bytes.length);
  bytes.copy(writer.buffer, writer.length);
  writer.length += bytes.length;
}

test('growth keeps the bytes that are pending', (t) => {
  const writer = new ByteWriter(8);
  writer.append(Buffer.from('taken'));
  writer.take();
  writer.append(Buffer.from('pending'));
  writer.append(Buffer.alloc(100, 'x'));
  t.is(writer.take().toString(), `pending${'x'.repeat(100)}`);
});

test('pieces share a buffer as long as there is room worth writing into', (t) => {
  let allocated = 0;
  const writer = new ByteWriter(64 * 1024, (size) => {
    allocated++;
    return Buffer.allocUnsafeSlow(size);
  });
  for (let i = 0; i < 6; i++) {
    writer.append(Buffer.alloc(8 * 1024));
    writer.take();
  }
  t.is(allocated, 1);
  writer.append(Buffer.alloc(8 * 1024));
  writer.take();
  t.is(allocated, 2, 'less than 16 KiB were left');
});

test('a take without anything written is empty and costs no buffer', (t) => {
  let allocated = 0;
  const writer = new ByteWriter(64 * 1024, (size) => {
    allocated++;
    return Buffer.allocUnsafeSlow(size);
  });
  t.is(writer.take().length, 0);
  t.is(writer.take().length, 0);
  t.is(allocated, 1);
});
