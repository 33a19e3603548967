/** What the tools of the bench tell the runner: one JSON value a line, over the channel that node opens for a child process. */

/** Feeder: the FIFOs exist and are open. */
export interface FeederReady {
  readonly type: 'ready';
}

/** Feeder: everything is in the FIFOs. */
export interface FeederDone {
  readonly type: 'fed';
  /** How late the feeder itself was, at worst: what a latency cannot be better than. 0 where it is not paced. */
  readonly latestMs: number;
}

/** Receiver: subscribed. */
export interface ReceiverReady {
  readonly type: 'subscribed';
}

/** Receiver: every line has arrived, once and in order. */
export interface ReceiverDone {
  readonly type: 'received';
  /** On the machine's monotonic clock. */
  readonly firstMicros: number;
  readonly lastMicros: number;
  readonly messageBytes: number;
  /** From the writing of a line to its arrival; -1 where it was not asked for. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Either: what is wrong. */
export interface Failed {
  readonly type: 'failed';
  readonly reason: string;
}

export type Report = FeederReady | FeederDone | ReceiverReady | ReceiverDone | Failed;

/** Runner to feeder: begin. */
export const GO = 'go';
