/**
 * A process that appends numbered frames to a journal on the real disk until it is killed, and confirms them some way
 * behind. Says on stdout, before each append, the number of the frame that comes next: the frames before it were
 * appended. Arguments: folder, first number, sync policy.
 */
import { writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { DiskBudget } from '../../src/journal/disk-budget.ts';
import { DiskJournal, type SyncPolicy } from '../../src/journal/disk.ts';
import { MemoryBudget } from '../../src/journal/memory.ts';

/** Each frame is its number in eight bytes. */
export const FRAME_BYTES = 8;
/** What stays unconfirmed: several segments, so that kills meet files that come and go. */
const BEHIND_BYTES = 256 * 1024;
const LIMIT = 512 * 1024;
const FRAMES_PER_APPEND = 512;

export function openJournal(folder: string, sync: SyncPolicy): DiskJournal {
  const listener = {
    failed: (error: Error) => {
      throw error;
    },
    healed: () => undefined,
  };
  const budget = new DiskBudget({ root: dirname(folder), limit: 2 * LIMIT, memory: new MemoryBudget(LIMIT), listener });
  const owner = { unread: 0, shed: () => undefined, readable: () => undefined, unreadable: () => undefined };
  return new DiskJournal(budget, { folder, id: 'web', sync, owner });
}

function run(folder: string, first: number, sync: SyncPolicy): void {
  const journal = openJournal(folder, sync);
  const bytes = Buffer.alloc(FRAMES_PER_APPEND * FRAME_BYTES);
  let next = first;
  const turn = (): void => {
    for (let i = 0; i < 20; i++) {
      writeSync(1, `${next}\n`);
      const count = 1 + next % FRAMES_PER_APPEND;
      for (let at = 0; at < count; at++) bytes.writeDoubleLE(next++, at * FRAME_BYTES);
      journal.append(bytes.subarray(0, count * FRAME_BYTES));
      journal.release(Math.max(0, journal.head - BEHIND_BYTES), 0);
    }
    setImmediate(turn);
  };
  turn();
}

if (process.argv[1] === import.meta.filename) run(process.argv[2] as string, Number(process.argv[3]), process.argv[4] as SyncPolicy);
