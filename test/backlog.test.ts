import test from 'ava';
import { timeOfOldest } from '../src/backlog.ts';
import { MemoryBudget, MemoryJournal } from '../src/journal/memory.ts';
import { encodeFrame, entriesOf } from './support/log-entry.ts';

const SECOND = 1_773_500_966;

function journalOf(...times: number[]): MemoryJournal {
  const journal = new MemoryJournal(new MemoryBudget(1024 * 1024), { unread: 0, shed: () => undefined });
  for (const time of times) journal.append(Buffer.concat(entriesOf('stdout', 'x'.repeat(100) + '\n', BigInt(time) * 1_000_000n).map(encodeFrame)));
  return journal;
}

test('the oldest unconfirmed line tells since when lines wait', (t) => {
  const journal = journalOf(SECOND * 1000 + 123, SECOND * 1000 + 5000);
  t.is(timeOfOldest(journal), SECOND * 1000 + 123);
  journal.release(journal.head / 2, 1);
  t.is(timeOfOldest(journal), SECOND * 1000 + 5000);
});

test('nothing is known of what is not there, or no line', (t) => {
  t.is(timeOfOldest(journalOf()), undefined);
  const journal = journalOf();
  journal.append(Buffer.alloc(100, 'x'));
  t.is(timeOfOldest(journal), undefined);
});
