import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DiskBudget } from '../../src/journal/disk-budget.ts';
import { DiskJournal, type SyncPolicy } from '../../src/journal/disk.ts';
import { MemoryBudget } from '../../src/journal/memory.ts';
import { FRAME_BYTES, openJournal } from '../support/journal-writer.ts';

const WRITER = join(import.meta.dirname, '../support/journal-writer.ts');
const KILLS = Number(process.env['JOURNAL_KILLS'] ?? 50);
const MIB = 1024 * 1024;

function withFolder(use: (root: string) => Promise<void> | void): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'nld-journal-'));
  return Promise.resolve(use(root)).finally(() => rmSync(root, { recursive: true, force: true }));
}

/** The number of whole frames that a killed process left, after a look at each of them: numbers in a row, without a gap. */
function framesUpTo(folder: string, sync: SyncPolicy): number {
  const journal = openJournal(folder, sync);
  const parts: Buffer[] = [];
  let from = journal.watermark;
  for (let at = journal.watermark; ;) {
    const run = journal.read(at);
    if (run === undefined || run === 'later') break;
    if (parts.length === 0) from = run.offset;
    else if (run.offset !== at) throw new Error(`a gap before ${run.offset}`);
    parts.push(Buffer.from(run.bytes));
    at = run.offset + run.bytes.length;
  }
  journal.close();
  const bytes = Buffer.concat(parts);
  const skip = (FRAME_BYTES - from % FRAME_BYTES) % FRAME_BYTES;
  for (let at = skip; at + FRAME_BYTES <= bytes.length; at += FRAME_BYTES) {
    const number = bytes.readDoubleLE(at);
    if (number !== (from + at) / FRAME_BYTES) throw new Error(`frame ${number} at ${from + at}`);
  }
  return Math.floor((from + bytes.length) / FRAME_BYTES);
}

/** Lets a process write for a moment and kills it; returns the number of the frame that it was about to append. */
async function writeAndKill(folder: string, first: number, sync: SyncPolicy, ms: number): Promise<number> {
  const args = [WRITER, folder, String(first), sync];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (said === '') setTimeout(() => child.kill('SIGKILL'), ms);
    said = (said + chunk.toString()).slice(-100);
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself: ${signal}`);
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
}

for (const sync of ['none', 'interval', 'always'] as const) {
  const kills = sync === 'none' ? KILLS : Math.ceil(KILLS / 5);
  test.serial(`P2: ${kills} kills of a process that appends lose nothing (sync ${sync})`, (t) => withFolder(async (root) => {
    const folder = join(root, 'web');
    let next = 0;
    for (let i = 0; i < kills; i++) {
      const appended = await writeAndKill(folder, next, sync, i * 7 % 60);
      const last = framesUpTo(folder, sync);
      t.true(last >= appended, `${appended} were appended, ${last} are there`);
      // A torn frame is completed as the rest of a pipe would complete it: the writer goes on at a whole one.
      next = finishFrame(folder, sync);
    }
    t.true(next > 0);
    t.true(readdirSync(folder).length < 64);
  }));
}

/** Appends what is missing of the last frame; returns the number of the next. */
function finishFrame(folder: string, sync: SyncPolicy): number {
  const journal = openJournal(folder, sync);
  const number = Math.floor(journal.head / FRAME_BYTES);
  const cut = journal.head % FRAME_BYTES;
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeDoubleLE(number);
  if (cut > 0) journal.append(frame.subarray(cut));
  journal.close();
  return cut > 0 ? number + 1 : number;
}

test.serial('a journal on the real disk keeps its files to itself', (t) => withFolder((root) => {
  const folder = join(root, 'web');
  const journal = openJournal(folder, 'interval');
  journal.append(Buffer.from('one'));
  t.deepEqual(readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777), [0o600, 0o600]);
  t.is(statSync(folder).mode & 0o777, 0o700);
  journal.remove();
  t.deepEqual(readdirSync(root), []);
}));

test.serial('K1: a real disk that is full and gets room again loses nothing', (t) => withFolder((root) => {
  const disk = join(root, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).status === 0;
  try {
    if (mounted) fillAndHeal(disk, (isTrue, message) => t.true(isTrue, message));
    else t.log('no right to mount a disk: full ones are left to the model');
  } finally {
    if (mounted) spawnSync('umount', ['-l', disk]);
  }
  t.pass();
}));

function fillAndHeal(disk: string, check: (isTrue: boolean, message: string) => void): void {
  const said: string[] = [];
  const budget = new DiskBudget({
    root: disk,
    limit: 64 * MIB,
    memory: new MemoryBudget(8 * MIB),
    listener: { failed: (error) => said.push(String((error as NodeJS.ErrnoException).code)), healed: () => said.push('healed') },
    repeat: () => () => undefined,
  });
  const owner = { unread: 0, shed: () => undefined, readable: () => undefined, unreadable: () => undefined };
  const journal = new DiskJournal(budget, { folder: join(disk, 'web'), id: 'web', sync: 'always', owner });
  journal.append(Buffer.alloc(64 * 1024, 0));
  // Between two looks at the free space somebody else takes all of it.
  writeFull(join(disk, 'other'));
  for (let i = 1; i < 32; i++) journal.append(Buffer.alloc(64 * 1024, i));
  check(said[0] === 'ENOSPC' && said.length === 1, `said ${said.join()}`);
  check(journal.volatileBytes > 0, 'nothing is in memory');
  rmSync(join(disk, 'other'));
  for (let i = 0; i < 60; i++) budget.tick();
  check(journal.volatileBytes === 0, `${journal.volatileBytes} bytes are still in memory`);
  check(said.join() === 'ENOSPC,healed', `said ${said.join()}`);
  for (let at = 0; at < 2 * MIB;) {
    const run = journal.read(at);
    if (run === undefined || run === 'later') throw new Error(`nothing at ${at}`);
    for (let i = 0; i < run.bytes.length; i++) if (run.bytes[i] !== (at + i) >> 16) throw new Error(`wrong byte at ${at + i}`);
    at += run.bytes.length;
  }
  journal.close();
}

function writeFull(path: string): void {
  try {
    writeFileSync(path, Buffer.alloc(8 * MIB));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
