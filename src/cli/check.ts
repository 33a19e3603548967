/** `nats-log-driver check`: a YAML file judged as the driver would, and by what containers would meet. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseTemplate } from '../docker/template/template.ts';
import { parseYaml } from '../options/document.ts';
import type { Layer, LayerValue } from '../options/layers.ts';
import { showValue } from '../options/mask.ts';
import { describeProblem, OptionError, quote, type Problem } from '../options/option-error.ts';
import { FileFault, readSmallFile } from '../core/read-file.ts';
import { settingsOf, type Settings } from '../options/resolve.ts';
import { environmentName, optionSchemas } from '../options/schema.ts';
import { environmentLayer } from '../options/sources.ts';
import { DEFAULT_FILES } from '../options/yaml-file.ts';
import { planSession } from '../plan.ts';
import { allLayers, ruleFaults, settingsUnder } from './check-rules.ts';
import type { Output, Style } from './output.ts';
import { SAMPLE_INFO } from './sample.ts';

export interface CheckArguments { readonly strict: boolean; readonly json: boolean }

type Severity = 'error' | 'warning' | 'note';

export interface Remark {
  readonly severity: Severity;
  /** `/etc/x.yaml:12:3`, or the file alone. */
  readonly place: string;
  readonly text: string;
}

const STYLES: Readonly<Record<Severity, Style>> = { error: 'red', warning: 'yellow', note: 'dim' };
const MAX_FILE_BYTES = 1024 * 1024;
const STANDARD_INPUT = 0;

/** Options that do nothing unless another one has a value. */
const DEPENDENT: ReadonlyMap<string, readonly [option: string, value: string]> = new Map([
  ['nats-stream', ['nats-transport', 'jetstream']],
  ['nats-stream-create', ['nats-transport', 'jetstream']],
  ['nats-stream-subjects', ['nats-transport', 'jetstream']],
  ['nats-block-timeout', ['nats-overflow', 'block']],
  ['nats-buffer-disk-size', ['nats-buffer', 'disk']],
  ['nats-buffer-sync', ['nats-buffer', 'disk']],
]);

/** Returns the exit code. */
export async function check({ strict, json }: CheckArguments, [named]: readonly string[], env: NodeJS.ProcessEnv, output: Output): Promise<number> {
  const file = named ?? fileInForce(env);
  const remarks = file === undefined
    ? [{ severity: 'error', place: DEFAULT_FILES.join(', '), text: 'there is no such file, and none was named' } as const]
    : judge(file, env).remarks;
  const count = (severity: Severity): number => remarks.filter((remark) => remark.severity === severity).length;
  const isGood = count('error') === 0 && !(strict && count('warning') > 0);
  if (json) {
    output.write(`${JSON.stringify({ file: file ?? null, ok: isGood, remarks }, null, 2)}\n`);
  } else {
    output.write(showRemarks(remarks, output));
    output.write(`${output.paint(isGood ? 'green' : 'red', isGood ? 'good' : 'not good')}: ${amount(count('error'), 'error')}, ${amount(count('warning'), 'warning')}\n`);
  }
  return isGood ? 0 : 1;
}

/** One line each. */
export function showRemarks(remarks: readonly Remark[], output: Output): string {
  return remarks.map(({ severity, place, text }) => `${output.paint('bold', place)}: ${output.paint(STYLES[severity], `${severity}:`)} ${text}\n`).join('');
}

function amount(count: number, what: string): string {
  return `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`;
}

function fileInForce(env: NodeJS.ProcessEnv): string | undefined {
  const named = environmentLayer(env).layer.values.get('nats-config');
  return named === undefined ? DEFAULT_FILES.find((path) => existsSync(path)) : String(named.value);
}

/** A file that was read, and what is to be said of it. */
export interface Judgement {
  readonly text: string;
  readonly remarks: readonly Remark[];
}

/** `-` is standard input. */
export function judge(file: string, env: NodeJS.ProcessEnv): Judgement {
  const place = file === '-' ? '<stdin>' : file;
  let text;
  try {
    text = file === '-' ? readFileSync(STANDARD_INPUT, 'utf8') : readSmallFile(file, MAX_FILE_BYTES).toString();
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    return { text: '', remarks: [{ severity: 'error', place, text: `expected a readable file, found ${error.message}` }] };
  }
  return { text, remarks: judgeText(text, file, place, env) };
}

