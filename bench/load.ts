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
}

/** `scale` 1: long enough for CPU time, which counts in steps of 10 ms, to be exact to about 2 %. */
export function scenarios(scale: number): readonly Scenario[] {
  const flatOut = (name: string, containers: number, lines: number, lineBytes: number): Scenario =>
    ({ name, load: { containers, linesEach: Math.round(lines * scale / containers), lineBytes, linesPerSecond: 0 } });
  const paced = (name: string, containers: number, linesPerSecond: number): Scenario =>
    ({ name, load: { containers, linesEach: Math.round(10 * linesPerSecond * scale / containers), lineBytes: 150, linesPerSecond } });
  return [
    flatOut('1x150', 1, 1_000_000, 150),
    flatOut('8x150', 8, 1_000_000, 150),
    flatOut('100x150', 100, 1_000_000, 150),
    flatOut('1x2000', 1, 200_000, 2000),
    paced('paced', 10, 20_000),
    paced('500x20', 500, 10_000),
  ];
}

/** Lets the compiler of the JavaScript engine settle, as it has in a driver that has run for a minute. */
export const WARM_UP: Load = { containers: 4, linesEach: 25_000, lineBytes: 150, linesPerSecond: 0 };

export function totalLines({ containers, linesEach }: Load): number {
  return containers * linesEach;
}
