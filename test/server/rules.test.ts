/** The alert rules and the dashboard ask for metrics that exist, in words that Prometheus understands. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { parse } from 'yaml';
import { metricList, PREFIX } from '../../src/server/metric-list.ts';
import { Metrics } from '../../src/server/metrics.ts';
import { promtool, samplesOf } from '../support/promtool.ts';
import { statusOf } from '../support/status.ts';
import { withFile } from '../support/temporary-file.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const RULES = `${ROOT}config/alert-rules.yaml`;
const TESTS = `${ROOT}test/server/alert-tests.yaml`;

interface Rules { readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[] }
interface Panel { readonly title: string; readonly description?: string; readonly id: number; readonly targets?: readonly { readonly expr: string }[] }
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string | { readonly query: string } }[] };
}

const rules = (parse(readFileSync(RULES, 'utf8')) as Rules).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readFileSync(`${ROOT}config/grafana-dashboard.json`, 'utf8')) as Dashboard;
const shown = [...dashboard.panels.flatMap(({ targets = [] }) => targets), ...dashboard.annotations.list].map(({ expr }) => expr);

/** As Grafana fills them in. */
function filled(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*');
}

/** By metric: its labels, with those that Prometheus adds. */
async function knownLabels(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const own = metricList.flatMap(({ name, type, labels }): [string, string[]][] => type === 'histogram'
    ? [[`${name}_bucket`, [...labels, 'le']], [`${name}_sum`, [...labels]], [`${name}_count`, [...labels]]] : [[name, [...labels]]]);
  const others = samplesOf(await new Metrics(() => statusOf(), () => 0).text()).filter(({ name }) => !name.startsWith(PREFIX));
  return new Map([
    ...own.map(([name, labels]) => [`${PREFIX}${name}`, new Set([...labels, 'instance', 'job'])] as const),
    ...others.map(({ name, labels }) => [name, new Set([...Object.keys(labels), 'instance', 'job'])] as const),
  ]);
}

/** Metrics that an expression names, each with the labels that it is chosen by, and labels that it is grouped by. */
function namesIn(expr: string): { readonly metrics: readonly (readonly [name: string, labels: readonly string[]])[]; readonly grouped: readonly string[] } {
  const metrics = [...expr.matchAll(/\b((?:docker_nats_log|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', selector = '']) =>
    [name, [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label)] as const);
  const grouped = [...expr.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(',').map((label) => label.trim()));
  return { metrics, grouped };
}

test('Prometheus accepts the alert rules', (t) => {
  t.is(promtool(['check', 'rules', RULES]), '');
});

test('each alert fires when it should, and not before', (t) => {
  t.is(promtool(['test', 'rules', TESTS]), '');
  const tested = readFileSync(TESTS, 'utf8');
  for (const { alert } of rules) t.regex(tested, new RegExp(`alertname: ${alert}\\n\\s+eval_time: \\S+\\n\\s+exp_alerts:\\n`), `${alert} is not tested`);
});

test('Prometheus understands every expression of the dashboard', async (t) => {
  const judge = (exprs: readonly string[]): Promise<string> => {
    const groups = [{ name: 'dashboard', rules: exprs.map((expr, i) => ({ record: `panel:${i}`, expr: filled(expr) })) }];
    return withFile(JSON.stringify({ groups }), (path) => promtool(['check', 'rules', path]));
  };
  t.is(await judge(shown), '');
  t.not(await judge(['sum(']), '');
});

for (const [what, exprs] of [['alert rules', rules.map(({ expr }) => expr)], ['dashboard', shown]] as const) {
  test(`every metric in the ${what} is exported, with the labels that it is asked for`, async (t) => {
    const known = await knownLabels();
    for (const expr of exprs) {
      const { metrics, grouped } = namesIn(expr);
      t.true(metrics.length > 0, expr);
      for (const [name, labels] of metrics) {
        t.true(known.has(name), `${name} does not exist: ${expr}`);
        for (const label of labels) t.true(known.get(name)?.has(label), `${name} has no label ${label}: ${expr}`);
      }
      for (const label of grouped) t.true(metrics.some(([name]) => known.get(name)?.has(label)), `no metric has the label ${label}: ${expr}`);
    }
  });
}

test('the dashboard chooses hosts by a metric that each of them has', (t) => {
  const { query } = dashboard.templating.list.find(({ name }) => name === 'instance') ?? { query: '' };
  t.is(typeof query === 'string' ? query : query.query, 'label_values(docker_nats_log_build_info, instance)');
});

test('each panel has a number of its own, and all but the headings say what they show', (t) => {
  t.is(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  for (const { title, targets, description = '' } of dashboard.panels) if (targets !== undefined) t.regex(description, /\.$/, title);
});
