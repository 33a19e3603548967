/** Disk journals on a file system in memory, with ticks that the test gives. */
import { DiskBudget } from '../../src/journal/disk-budget.ts';
import { DiskJournal, type DiskJournalSettings } from '../../src/journal/disk.ts';
import { MemoryBudget } from '../../src/journal/memory.ts';
import { CrashFileSystem } from './crash-file-system.ts';

export const MIB = 1024 * 1024;
export const FOLDER = '/journal/web';

export interface Host {
  readonly fs: CrashFileSystem;
  readonly budget: DiskBudget;
  /** What the listener was told. */
  readonly said: readonly string[];
  ticks(count: number): void;
}

/** One host: a disk and a budget. */
export function newHost(options: { limit?: number; memory?: number; fs?: CrashFileSystem } = {}): Host {
  const fs = options.fs ?? new CrashFileSystem();
  const said: string[] = [];
  const budget = new DiskBudget({
    root: '/journal',
    limit: options.limit ?? 64 * MIB,
    memory: new MemoryBudget(options.memory ?? 8 * MIB),
    fs,
    listener: {
      failed: (error) => void said.push(`failed ${(error as NodeJS.ErrnoException).code}`),
      healed: () => void said.push('healed'),
    },
    repeat: () => () => undefined,
  });
  const ticks = (count: number): void => {
    for (let i = 0; i < count; i++) budget.tick();
  };
  return { fs, budget, said, ticks };
}

/** A journal and its owner, which gives up from `cursor` on when it must. */
export interface Opened {
  readonly journal: DiskJournal;
  cursor: number;
  /** Bytes given up. */
  shed: number;
  /** Calls. */
  readable: number;
  /** Bytes. */
  unreadable: number;
}

export function open(budget: DiskBudget, settings: Partial<DiskJournalSettings> = {}): Opened {
  const state = { cursor: 0, shed: 0, readable: 0, unreadable: 0 };
  const journal: DiskJournal = new DiskJournal(budget, {
    folder: FOLDER,
    id: 'web',
    sync: 'none',
    owner: {
      get unread() {
        return journal.head - state.cursor;
      },
      shed: (bytes) => {
        const to = Math.min(journal.head, state.cursor + bytes);
        journal.discard(state.cursor, to);
        state.shed += to - state.cursor;
        state.cursor = to;
      },
      readable: () => void state.readable++,
      unreadable: (from, to) => void (state.unreadable += to - from),
    },
    ...settings,
  });
  return Object.assign(state, { journal });
}

/** Everything kept from `offset` on; a gap is shown by the offset behind it, … stands for what cannot be read now. */
export function text(journal: DiskJournal, offset = 0): string {
  let said = '';
  for (let at = offset; ;) {
    const run = journal.read(at);
    if (run === undefined || run === 'later') return run === undefined ? said : `${said}…`;
    if (run.offset !== at) said += `<${run.offset}>`;
    said += Buffer.from(run.bytes).toString();
    at = run.offset + run.bytes.length;
  }
}

export const bytes = (content: string): Buffer => Buffer.from(content);
export const segments = (fs: CrashFileSystem): readonly string[] => fs.names(FOLDER).filter((name) => name.endsWith('.seg'));