function judgeText(text: string, file: string, place: string, env: NodeJS.ProcessEnv): readonly Remark[] {
  const reading = parseYaml(text, place);
  const errors = reading.problems.map((problem) => remark('error', problem));
  // What is wrong is not in the layer: the rest can still be judged.
  const settings = settingsOf(reading);
  const layers = allLayers(reading.layer, reading.rules);
  return inOrder([
    ...errors,
    ...containerRemarks({ ...settings, rules: [] }, layers),
    ...reading.rules.flatMap((rule) => containerRemarks(settingsUnder(rule, settings), layers)),
    ...ruleFaults(reading.rules).map((fault): Remark => ({ severity: 'warning', ...fault })),
    ...(file === '-' ? [] : permissionRemarks(file, layers)),
    ...dependencyRemarks(reading.layer),
    ...environmentRemarks(reading.layer, env),
    ...restartRemarks(reading.layer),
  ]);
}

/** By line, each once; what concerns the whole file first. */
function inOrder(remarks: readonly Remark[]): readonly Remark[] {
  const line = ({ place }: Remark): number => Number(/:(\d+):\d+/.exec(place)?.[1] ?? 0);
  const distinct = new Map(remarks.map((remark) => [JSON.stringify(remark), remark]));
  return [...distinct.values()].toSorted((a, b) => line(a) - line(b));
}

function remark(severity: Severity, problem: Problem, suffix = ''): Remark {
  return { severity, place: problem.origin, text: describeProblem(problem) + suffix };
}

/** What a container without log-opts of its own would meet. */
function containerRemarks(settings: Settings, layers: readonly Layer[]): readonly Remark[] {
  try {
    const { resolved } = planSession(settings, SAMPLE_INFO, hostname());
    return resolved.warnings.map((text) => ({ severity: 'warning', ...placed(text) }));
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return error.problems.map((problem) => {
      if (!layers.some(({ values }) => isBrokenTemplate(values.get(problem.option), problem.origin))) return remark('warning', problem, '; the sample container, without log-opts, would be refused');
      return remark('error', problem);
    });
  }
}

/** A template that no container could be given. */
function isBrokenTemplate(found: LayerValue | undefined, origin: string): boolean {
  if (found?.origin !== origin || typeof found.value !== 'string' || !found.value.includes('{{')) return false;
  try {
    parseTemplate(found.value);
    return false;
  } catch {
    return true;
  }
}

/** A warning ends with its origin. */
function placed(warning: string): { place: string; text: string } {
  const [, text = warning, place = ''] = /^(.*?) \(((?:\([^()]*\)|[^()])+)\)$/s.exec(warning) ?? [];
  return { place, text };
}

function permissionRemarks(file: string, layers: readonly Layer[]): readonly Remark[] {
  const found = layers.flatMap(({ values }) => [...values]).filter(([name, { value }]) => isSecret(name, value)).map(([name]) => name);
  const secrets = [...new Set(found)];
  const mode = statSync(file).mode & 0o777;
  if (secrets.length === 0 || (mode & 0o077) === 0) return [];
  const text = `holds secrets (${secrets.join(', ')}), and its mode ${mode.toString(8).padStart(4, '0')} lets others than its owner at it: chmod 600 ${quote(file)}`;
  return [{ severity: 'warning', place: file, text }];
}

/** A secret, or an address with one. */
function isSecret(name: string, value: LayerValue['value']): boolean {
  const schema = optionSchemas.get(name);
  return schema !== undefined && showValue(value, schema).includes('***');
}

function dependencyRemarks({ values }: Layer): readonly Remark[] {
  return [...values].flatMap(([name, { origin }]): Remark[] => {
    const [option, wanted] = DEPENDENT.get(name) ?? [];
    if (option === undefined) return [];
    const value = values.get(option)?.value ?? optionSchemas.get(option)?.default;
    return value === wanted ? [] : [{ severity: 'note', place: origin, text: `${name}: has no effect unless ${option}=${wanted}` }];
  });
}

function environmentRemarks({ values }: Layer, env: NodeJS.ProcessEnv): readonly Remark[] {
  const above = environmentLayer(env).layer.values;
  return [...values].filter(([name]) => above.has(name)).map(([name, { origin }]) =>
    ({ severity: 'warning', place: origin, text: `${name}: the plugin setting ${environmentName(name)} of this environment wins over it` }));
}

function restartRemarks({ values }: Layer): readonly Remark[] {
  return [...values].filter(([name]) => optionSchemas.get(name)?.['x-restart'] === true).map(([name, { origin }]) =>
    ({ severity: 'note', place: origin, text: `${name}: a change holds when the driver is started again` }));
}
