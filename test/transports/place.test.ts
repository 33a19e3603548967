import test from 'ava';
import type { LogEntry } from '../../src/core/types.ts';
import { Condemned, isBefore, placeOf } from '../../src/transports/place.ts';

function entryAt(offset: number, ordinal?: number): LogEntry {
  const partial = ordinal === undefined ? undefined : { id: 'a', ordinal, last: false };
  return { source: 'stdout', seconds: 0, nanos: 0, bytes: Buffer.from('line'), start: 0, end: 4, partial, offset };
}

test('places are in order by offset; in one place the record of the driver comes first, then the line, or its pieces', (t) => {
  const [record, line, second] = [entryAt(100, 0), entryAt(100), entryAt(100, 2)].map(placeOf);
  if (record === undefined || line === undefined || second === undefined) return t.fail();
  t.true(isBefore(placeOf(entryAt(90)), record));
  t.true(isBefore(record, line));
  t.true(isBefore(line, second));
  t.false(isBefore(line, line));
});

test('what is said of a message is said of no other in its place, and forgotten when all before a later one is confirmed', (t) => {
  const condemned = new Condemned();
  condemned.add(placeOf(entryAt(100, 2)), 'dead-letter');
  condemned.add(placeOf(entryAt(200)), 'refused');
  t.deepEqual([entryAt(100, 2), entryAt(100, 1), entryAt(200)].map((entry) => condemned.verdictOn(entry)), ['dead-letter', undefined, 'refused']);
  condemned.forget(200);
  t.deepEqual([entryAt(100, 2), entryAt(200)].map((entry) => condemned.verdictOn(entry)), [undefined, 'refused']);
  condemned.forget(201);
  t.true(condemned.isEmpty);
});
