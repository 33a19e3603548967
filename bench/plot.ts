/** The results as pictures: SVG, medians, no script and nothing fetched. */
import type { Figures } from './figures.ts';
import { systemsOf, type Results } from './results.ts';
import { median } from './statistics.ts';

const COLOURS = ['#0b7285', '#e8590c', '#868e96', '#5f3dc4', '#2b8a3e', '#c2255c', '#495057'];
const FONT = 'font-family="system-ui, sans-serif" font-size="12"';
const LINE = 18;

interface Panel {
  readonly title: string;
  readonly figure: keyof Figures;
  readonly decimals: number;
}

/** Where a scenario has the first of a list, the others are not shown. */
const SPEED: readonly Panel[] = [
  { title: 'lines/s', figure: 'linesPerSecond', decimals: 0 },
  { title: 'latency p99, ms', figure: 'p99Ms', decimals: 2 },
  { title: 'StopLogging p99, ms', figure: 'stopP99Ms', decimals: 2 },
];
const COST: readonly Panel[] = [{ title: 'driver CPU, µs/line', figure: 'pluginMicros', decimals: 2 }];

/** Bars: how fast on the left, what it costs on the right, one group for each scenario. */
export function bars(results: Results): string {
  const systems = systemsOf(results);
  const parts: string[] = [];
  let y = 10;
  for (const [scenario, perSystem] of Object.entries(results)) {
    const medians = (figure: keyof Figures): (readonly [string, number])[] => systems.flatMap((system) => {
      const values = (perSystem[system] ?? []).flatMap((figures) => figures[figure] ?? []);
      return values.length === 0 ? [] : [[system, median(values)] as const];
    });
    const groups = [SPEED, COST].map((panels) => panels.find(({ figure }) => medians(figure).length > 0));
    y += LINE;
    groups.forEach((panel, column) => {
      if (panel === undefined) return;
      const x = 10 + column * 450;
      const rows = medians(panel.figure);
      const most = Math.max(...rows.map(([, value]) => value));
      parts.push(text(x, y, `${scenario}: ${panel.title}`, 'font-weight="bold"'));
      rows.forEach(([system, value], i) => {
        const top = y + 8 + i * LINE;
        const width = Math.max(1, value / most * 280);
        const shown = value.toLocaleString('en', { minimumFractionDigits: panel.decimals, maximumFractionDigits: panel.decimals });
        parts.push(text(x, top + 12, system));
        parts.push(`<rect x="${x + 70}" y="${top}" width="${width.toFixed(1)}" height="${LINE - 4}" fill="${colourOf(systems, system)}"/>`);
        parts.push(text(x + 76 + width, top + 12, shown));
      });
    });
    y += 16 + LINE * Math.max(...groups.map((panel) => (panel === undefined ? 0 : medians(panel.figure).length)));
  }
  return svg(900, y + 10, parts);
}

/** Of one curve for each system. */
export interface Curves {
  readonly title: string;
  readonly unit: string;
  /** x and y of its points, by system. */
  readonly points: Readonly<Record<string, readonly (readonly [number, number])[]>>;
}

const CHART = { width: 430, height: 300, left: 50, top: 40 };

/** Curves side by side; both axes logarithmic: what grows straight with the work is a straight line. */
export function curves(charts: readonly Curves[]): string {
  const systems = [...new Set(charts.flatMap(({ points }) => Object.keys(points)))];
  const legend = systems.flatMap((system, i) => [
    `<rect x="${60 + i * 90}" y="${CHART.height + 80}" width="12" height="12" fill="${colourOf(systems, system)}"/>`,
    text(78 + i * 90, CHART.height + 91, system),
  ]);
  const parts = charts.flatMap((chart, i) => `<g transform="translate(${i * (CHART.width + 20)} 0)">${drawChart(chart, systems).join('')}</g>`);
  return svg(charts.length * (CHART.width + 20), CHART.height + 105, [...parts, ...legend]);
}

function drawChart({ title, unit, points }: Curves, systems: readonly string[]): string[] {
  const all = Object.values(points).flat();
  const x = axis(all.map(([value]) => value), CHART.left, CHART.width - 20);
  const y = axis(all.map(([, value]) => value), CHART.top + CHART.height, CHART.top);
  const grid = [
    ...y.ticks.map((tick) => `<line x1="${CHART.left}" x2="${CHART.width - 20}" y1="${y.at(tick)}" y2="${y.at(tick)}" stroke="#dee2e6"/>` +
      text(CHART.left - 6, y.at(tick) + 4, String(tick), 'text-anchor="end"')),
    ...[...new Set(all.map(([value]) => value))].map((value) =>
      text(x.at(value), CHART.top + CHART.height + 18, value.toLocaleString('en'), 'text-anchor="middle"')),
  ];
  const drawn = Object.entries(points).map(([system, line]) => {
    const colour = colourOf(systems, system);
    const path = line.map(([px, py]) => `${x.at(px).toFixed(1)},${y.at(py).toFixed(1)}`);
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>` +
      line.map(([px, py]) => `<circle cx="${x.at(px).toFixed(1)}" cy="${y.at(py).toFixed(1)}" r="3" fill="${colour}"><title>${system}: ${py}</title></circle>`).join('');
  });
  return [text(CHART.left, 20, title, 'font-weight="bold"'), ...grid, text(CHART.width / 2, CHART.top + CHART.height + 34, unit), ...drawn];
}

interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Logarithmic, from the 1-2-5 step below all values to the one above. */
function axis(values: readonly number[], from: number, to: number): Axis {
  const steps = Array.from({ length: 36 }, (_, i) => Number(`${[1, 2, 5][i % 3]}e${Math.floor(i / 3) - 4}`));
  const low = steps.findLast((step) => step <= Math.min(...values)) ?? 1e-4;
  const high = steps.find((step) => step >= Math.max(...values) && step > low) ?? 5e7;
  const at = (value: number): number => from + (to - from) * Math.log(value / low) / Math.log(high / low);
  return { at, ticks: steps.filter((step) => step >= low && step <= high) };
}

function colourOf(systems: readonly string[], system: string): string {
  return COLOURS[systems.indexOf(system) % COLOURS.length] as string;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped}</text>`;
}

function svg(width: number, height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${FONT}>
<rect width="100%" height="100%" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}
