/** Each container takes a descriptor for its FIFO, and two more while it writes to the disk. */
import { readFileSync } from 'node:fs';
import type { Log } from '../core/log.ts';

const LIMITS = '/proc/self/limits';
const PER_CONTAINER = 3;
/** Node's own, NATS, the engine's requests. */
const OTHERS = 300;
/** More than hosts usually have. */
const MANY_CONTAINERS = 1000;

/** The soft limit of open files; undefined: there is none, or it cannot be known. */
export function descriptorLimit(limits: string): number | undefined {
  const soft = /^Max open files +(\S+)/mu.exec(limits)?.[1];
  return soft === undefined || soft === 'unlimited' ? undefined : Number(soft);
}

/** Node has raised the soft limit to the hard one already. */
export function warnOfFewDescriptors(log: Log, limits = readFileSync(LIMITS, 'utf8')): void {
  const limit = descriptorLimit(limits);
  if (limit === undefined || limit >= OTHERS + PER_CONTAINER * MANY_CONTAINERS) return;
  log.warn('the limit of open files is low for many containers', {
    limit, enough_for_containers: Math.max(0, Math.floor((limit - OTHERS) / PER_CONTAINER)),
  });
}
