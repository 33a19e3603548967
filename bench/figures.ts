/** What a run yields, and how each figure is shown. */

export interface Figures {
  /** As the receiver sees them, from the first to the last. */
  readonly linesPerSecond?: number;
  /** From the start of a container of the real engine to its end. */
  readonly containerLinesPerSecond?: number;
  readonly pluginMicros?: number;
  readonly engineMicros?: number;
  readonly serverMicros?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** How long StartLogging and StopLogging take. */
  readonly startP50Ms?: number;
  readonly startP99Ms?: number;
  readonly stopP50Ms?: number;
  readonly stopP99Ms?: number;
  readonly peakMiB?: number;
  readonly messageBytes?: number;
  /** From the start of the process until it accepts connections. */
  readonly startMs?: number;
  readonly feederLateMs?: number;
  /** Cores that were busy with something else. */
  readonly otherLoad?: number;
}

export interface Row {
  readonly figure: keyof Figures;
  readonly title: string;
  readonly decimals: number;
  /** Says under which circumstances the others came about: no ratio. */
  readonly isContext?: true;
}

/** In the order of the table. */
export const ROWS: readonly Row[] = [
  { figure: 'linesPerSecond', title: 'lines/s', decimals: 0 },
  { figure: 'containerLinesPerSecond', title: 'lines/s of the container', decimals: 0 },
  { figure: 'pluginMicros', title: 'driver CPU µs/line', decimals: 2 },
  { figure: 'engineMicros', title: 'dockerd CPU µs/line', decimals: 2 },
  { figure: 'serverMicros', title: 'nats-server CPU µs/line', decimals: 2 },
  { figure: 'p50Ms', title: 'latency p50 ms', decimals: 2 },
  { figure: 'p99Ms', title: 'latency p99 ms', decimals: 2 },
  { figure: 'startP50Ms', title: 'StartLogging p50 ms', decimals: 2 },
  { figure: 'startP99Ms', title: 'StartLogging p99 ms', decimals: 2 },
  { figure: 'stopP50Ms', title: 'StopLogging p50 ms', decimals: 2 },
  { figure: 'stopP99Ms', title: 'StopLogging p99 ms', decimals: 2 },
  { figure: 'peakMiB', title: 'driver peak RSS MiB', decimals: 0 },
  { figure: 'startMs', title: 'start to listening ms', decimals: 0 },
  { figure: 'messageBytes', title: 'bytes per message', decimals: 0, isContext: true },
  { figure: 'feederLateMs', title: 'feeder late at worst ms', decimals: 1, isContext: true },
  { figure: 'otherLoad', title: 'other load, cores', decimals: 2, isContext: true },
];
