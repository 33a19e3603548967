import test from 'ava';
import { MemoryBudget, MemoryJournal } from '../../src/journal/memory.ts';
import { Room, type Sharing } from '../../src/journal/room.ts';
import { sharedCounts, SharedBytes } from '../../src/journal/shared-bytes.ts';

const MIB = 1024 * 1024;

/** For so many threads. `presses`: who has asked the others to give way. */
function newSharing(threads: number): { of: readonly Sharing[]; presses: number[] } {
  const counts = sharedCounts(threads);
  const presses: number[] = [];
  const of = Array.from({ length: threads }, (_, own) => ({ bytes: new SharedBytes(counts, own), press: () => void presses.push(own) }));
  return { of, presses };
}

test('a thread sees what the others use, in whole KiB', (t) => {
  const { of: [one, other, third] } = newSharing(3);
  one?.bytes.tell(1);
  other?.bytes.tell(2048);
  third?.bytes.tell(2 ** 40);
  t.deepEqual([one, other, third].map((sharing) => sharing?.bytes.others), [2048 + 2 ** 40, 1024 + 2 ** 40, 3072]);
  other?.bytes.tell(0);
  t.is(one?.bytes.others, 2 ** 40);
});

test('alone it must give whenever something does not fit', (t) => {
  const room = new Room(100);
  room.used = 90;
  t.deepEqual([room.mustGive(10), room.mustGive(11)], [false, true]);
});

test('a thread may use all that the others leave', (t) => {
  const { of: sharing, presses } = newSharing(2);
  const room = new Room(MIB, sharing[0]);
  room.used = MIB - 4096;
  t.true(room.fits(4096));
  t.false(room.fits(4097));
  t.deepEqual(presses, []);
});

test('when the room is exhausted those with more than an equal share give way, the others ask for it', (t) => {
  const { of: sharing, presses } = newSharing(3);
  const [much, little] = [new Room(3 * MIB, sharing[0]), new Room(3 * MIB, sharing[1])];
  much.used = 2.5 * MIB;
  little.used = 0.5 * MIB;
  t.false(little.mustGive(4096));
  t.deepEqual(presses, [1]);
  t.true(much.mustGive(4096));
  t.deepEqual(presses, [1], 'it does not ask itself');
  t.true(little.mustGive(MIB), 'with so much it would have more than its share itself');
});

test('sessions in memory of several threads keep to one limit, and a thread with little loses nothing to one with much', (t) => {
  const { of: sharing, presses } = newSharing(2);
  const limit = 4 * MIB;
  const [much, little] = sharing.map((each) => new MemoryBudget(limit, each)) as [MemoryBudget, MemoryBudget];
  const loud = open(much);
  const quiet = open(little);
  for (let i = 0; i < 100; i++) loud.journal.append(Buffer.alloc(64 * 1024, i));
  t.true(much.used > limit - MIB / 4 && much.used <= limit, `${much.used} bytes`);
  for (let i = 0; i < 8; i++) {
    quiet.journal.append(Buffer.alloc(64 * 1024, i));
    if (presses.splice(0).length > 0) much.giveWay();
  }
  t.is(quiet.shed, 0);
  t.is(little.used, MIB / 2);
  t.true(much.used + little.used <= limit + 8 * 64 * 1024, `${much.used + little.used} bytes`);
  much.giveWay();
  t.true(much.used + little.used <= limit);
  little.giveWay();
  t.is(quiet.shed, 0, 'it has no more than its share');
});

/** A journal whose owner gives up from its oldest byte on when it must. */
function open(budget: MemoryBudget): { readonly journal: MemoryJournal; shed: number } {
  const state = { shed: 0 };
  const journal: MemoryJournal = new MemoryJournal(budget, {
    get unread() {
      return journal.head - state.shed;
    },
    shed: (bytes) => {
      const to = Math.min(journal.head, state.shed + bytes);
      journal.discard(state.shed, to);
      state.shed = to;
    },
  });
  return Object.assign(state, { journal });
}
