/** What every formatter must keep, whatever it writes. */
import test from 'ava';
import fc from 'fast-check';
import messageSchema from '../../schema/message.schema.json' with { type: 'json' };
import { ByteWriter } from '../../src/core/byte-writer.ts';
import type { ContainerFacts } from '../../src/core/plan.ts';
import type { Formatter, LogEntry } from '../../src/core/types.ts';
import { formatters } from '../../src/formatters/registry.ts';
import { createAjv } from '../../src/options/schema.ts';
import { entryOf } from '../stages/collector.ts';

const SEED = 20261122;
const ENDLESS = 1024 * 1024;
const isMessage = createAjv().compile(messageSchema);

const text = fc.string({ unit: 'binary', maxLength: 20 });
const facts: fc.Arbitrary<ContainerFacts> = fc.record({
  id: text, name: text, imageId: text, imageName: text, hostname: text, tag: text,
  attributes: fc.array(fc.tuple(fc.oneof(text, fc.constantFrom('time', 'text', 'truncated', 'partial_id', '__proto__', 'team')), text),
    { maxLength: 4 })
    .map((pairs) => new Map(pairs)),
});
const partial = fc.record({ id: text, ordinal: fc.integer({ min: 1, max: 2 ** 31 - 1 }), last: fc.boolean() });
const entry: fc.Arbitrary<LogEntry> = fc.record({
  line: fc.uint8Array({ maxLength: 300 }),
  source: fc.constantFrom('stdout' as const, 'stderr' as const),
  seconds: fc.integer({ min: -9_223_372_036, max: 9_223_372_035 }),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
  partial: fc.option(partial, { nil: undefined }),
}).map(({ line, partial: piece, ...rest }) => entryOf(line, { ...rest, ...(piece === undefined ? {} : { partial: piece }) }));

for (const [name, create] of Object.entries(formatters)) {
  test(`${name}: any line of any container becomes one message that the schema describes`, (t) => {
    fc.assert(fc.property(facts, entry, (container, each) => {
      const out = new ByteWriter(Buffer.alloc(64));
      out.append(Buffer.from('before'));
      if (create(container).format(each, out, ENDLESS) !== 'whole') return false;
      const payload = out.take().subarray(6);
      const message = JSON.parse(payload.toString()) as Record<string, unknown>;
      if (!isMessage(message)) throw new Error(JSON.stringify(isMessage.errors));
      const wanted = new TextDecoder('utf-8', { ignoreBOM: true }).decode(each.bytes.subarray(each.start, each.end));
      return message['text'] === wanted && message['source'] === each.source && !payload.includes('\n');
    }), { seed: SEED, numRuns: 1000 });
    t.pass();
  });

  test(`${name}: a limit is kept to the byte, and what was cut says so`, (t) => {
    fc.assert(fc.property(facts, entry, fc.double({ min: 0, max: 1.1, noNaN: true }), (container, each, share) => {
      const formatter = create(container);
      const size = payloadOf(formatter, each, ENDLESS).payload.length;
      const limit = Math.floor(size * share);
      const { formatted, payload } = payloadOf(formatter, each, limit);
      if (limit >= size) return formatted === 'whole' && payload.length === size;
      if (payload.length > limit || formatted === 'whole') return false;
      if (formatted === 'too-large') return payload.length === 0;
      const message = JSON.parse(payload.toString()) as Record<string, unknown>;
      if (!isMessage(message)) throw new Error(JSON.stringify(isMessage.errors));
      const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(each.bytes.subarray(each.start, each.end));
      return message['truncated'] === each.end - each.start && whole.startsWith(message['text'] as string);
    }), { seed: SEED, numRuns: 2000 });
    t.pass();
  });

  test(`${name}: nothing of an entry is kept, and nothing of a message shows in the next one`, (t) => {
    fc.assert(fc.property(facts, fc.array(entry, { minLength: 2, maxLength: 4 }), (container, entries) => {
      const formatter = create(container);
      const out = new ByteWriter(Buffer.alloc(64));
      const wanted = entries.map((each) => payloadOf(create(container), each, ENDLESS).payload);
      for (const each of entries) {
        formatter.format(each, out, ENDLESS);
        each.bytes.fill(0xee);
      }
      return out.take().equals(Buffer.concat(wanted));
    }), { seed: SEED, numRuns: 300 });
    t.pass();
  });
}

function payloadOf(formatter: Formatter, each: LogEntry, limit: number): { formatted: string; payload: Buffer } {
  const out = new ByteWriter(Buffer.alloc(64));
  const formatted = formatter.format(each, out, limit);
  return { formatted, payload: out.take() };
}
