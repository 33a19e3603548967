/** A small disk of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from './clean-up.ts';

/** In memory; returns where it is mounted. `size` as mount(8) takes it. */
export function mountDisk(size: string): string {
  return mounted((dir) => execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir]));
}

/** ext4 in a file; needs a loop device. */
export function mountExt4(bytes: number): string {
  return mounted((dir) => {
    const image = `${dir}.img`;
    writeFileSync(image, '');
    truncateSync(image, bytes);
    atEnd(() => rmSync(image));
    execFileSync('mkfs.ext4', ['-q', image]);
    execFileSync('mount', ['-o', 'loop', image, dir]);
  });
}

function mounted(mount: (dir: string) => void): string {
  const dir = mkdtempSync(join(tmpdir(), 'nld-disk-'));
  mount(dir);
  atEnd(() => {
    execFileSync('umount', ['-l', dir]);
    rmSync(dir, { recursive: true });
  });
  return dir;
}
