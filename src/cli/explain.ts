/**
 * `nats-log-driver explain`: what the driver would make of a container, without starting anything: effective options
 * with their origin, rendered tag and subject, and one message.
 */
import { hostname } from 'node:os';
import { ByteWriter } from '../core/byte-writer.ts';
import { serverName } from '../core/target.ts';
import type { LogEntry } from '../core/types.ts';
import { formatters } from '../formatters/registry.ts';
import { OptionError, quote } from '../options/option-error.ts';
import { FileFault, readSmallFile } from '../core/read-file.ts';
import { relocateTexts, type PathOf } from '../options/relocation.ts';
import type { Provenance } from '../options/resolve.ts';
import { PlanError, planSession, type Plan, type PlannedOutput } from '../plan.ts';
import type { Output } from './output.ts';
import { parseLogOpts, SAMPLE_INFO } from './sample.ts';
import { findSurroundings, type Surroundings } from './surroundings.ts';
import { align } from './table.ts';

export interface ExplainArguments {
  readonly 'log-opt': readonly string[];
  readonly info: string | undefined;
  readonly plugin: string | undefined;
  readonly json: boolean;
}

/** As much as the engine ever sends in one request, and more. */
const MAX_INFO_BYTES = 16 * 1024 * 1024;

const SAMPLE_LINE = Buffer.from('hello from a container');
const SAMPLE_ENTRY: LogEntry = {
  source: 'stdout',
  seconds: Date.UTC(2026, 2, 14, 15, 9, 26) / 1000,
  nanos: 535_897_932,
  bytes: SAMPLE_LINE,
  start: 0,
  end: SAMPLE_LINE.length,
  partial: undefined,
  offset: 0,
};

/** What is wrong with what the command was given; not a wrong usage of the command. */
class InputError extends Error {}

function readInfo(path: string): object {
  try {
    const info: unknown = JSON.parse(readSmallFile(path, MAX_INFO_BYTES).toString());
    if (typeof info === 'object' && info !== null) return info;
  } catch (error) {
    if (error instanceof FileFault) throw new InputError(`--info: expected a readable file, found ${error.message} at ${quote(path)}`);
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new InputError(`--info: expected a JSON object in ${quote(path)}`);
}

/** The container with the log-opts of the command line over its own, as if it had been started with them. */
function withLogOpts(info: object, logOpts: Readonly<Record<string, string>>, pathOf: PathOf): object {
  const own: unknown = 'Config' in info ? info.Config : undefined;
  return { ...info, Config: relocateTexts({ ...(typeof own === 'object' ? own : undefined), ...logOpts }, pathOf) };
}

function sampleMessage({ format, facts }: Plan): string {
  const out = new ByteWriter(Buffer.alloc(64 * 1024));
  formatters[format](facts).format(SAMPLE_ENTRY, out, Number.MAX_SAFE_INTEGER);
  return out.take().toString();
}

function renderJson(plan: Plan, { source }: Surroundings, warnings: readonly string[]): string {
  const { resolved, facts, subject } = plan;
  return `${JSON.stringify({
    settings_of: source,
    options: Object.fromEntries(resolved.origins),
    servers: resolved.servers.map(serverName),
    tag: facts.tag,
    subject,
    rules: plan.rules,
    outputs: plan.further.map((output) => ({
      name: output.name,
      options: Object.fromEntries(ownOptions(output, plan)),
      servers: output.resolved.servers.map(serverName),
      tag: output.facts.tag,
      subject: output.subject,
    })),
    message: JSON.parse(sampleMessage(plan)) as unknown,
    warnings,
  }, null, 2)}\n`;
}

/** What an output has otherwise than the main one. */
function ownOptions(output: PlannedOutput, main: PlannedOutput): readonly (readonly [string, Provenance])[] {
  return [...output.resolved.origins].filter(([name, { origin }]) => main.resolved.origins.get(name)?.origin !== origin);
}

/** A value may hold anything; a table has lines. */
function oneLine(value: string): string {
  return /\p{Cc}/u.test(value) ? quote(value) : value;
}

function renderText(plan: Plan, { source, shown }: Surroundings, warnings: readonly string[], paint: Output['paint']): string {
  const { resolved, facts, subject } = plan;
  const options = [...resolved.origins].map(([name, { value, origin }]) => [name, shown(oneLine(value)), origin]);
  const facets = [
    ['settings of', source],
    ['servers', resolved.servers.map(serverName).join(', ')],
    ['tag', oneLine(facts.tag)],
    ['subject', subject],
    ...plan.rules.map((rule) => ['rule', rule]),
    ...warnings.map((warning) => ['warning', shown(warning)]),
  ];
  const further = plan.further.flatMap((output) => [
    [`output ${output.name}`, `${output.subject} at ${output.resolved.servers.map(serverName).join(', ')}`],
    ...ownOptions(output, plan).map(([name, { value, origin }]) => ['', shown(`${name}=${oneLine(value)} (${origin})`)]),
  ]);
  const optionTable = align([['OPTION', 'VALUE', 'ORIGIN'], ...options], (text, row, column) => {
    if (row === 0) return paint('bold', text);
    return column === 2 ? paint('dim', text) : text;
  });
  const facetTable = align([...facets, ...further], (text, row, column) => column > 0 ? text : paint(facets[row]?.[0] === 'warning' ? 'yellow' : 'cyan', text));
  return [optionTable, '', facetTable, '', sampleMessage(plan), ''].join('\n');
}

/** Returns the exit code: 0, or 2 when the options or the container are refused. */
export async function explain(values: ExplainArguments, env: NodeJS.ProcessEnv, output: Output): Promise<number> {
  const surroundings = await findSurroundings(env, values);
  const { settings, error, pathOf, shown } = surroundings;
  try {
    if (error !== undefined) throw error;
    const info = values.info === undefined ? SAMPLE_INFO : readInfo(values.info);
    const plan = planSession(settings, withLogOpts(info, parseLogOpts(values['log-opt']), pathOf), hostname());
    const warnings = [...new Set([plan, ...plan.further].flatMap(({ resolved }) => resolved.warnings))];
    warnings.unshift(...settings.warnings);
    output.write(values.json ? shown(renderJson(plan, surroundings, warnings)) : renderText(plan, surroundings, warnings, output.paint));
    return 0;
  } catch (error) {
    if (!(error instanceof OptionError || error instanceof PlanError || error instanceof InputError)) throw error;
    output.writeError(`${shown(error.message)}\n`);
    return 2;
  }
}
