/** What the runner and its feeder and receiver tell each other. */

/** Feeder: the FIFOs exist and are open. */
export interface FeederReady {
  readonly type: 'fifos';
  /** In the order of the containers. */
  readonly files: readonly string[];
}

/** Feeder: everything is in the FIFOs. */
export interface FeederDone {
  readonly type: 'fed';
  /** How late the feeder itself was, at worst: what a latency cannot be better than. Paced loads only. */
  readonly latestMs: number;
}

/** Receiver: subscribed. */
export interface ReceiverReady {
  readonly type: 'subscribed';
}

/** Receiver, now and then: how many lines have arrived. Passed on to the feeder as a mere number. */
export interface ReceiverProgress {
  readonly type: 'progress';
  readonly lines: number;
}

/** Receiver: every line has arrived, once and in order. */
export interface ReceiverDone {
  readonly type: 'received';
  /** On the clock of `clockMicros`. */
  readonly firstMicros: number;
  readonly lastMicros: number;
  readonly messageBytes: number;
  /** From the writing of a line to its arrival. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Receiver: what is wrong. */
export interface ReceiverFailed {
  readonly type: 'failed';
  readonly reason: string;
}

export type Report = FeederReady | FeederDone | ReceiverReady | ReceiverProgress | ReceiverDone | ReceiverFailed;

/** Runner to feeder: begin. */
export const GO = 'go';

export function report(message: Report): void {
  if (process.send === undefined) throw new Error('this process is started by bench/run.ts');
  process.send(message);
}
