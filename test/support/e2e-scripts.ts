/** What containers of end-to-end tests run, and how to make them go on. */
import type { Site } from './e2e-site.ts';

/** Writes a line, then stays until SIGTERM. */
export const OBEDIENT = 'trap "exit 0" TERM; echo started; while :; do sleep 0.02; done';

/** Writes a line, then, for every `countOn`, the next hundred numbers. */
export const COUNTING = 'mkfifo /next; echo started; n=0; while read x < /next; do seq $((n + 1)) $((n + 100)); n=$((n + 100)); done';

/** Makes a container that runs `COUNTING` go on; resolves when it was told to, not when it has written. */
export async function countOn(site: Site, name: string): Promise<void> {
  await site.docker.run('exec', name, 'sh', '-c', 'until [ -p /next ]; do sleep 0.02; done; echo > /next');
}

/** The texts that `seq` writes. */
export function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, at) => String(first + at));
}
