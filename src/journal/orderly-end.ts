/**
 * A file that says that the process before this one ended in order: everything that it took from a FIFO is confirmed, in a
 * journal, or counted as lost. It is there between two processes only.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from './file-system.ts';

const NAME = 'ended-in-order';

/** Whether it is there; it is gone then. A folder that cannot be changed says nothing about the end. */
export function takeOrderlyEnd(state: string): boolean {
  try {
    rmSync(join(state, NAME));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
  void sync(state);
  return true;
}

/** Throws the system's error. */
export function leaveOrderlyEnd(state: string): void {
  writeFileSync(join(state, NAME), '', { mode: 0o600 });
}

/** After a power failure the file must not be back. A disk that fails is told of by the journals. */
async function sync(folder: string): Promise<void> {
  try {
    await using handle = await open(folder);
    await handle.sync();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}
