/** What the host gives the driver: a folder, room on its disk, descriptors. */
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmdirSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Options } from '../../core/options.generated.ts';
import { descriptorLimit } from '../descriptors.ts';
import { showBytes, showCount } from '../printable.ts';
import type { Finding } from './finding.ts';

/** What the driver wants for a thousand containers; see descriptors.ts. */
const WANTED_DESCRIPTORS = 3300;
/** Of all descriptors of the machine. */
const NEARLY_ALL = 0.9;

export async function* checkHost(state: string, options: Options): AsyncGenerator<Finding> {
  const folder = nearestFolder(state);
  yield checkState(state, folder);
  yield checkDisk(folder, options);
  yield checkDescriptors();
  yield checkAllDescriptors(readFileSync('/proc/sys/fs/file-nr', 'utf8'));
}

function nearestFolder(path: string): string {
  return existsSync(path) || path === '/' ? path : nearestFolder(dirname(path));
}

function checkState(state: string, folder: string): Finding {
  const check = 'state folder';
  try {
    if (folder !== state) {
      accessSync(folder, constants.W_OK);
      return { check, result: 'ok', detail: `${state} does not exist: the driver makes it` };
    }
    rmdirSync(mkdtempSync(join(state, '.doctor-')));
    return { check, result: 'ok', detail: `${state} can be written` };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return { id: 'state-not-writable', check, result: 'failed', detail: `${folder} cannot be written (${code}): sessions and lines would not survive the driver`, remedy: 'let the user of the driver, root, write there, or name another folder with serve --state' };
  }
}

function checkDisk(folder: string, { 'nats-buffer': buffer, 'nats-buffer-disk-size': wanted }: Options): Finding {
  const check = 'disk space';
  if (buffer === 'memory') return { check, result: 'skipped', detail: 'nats-buffer=memory: lines go with the driver' };
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const detail = `${showBytes(free)} free at ${folder}, nats-buffer-disk-size is ${showBytes(wanted)}`;
  if (free >= wanted) return { check, result: 'ok', detail };
  return { id: 'disk-small', check, result: 'warning', detail: `${detail}: the disk is full before the limit is reached`, remedy: 'free space, put the state folder on another disk, or lower nats-buffer-disk-size' };
}

function checkDescriptors(): Finding {
  const limit = descriptorLimit(readFileSync('/proc/self/limits', 'utf8'));
  const detail = `${limit === undefined ? 'no limit' : showCount(limit)} for a process started from here`;
  if (limit === undefined || limit >= WANTED_DESCRIPTORS) return { check: 'open files', result: 'ok', detail };
  return { id: 'descriptors-few', check: 'open files', result: 'warning', detail: `${detail}: too few for a thousand containers`, remedy: 'raise it: LimitNOFILE= in the unit, ulimit -n in a shell' };
}

/** Source: proc(5), /proc/sys/fs/file-nr. */
function checkAllDescriptors(fileNr: string): Finding {
  const [used = 0, , limit = 0] = fileNr.trim().split(/\s+/).map(Number);
  const detail = `${showCount(used)} of ${limit > 1e15 ? 'any number' : showCount(limit)} on the whole machine`;
  if (used < NEARLY_ALL * limit) return { check: 'open files, all', result: 'ok', detail };
  return { id: 'descriptors-used-up', check: 'open files, all', result: 'warning', detail, remedy: 'raise fs.file-max, or find out who holds so many' };
}
