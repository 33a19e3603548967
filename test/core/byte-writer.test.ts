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

test('what is taken is what was written', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(0, 16, 1024, 40_000), fc.array(step, { maxLength: 60 }), (size, steps) => {
      const writer = new ByteWriter(Buffer.alloc(size, 0xee));
      let pending = Buffer.alloc(0);
      let next = 0;
      const fresh = (length: number): Buffer => Buffer.alloc(length, next = (next + 1) % 256);
      for (const action of steps) {
        if (action.do === 'take') {
          t.deepEqual(writer.take(), pending);
          pending = Buffer.alloc(0);
        } else if (action.do === 'clear') {
          writer.clear();
          pending = Buffer.alloc(0);
        } else if (action.do === 'rewind') {
          const kept = action.count % (pending.length + 1);
          writer.rewind(kept);
          pending = pending.subarray(0, kept);
        } else if (action.do === 'append' || action.do === 'write') {
          const bytes = fresh(action.count);
          if (action.do === 'append') writer.append(bytes);
          else writeDirectly(writer, bytes);
          pending = Buffer.concat([pending, bytes]);
        }
        if (writer.length !== pending.length) return false;
      }
      return writer.take().equals(pending);
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

test('growth keeps the bytes that are pending, and ends when they are taken', (t) => {
  const first = Buffer.alloc(8);
  const writer = new ByteWriter(first);
  writer.append(Buffer.from('pending'));
  writer.append(Buffer.alloc(100, 'x'));
  t.is(writer.take().toString(), `pending${'x'.repeat(100)}`);
  t.is(writer.buffer, first);
});
