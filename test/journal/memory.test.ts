import test from 'ava';
import fc from 'fast-check';
import { MemoryBudget, MemoryJournal, type Holder } from '../../src/journal/memory.ts';

const PLENTY = 1024 * 1024 * 1024;

/** One byte per offset; what was discarded or released is not there any more. */
class Model {
  readonly bytes = new Map<number, number>();
  head = 0;
  released = 0;

  append(bytes: Uint8Array): void {
    for (const byte of bytes) this.bytes.set(this.head++, byte);
  }

  discard(from: number, to: number): void {
    for (let at = from; at < to; at++) this.bytes.delete(at);
  }

  /** The first offset kept at or after `offset`. */
  first(offset: number): number | undefined {
    for (let at = offset; at < this.head; at++) if (this.bytes.has(at)) return at;
    return undefined;
  }
}

const step = fc.oneof(
  fc.record({ do: fc.constant('append' as const), size: fc.oneof(fc.nat(50), fc.nat(5000), fc.constantFrom(4096, 65_536, 70_000)) }),
  fc.record({ do: fc.constantFrom('read' as const, 'release' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ do: fc.constant('discard' as const), at: fc.double({ min: 0, max: 1, noNaN: true }),
    size: fc.oneof(fc.nat(100), fc.nat(100_000)) }),
);

/** Never has anything to give up. */
const NOBODY = { unread: 0, shed: () => undefined };

test('every byte that was appended, and neither released nor discarded, is read back', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const budget = new MemoryBudget(PLENTY);
      const journal = new MemoryJournal(budget, NOBODY);
      const model = new Model();
      let fill = 0;
      for (const action of steps) {
        if (action.do === 'append') {
          const bytes = Buffer.alloc(action.size, fill = (fill + 1) % 251);
          journal.append(bytes);
          model.append(bytes);
          bytes.fill(0xee);
        } else {
          const at = model.released + Math.floor(action.at * (model.head - model.released));
          if (action.do === 'release') {
            journal.release(at, 0);
            model.released = at;
          } else if (action.do === 'discard') {
            const to = Math.min(model.head, at + action.size);
            journal.discard(at, to);
            model.discard(at, to);
          } else {
            readAll(journal, model, at);
          }
        }
        if (journal.head !== model.head) throw new Error(`head ${journal.head}, wanted ${model.head}`);
      }
      readAll(journal, model, model.released);
      journal.release(Number.POSITIVE_INFINITY, 0);
      return budget.used === 0 && journal.read(0) === undefined;
    }),
    { seed: 20261122, numRuns: 300 },
  );
  t.pass();
});

/** Reads from `offset` to the end, run by run, as the session does. */
function readAll(journal: MemoryJournal, model: Model, offset: number): void {
  for (let at = offset;;) {
    const run = journal.read(at);
    const wanted = model.first(at);
    if (run === undefined) {
      if (wanted !== undefined) throw new Error(`nothing at ${at}, wanted ${wanted}`);
      return;
    }
    if (run.offset !== wanted || run.bytes.length === 0) throw new Error(`${run.bytes.length} bytes at ${run.offset}, wanted ${wanted}`);
    run.bytes.forEach((byte, i) => {
      if (model.bytes.get(run.offset + i) !== byte) throw new Error(`byte ${run.offset + i} is ${byte}`);
    });
    at = run.offset + run.bytes.length;
  }
}

test('a quiet container costs a small chunk, a busy one large ones', (t) => {
  const budget = new MemoryBudget(PLENTY);
  const quiet = new MemoryJournal(budget, NOBODY);
  quiet.append(Buffer.alloc(100));
  t.is(budget.used, 4096);
  const busy = new MemoryJournal(budget, NOBODY);
  busy.append(Buffer.alloc(65_536));
  t.is(budget.used, 4096 + 65_536);
});

test('a chunk that is released whole is given back, and the rest of it is written on', (t) => {
  const budget = new MemoryBudget(PLENTY);
  const journal = new MemoryJournal(budget, NOBODY);
  for (let i = 0; i < 10; i++) journal.append(Buffer.alloc(100));
  t.is(budget.used, 4096, 'they share a chunk');
  journal.release(999, 0);
  t.is(budget.used, 4096);
  journal.release(1000, 0);
  t.is(budget.used, 0);
});

class Sheddable implements Holder {
  readonly asked: number[] = [];
  unread: number;
  readonly #shed: (bytes: number) => void;

  constructor(unread: number, shed: (bytes: number) => void = () => undefined) {
    this.unread = unread;
    this.#shed = shed;
  }

  shed(bytes: number): void {
    this.asked.push(bytes);
    this.#shed(bytes);
  }
}

test('when the memory is used up, the holder of the most unread bytes gives up its oldest', (t) => {
  const budget = new MemoryBudget(4 * 65_536);
  const chunks = [1, 2, 3, 4].map(() => budget.take(65_536));
  const small = new Sheddable(10);
  const large: Sheddable = new Sheddable(1000, () => {
    budget.give(chunks.pop() as Buffer);
    budget.give(chunks.pop() as Buffer);
    large.unread = 5;
  });
  budget.holders.add(small).add(large).add(new Sheddable(20));
  budget.take(65_536);
  t.is(large.asked.length, 1);
  t.true((large.asked[0] ?? 0) >= 65_536);
  t.deepEqual(small.asked, []);
  t.is(budget.used, 3 * 65_536);
});

test('shedding goes on until there is room', (t) => {
  const budget = new MemoryBudget(2 * 65_536);
  const chunks = Array.from({ length: 32 }, () => budget.take(4096));
  const holder: Sheddable = new Sheddable(32, () => {
    budget.give(chunks.pop() as Buffer);
    holder.unread = chunks.length;
  });
  budget.holders.add(holder);
  budget.take(65_536);
  t.is(budget.used, 2 * 65_536);
  t.is(holder.asked.length, 16);
});

test('rather than refuse, the budget is exceeded: a FIFO is always drained', (t) => {
  const budget = new MemoryBudget(65_536);
  budget.take(65_536);
  const helpless = new Sheddable(100);
  budget.holders.add(helpless);
  t.is(budget.take(65_536).length, 65_536);
  t.is(budget.used, 2 * 65_536);
  t.is(helpless.asked.length, 1, 'who gave nothing is not asked again');
});

test('holders with nothing to give are not asked', (t) => {
  const budget = new MemoryBudget(0);
  const empty = new Sheddable(0);
  budget.holders.add(empty);
  budget.take(4096);
  t.deepEqual(empty.asked, []);
});

test('a holder that gives up the middle of a chunk is not asked for more in order to do so', (t) => {
  const budget = new MemoryBudget(4096);
  const journal = new MemoryJournal(budget, NOBODY);
  let depth = 0;
  const holder = new Sheddable(3000, () => {
    if (++depth > 3) throw new Error('asked again while it was giving up');
    journal.discard(1000, 2000);
    depth--;
  });
  journal.append(Buffer.alloc(3000, 'x'));
  budget.holders.add(holder);
  t.notThrows(() => budget.take(4096));
  t.is(journal.read(1000)?.offset, 2000);
  t.is(journal.read(0)?.bytes.length, 1000);
});

test('free chunks are used again', (t) => {
  const budget = new MemoryBudget(PLENTY);
  const chunk = budget.take(65_536);
  budget.give(chunk);
  t.is(budget.take(65_536), chunk);
  t.not(budget.take(65_536), chunk);
});
