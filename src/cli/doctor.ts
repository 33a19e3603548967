/** `nats-log-driver doctor`: the way of a line, step by step, and what to do where it ends. */
import { checkEngine } from './doctor/engine.ts';
import { checkConfiguration, type Way } from './doctor/configuration.ts';
import type { Finding, Part, Result } from './doctor/finding.ts';
import { checkHost } from './doctor/host.ts';
import { checkNats } from './doctor/nats.ts';
import type { Output, Style } from './output.ts';
import { printable } from './printable.ts';
import { findSurroundings } from './surroundings.ts';

export interface DoctorArguments {
  readonly 'log-opt': readonly string[];
  readonly publish: boolean;
  readonly plugin: string | undefined;
  readonly socket: string | undefined;
  readonly state: string;
  readonly json: boolean;
}

const MARKS: Readonly<Record<Result, readonly [mark: string, style: Style]>> = {
  ok: ['✔', 'green'], warning: ['!', 'yellow'], failed: ['✘', 'red'], skipped: ['-', 'dim'],
};
/** Of the names of checks. */
const NAME_WIDTH = 20;

/** Returns the exit code. */
export async function doctor({ 'log-opt': logOpts, publish, plugin: named, socket, state, json }: DoctorArguments, env: NodeJS.ProcessEnv, output: Output): Promise<number> {
  const surroundings = await findSurroundings(env, { plugin: named, state });
  const { settings, plugin, pathOf, shown } = surroundings;
  const { ways, findings } = checkConfiguration(surroundings, logOpts);
  const parts: readonly Part[] = [
    { title: 'configuration', findings: (async function* () { yield* findings; })() },
    ...byTarget(ways).map((some): Part => ({ title: titleOf(some), findings: checkNats(some, publish) })),
    { title: 'Docker Engine', findings: checkEngine(env, socket, plugin) },
    { title: 'host', findings: checkHost(pathOf(state), settings.options) },
  ];
  const all: ({ readonly part: string } & Finding)[] = [];
  for (const { title, findings: found } of parts) {
    if (!json) output.write(`${all.length === 0 ? '' : '\n'}${output.paint('bold', title)}\n`);
    for await (const each of found) {
      const finding = { ...each, detail: shown(each.detail) };
      all.push({ part: title, ...finding });
      if (!json) output.write(render(finding, output.paint));
    }
  }
  const count = (result: Result): number => all.filter((finding) => finding.result === result).length;
  const isWell = count('failed') === 0;
  if (json) output.write(`${JSON.stringify({ ok: isWell, findings: all }, null, 2)}\n`);
  else output.write(`\n${output.paint(isWell ? 'green' : 'red', `${count('failed')} failed`)}, ${count('warning')} warnings, ${count('ok')} ok, ${count('skipped')} skipped\n`);
  return isWell ? 0 : 1;
}

/** At least one, if only to say that there is nothing. */
function byTarget(ways: readonly Way[]): readonly (readonly Way[])[] {
  return ways.length === 0 ? [[]] : [...Map.groupBy(ways, ({ output }) => JSON.stringify(output.target)).values()];
}

/** The sample container's servers come first. */
function titleOf(ways: readonly Way[]): string {
  const titles = ways.map(({ title }) => title);
  return titles.length === 0 || titles.includes('') ? 'NATS' : `NATS for ${titles.join(', ')}`;
}

function render({ check, result, detail, remedy }: Finding, paint: Output['paint']): string {
  const [mark, style] = MARKS[result];
  const indent = ' '.repeat(NAME_WIDTH + 5);
  const text = detail.split('\n').map(printable).join(`\n${indent}`);
  const advice = remedy === undefined ? '' : `${indent}${paint(style, '→')} ${remedy.split('\n').map(printable).join(`\n${indent}  `)}\n`;
  return `  ${paint(style, mark)} ${check.padEnd(NAME_WIDTH)} ${result === 'skipped' ? paint('dim', text) : text}\n${advice}`;
}
