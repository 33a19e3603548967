import test from 'ava';
import { expectedMessage, infoOf, numberedLine } from '../bench/line.ts';
import { readPlan } from '../bench/plan.ts';
import { bars, curves } from '../bench/plot.ts';
import { add, type Results } from '../bench/results.ts';
import { quantile } from '../bench/statistics.ts';
import { table } from '../bench/table.ts';

function results(): Results {
  const all: Results = {};
  for (const pluginMicros of [1, 3, 2]) add(all, '1x150', 'ours', { linesPerSecond: pluginMicros * 100_000, pluginMicros });
  add(all, '1x150', 'c', { linesPerSecond: 400_000, pluginMicros: 0.5, messageBytes: 477 });
  return all;
}

test('the table of the bench has the median of all rounds, their span, and how the driver compares', (t) => {
  t.is(table(results()), [
    '| scenario | figure | ours | c | ours/c |',
    '|---|---|---:|---:|---:|',
    '| 1x150 | lines/s | 200,000 (100,000..300,000) | 400,000 | 0.50 |',
    '| 1x150 | driver CPU µs/line | 2.00 (1.00..3.00) | 0.50 | 4.00 |',
    '| 1x150 | bytes per message |  | 477 |  |',
  ].join('\n'));
});

test('a quantile is one of the values', (t) => {
  const values = [5, 1, 4, 2, 3];
  t.deepEqual([0, 0.5, 0.99, 1].map((share) => quantile(values, share)), [1, 3, 5, 5]);
});

test('the picture of the bench shows the median of each system, the longest bar for the largest', (t) => {
  const picture = bars(results());
  t.regex(picture, />200,000</);
  t.regex(picture, />400,000</);
  t.deepEqual([...picture.matchAll(/<rect x="80".*?width="([\d.]+)"/g)].map(([, width]) => Number(width)), [140, 280]);
});

test('what costs twice as much with twice the bytes is a straight line in the picture of the cost', (t) => {
  const picture = curves([{ title: 'cost', unit: 'bytes', points: { ours: [[10, 1], [100, 10], [1000, 100]] } }]);
  const points = /points="([^"]*)"/.exec(picture)?.[1]?.split(' ').map((point) => point.split(',').map(Number)) ?? [];
  const [[x0 = 0, y0 = 0] = [], [x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = []] = points;
  t.true(Math.abs((y1 - y0) / (x1 - x0) - (y2 - y1) / (x2 - x1)) < 0.01, picture);
});

test('a scenario, a system or a number that cannot be is refused with what was wanted', (t) => {
  t.throws(() => readPlan(['--scenario', '2x150']), { message: /--scenario: expected some of 1x150, .*, got 2x150/ });
  t.throws(() => readPlan(['--system', 'rust']), { message: '--system: expected some of ours, memory, 2-workers, 4-workers, go, c, plain, got rust' });
  t.throws(() => readPlan(['--rounds', '0']), { message: '--rounds: expected a whole number above 0, got 0' });
  t.throws(() => readPlan(['--max-load', 'none']), { message: '--max-load: expected a number of cores, got none' });
});

test('a tenth of the lines of each container in a quick bench', (t) => {
  const { scenarios, rounds } = readPlan(['--quick', '--scenario', '8x150,paced']);
  t.is(rounds, 1);
  t.deepEqual(scenarios.map(({ load }) => load.linesEach), [12_500, 2_000]);
});

test('lines of the bench keep their length, whatever their number', (t) => {
  t.is(numberedLine(50, 0), 'n=000000000 t=000000000000000 10.4.7.19 - - "GET /');
  t.is(numberedLine(50, 123_456), 'n=000123456 t=000000000000000 10.4.7.19 - - "GET /');
  t.is((JSON.parse(expectedMessage(infoOf(3), 50)) as { text: string }).text, numberedLine(50, 0));
});
