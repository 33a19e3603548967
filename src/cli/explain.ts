/**
 * `nats-log-driver explain`: what the driver would make of a container, without starting anything: effective options
 * with their origin, rendered tag and subject, and one message.
 */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { ByteWriter } from '../core/byte-writer.ts';
import { serverName } from '../core/target.ts';
import type { LogEntry } from '../core/types.ts';
import { formatters } from '../formatters/registry.ts';
import { OptionError, quote } from '../options/option-error.ts';
import { FileFault, readSmallFile } from '../options/read-file.ts';
import { loadSettings } from '../options/resolve.ts';
import { PlanError, planSession, type Plan } from '../plan.ts';

/** Where the words go. */
export interface ExplainOutput {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
}

const CONSOLE: ExplainOutput = {
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
};

/** As much as the engine ever sends in one request, and more. */
const MAX_INFO_BYTES = 16 * 1024 * 1024;

const SAMPLE_INFO = {
  ContainerID: 'a7317399f3f857173c6179d44823594f8294678dea9999662e5c625b5a1c7657',
  ContainerName: '/sample',
  ContainerEntrypoint: '/bin/sh',
  ContainerArgs: ['-c', 'echo hello'],
  ContainerImageID: 'sha256:7cfbbec8963d8f13e6c70416d6592e1cc10f47a348131290a55d43c3acab3fb9',
  ContainerImageName: 'example/app:1.0',
  ContainerCreated: '2026-03-14T15:09:00Z',
  ContainerEnv: ['PATH=/usr/bin:/bin', 'APP_VERSION=1.0'],
  ContainerLabels: { 'com.docker.compose.project': 'sample', 'com.docker.compose.service': 'app' },
  DaemonName: 'docker',
};

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

/** As the engine's own command line does: split at the first `=`; without one, the value is empty. */
function parseLogOpts(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => {
    const at = text.indexOf('=');
    return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  }));
}

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
function withLogOpts(info: object, logOpts: Readonly<Record<string, string>>): object {
  const own: unknown = 'Config' in info ? info.Config : undefined;
  return { ...info, Config: { ...(typeof own === 'object' ? own : undefined), ...logOpts } };
}

function sampleMessage({ format, facts }: Plan): string {
  const out = new ByteWriter(64 * 1024);
  formatters[format](facts).format(SAMPLE_ENTRY, out, Number.MAX_SAFE_INTEGER);
  return out.take().toString();
}

function renderJson(plan: Plan, warnings: readonly string[]): string {
  const { resolved, facts, subject } = plan;
  return `${JSON.stringify({
    options: Object.fromEntries(resolved.origins),
    servers: resolved.servers.map(serverName),
    tag: facts.tag,
    subject,
    message: JSON.parse(sampleMessage(plan)) as unknown,
    warnings,
  }, null, 2)}\n`;
}

/** Columns as wide as their widest cell; the last one is not padded. */
function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}

/** A value may hold anything; a table has lines. */
function oneLine(value: string): string {
  return /\p{Cc}/u.test(value) ? quote(value) : value;
}

function renderText(plan: Plan, warnings: readonly string[]): string {
  const { resolved, facts, subject } = plan;
  const options = [...resolved.origins].map(([name, { value, origin }]) => [name, oneLine(value), origin]);
  const facets = [
    ['servers', resolved.servers.map(serverName).join(', ')],
    ['tag', oneLine(facts.tag)],
    ['subject', subject],
    ...warnings.map((warning) => ['warning', warning]),
  ];
  return [align([['OPTION', 'VALUE', 'ORIGIN'], ...options]), '', align(facets), '', sampleMessage(plan), ''].join('\n');
}

/** Returns the exit code: 0, or 2 when the options or the container are refused. Throws on a wrong usage. */
export async function explain(args: readonly string[], env: NodeJS.ProcessEnv, output: ExplainOutput = CONSOLE): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'log-opt': { type: 'string', multiple: true, default: [] },
      info: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  try {
    const settings = loadSettings(env);
    const info = values.info === undefined ? SAMPLE_INFO : readInfo(values.info);
    const plan = planSession(settings, withLogOpts(info, parseLogOpts(values['log-opt'])), hostname());
    const warnings = [...settings.warnings, ...plan.resolved.warnings];
    output.write(values.json ? renderJson(plan, warnings) : renderText(plan, warnings));
    return 0;
  } catch (error) {
    if (!(error instanceof OptionError || error instanceof PlanError || error instanceof InputError)) throw error;
    output.writeError(`${error.message}\n`);
    return 2;
  }
}
