/** How many threads there are, and which of them has a session. */
import { sessionKey } from '../journal/session-records.ts';

/** Of the machine's cores, for one worker: dockerd, nats-server and the containers themselves need several for what keeps one of ours busy. */
const CORES_PER_WORKER = 4;
/** Each costs memory and a connection; more are for those who have measured that they need them. */
const MAX_BY_CORES = 8;

/** `asked`: as the operator says; undefined: by the number of cores. */
export function workerCount(asked: number | undefined, cores: number): number {
  return asked ?? Math.min(MAX_BY_CORES, Math.max(1, Math.floor(cores / CORES_PER_WORKER)));
}

/**
 * The worker, from 0, of a session by its key, as long as there are `count` of them. Keys are digests: their first digits are as good as a
 * hash of them. What has another name in the state folder belongs to one of the workers, too.
 */
export function workerOf(key: string, count: number): number {
  const digest = /^[0-9a-f]{32}$/.test(key) ? key : sessionKey(key);
  return Number.parseInt(digest.slice(0, 8), 16) % count;
}
