/** Puts a program of this machine, with exactly the shared libraries it needs, into a root file system of its own. */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './command.ts';

/** Paths of the shared libraries that the dynamic loader would bring in, the loader itself included; none for a static program. */
export async function librariesOf(binary: string): Promise<string[]> {
  const { stdout } = await run('ldd', [binary]);
  return stdout.split('\n').flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

/** Copies the file that `source` leads to, with its mode; missing folders are made. */
export function copyInto(rootfs: string, source: string, path = source): void {
  const target = join(rootfs, path);
  mkdirSync(dirname(target), { recursive: true });
  if (!existsSync(target)) copyFileSync(source, target);
}

/** Copies the program to `path` inside `rootfs`, and its libraries to where the loader looks for them. */
export async function copyProgram(rootfs: string, binary: string, path: string): Promise<void> {
  copyInto(rootfs, binary, path);
  for (const library of await librariesOf(binary)) copyInto(rootfs, library);
}
