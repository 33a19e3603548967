import fc from 'fast-check';
import test from 'ava';
import { AckWindow, type Batch } from '../../src/nats/ack-window.ts';

function newBatch(): Batch {
  return { pending: 0, readAt: Number.POSITIVE_INFINITY };
}

function message(batch: Batch, offset = 0): Parameters<AckWindow<Batch>['add']>[0] {
  return { batch, offset, ordinal: 0, isDeadLetter: false };
}

test('an answer is counted once, for the batch of its message', (t) => {
  const window = new AckWindow<Batch>();
  const batch = newBatch();
  window.add(message(batch), 10);
  window.add(message(batch), 20);
  t.deepEqual([window.count, window.bytes, batch.pending], [2, 30, 2]);
  t.is(window.take(2), batch);
  t.is(window.take(2), undefined);
  t.deepEqual([window.count, window.bytes, batch.pending], [1, 10, 1]);
});

test('numbers that were never given out, or that nobody waits for any more, mean nothing', (t) => {
  const window = new AckWindow<Batch>();
  const batch = newBatch();
  window.add(message(batch), 10);
  window.forget((each) => each === batch);
  for (const number of [0, 1, 2, -1, Number.NaN, 2 ** 40]) t.is(window.take(number), undefined, String(number));
  t.deepEqual([window.count, window.bytes, batch.pending], [0, 0, 0]);
});

test('what waits for an answer is described', (t) => {
  const window = new AckWindow<Batch>();
  const batch = newBatch();
  window.add({ batch, offset: 2 ** 40, ordinal: 3, isDeadLetter: true }, 1);
  t.deepEqual(window.find(1), { batch, offset: 2 ** 40, ordinal: 3, isDeadLetter: true });
  t.is(window.find(2), undefined);
});

test('of what matches, the dead letters are taken out, and nothing else', (t) => {
  const window = new AckWindow<Batch>();
  const [batch, other] = [newBatch(), newBatch()];
  window.add(message(batch), 10);
  window.add({ ...message(batch, 7), isDeadLetter: true }, 20);
  window.add({ ...message(other, 8), isDeadLetter: true }, 30);
  t.deepEqual(window.takeLetters((each) => each === batch).map(({ offset }) => offset), [7]);
  t.deepEqual([window.count, window.bytes, batch.pending, other.pending], [2, 40, 1, 1]);
  t.is(window.take(2), undefined);
});

test('whatever is sent, answered and forgotten in any order, count, bytes and batches agree', (t) => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), batch: fc.nat(2), times: fc.integer({ min: 1, max: 900 }) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), batch: fc.nat(5000), times: fc.integer({ min: 1, max: 900 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), batch: fc.nat(2), times: fc.constant(1) }) },
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const window = new AckWindow<Batch>();
    const batches = [newBatch(), newBatch(), newBatch()];
    const model = new Map<number, { batch: Batch; size: number }>();
    for (const { do: action, batch: index, times } of steps) {
      for (let i = 0; i < times; i++) {
        if (action === 'add') {
          const batch = batches[index] as Batch;
          model.set(window.next, { batch, size: i });
          window.add(message(batch, i), i);
        } else if (action === 'take') {
          const number = index + i;
          if (window.take(number) !== model.get(number)?.batch) return false;
          model.delete(number);
        } else {
          window.forget((batch) => batch === batches[index]);
          for (const [number, { batch }] of model) if (batch === batches[index]) model.delete(number);
        }
      }
    }
    const rows = [...model.values()];
    const oldest = model.size === 0 ? undefined : model.get(Math.min(...model.keys()))?.batch;
    return window.count === rows.length && window.bytes === rows.reduce((sum, { size }) => sum + size, 0) && window.oldest === oldest
      && batches.every((batch) => batch.pending === rows.filter((row) => row.batch === batch).length);
  }), { numRuns: 300 });
  t.pass();
});
