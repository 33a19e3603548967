/** What is fed and how fast: loads, and the scenarios that the bench runs. */

export interface Load {
  readonly containers: number;
  readonly linesEach: number;
  /** Length of each line. */
  readonly lineBytes: number;
  /** Of all containers together; 0: flat out. */
  readonly linesPerSecond: number;
  /** 1, as dockerd writes, unless it says more. */
  readonly framesPerWrite?: number;
}

export interface Scenario {
  readonly name: string;
  readonly load: Load;
  /** What comes before it, and is not measured. */
  readonly warmUp: Load;
  /** `stream`: with acknowledgements of JetStream; `short-lived`: containers one after the other; `engine`: the real one. */
  readonly kind?: 'stream' | 'short-lived' | 'engine';
}

/**
 * Lets the compiler of the JavaScript engine settle, as it has in a driver that has run for a minute: it compiles what was called some thousand
 * times, and a call takes a full pipe here.
 */
export const WARM_UP: Load = { containers: 4, linesEach: 300_000, lineBytes: 150, linesPerSecond: 0 };
/** Where lines take longer: more calls for as many lines. */
export const SHORT_WARM_UP: Load = { ...WARM_UP, linesEach: 75_000 };

function flatOut(name: string, containers: number, lines: number, lineBytes: number): Scenario {
  return { name, warmUp: WARM_UP, load: { containers, linesEach: Math.round(lines / containers), lineBytes, linesPerSecond: 0 } };
}

function paced(name: string, containers: number, linesPerSecond: number): Scenario {
  return { name, warmUp: WARM_UP, load: { containers, linesEach: Math.round(10 * linesPerSecond / containers), lineBytes: 150, linesPerSecond } };
}

/** Each long enough for CPU time, which counts in steps of 10 ms, to be exact to about 2 %. */
export const SCENARIOS: readonly Scenario[] = [
  flatOut('1x150', 1, 1_000_000, 150),
  flatOut('8x150', 8, 1_000_000, 150),
  flatOut('100x150', 100, 1_000_000, 150),
  flatOut('1x2000', 1, 400_000, 2000),
  paced('paced', 10, 20_000),
  paced('500x20', 500, 10_000),
  { ...flatOut('short', 200, 20_000, 150), warmUp: SHORT_WARM_UP, kind: 'short-lived' },
  { ...flatOut('stream', 1, 300_000, 150), warmUp: SHORT_WARM_UP, kind: 'stream' },
  { ...flatOut('engine', 1, 1_000_000, 150), warmUp: SHORT_WARM_UP, kind: 'engine' },
];

/** How cost grows with the number of containers and with the length of lines. */
export const COST_SCENARIOS: readonly Scenario[] = [
  ...[1, 10, 100, 1000].map((containers) => flatOut(`${containers} × 150 bytes`, containers, 1_000_000, 150)),
  flatOut('1 × 50 bytes', 1, 1_000_000, 50),
  flatOut('1 × 500 bytes', 1, 500_000, 500),
  flatOut('1 × 5,000 bytes', 1, 80_000, 5000),
];

/** Fewer lines of each container. */
export function scaled({ load, warmUp, ...rest }: Scenario, scale: number): Scenario {
  const fewer = (all: Load): Load => ({ ...all, linesEach: Math.max(1, Math.round(all.linesEach * scale)) });
  return { ...rest, load: fewer(load), warmUp: fewer(warmUp) };
}

export function totalLines({ containers, linesEach }: Load): number {
  return containers * linesEach;
}
