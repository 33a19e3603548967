/** What a line costs as the number of containers grows, and as the line grows. */
import { COST_SCENARIOS, type Scenario } from './load.ts';
import type { Curves } from './plot.ts';
import { systemsOf, type Results } from './results.ts';
import { median } from './statistics.ts';

export function costCurves(results: Results): Curves[] {
  const of = (title: string, unit: string, scenarios: readonly Scenario[], x: (scenario: Scenario) => number): Curves => {
    const points = systemsOf(results).map((system) => [system, scenarios.flatMap((scenario) => {
      const values = (results[scenario.name]?.[system] ?? []).flatMap(({ pluginMicros }) => pluginMicros ?? []);
      return values.length === 0 ? [] : [[x(scenario), median(values)] as const];
    }).toSorted(([a], [b]) => a - b)] as const);
    return { title, unit, points: Object.fromEntries(points) };
  };
  const isShort = ({ load }: Scenario): boolean => load.lineBytes === 150;
  return [
    of('driver CPU, µs/line: 150 bytes', 'containers', COST_SCENARIOS.filter(isShort), ({ load }) => load.containers),
    of('driver CPU, µs/line: one container', 'bytes per line', COST_SCENARIOS.filter(({ load }) => load.containers === 1), ({ load }) => load.lineBytes),
  ];
}
