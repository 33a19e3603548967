/** The help, and what is said about a wrong usage: all of it made of the table. */
import { COMMON_OPTIONS, type Command, type CommandOption, type UsageError } from './command.ts';
import { commands, PROGRAM } from './commands.ts';
import type { Output } from './output.ts';

type Paint = Output['paint'];
type Row = readonly [term: string, meaning: string];

const EXITS: readonly Row[] = [
  ['0', 'done, nothing found'],
  ['1', 'failed, or something was found'],
  ['2', 'wrong usage, or the options are refused'],
];

/** Of the help, where the terminal is wider. */
const MAX_COLUMNS = 100;
/** Longer terms stand on a line of their own. */
const MAX_TERM = 24;

export function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

function section(title: string, rows: readonly Row[], paint: Paint, columns: number): string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([term]) => term.length).filter((length) => length <= MAX_TERM), 1);
  const lines = rows.flatMap(([term, meaning]) => {
    const [first = '', ...more] = wrap(meaning, Math.max(24, columns - width - 4));
    const indent = ' '.repeat(width + 4);
    const head = paint('cyan', term);
    const start = term.length > width ? [`  ${head}`, `${indent}${first}`] : [`  ${head}${' '.repeat(width - term.length)}  ${first}`];
    return [...start, ...more.map((line) => indent + line)];
  });
  return ['', paint('bold', title), ...lines];
}

/** `-f, --follow`, `--socket PATH` */
export function optionTerm(name: string, option: CommandOption): string {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  return `${short}--${name}${option.type === 'string' ? ` ${option.value}` : ''}`;
}

/** What an option means, with its default and values. */
export function optionMeaning(option: CommandOption): string {
  if (option.type === 'boolean') return option.help;
  const choices = option.choices === undefined ? [] : [option.choices.join(', ')];
  const several = option.multiple === true ? ['may be repeated'] : [];
  const fallback = option.default === undefined ? [] : [`default ${option.default}`];
  const remarks = [...choices, ...several, ...fallback];
  return remarks.length === 0 ? option.help : `${option.help} (${remarks.join('; ')})`;
}

export function usageLine({ name, options, positionals = [] }: Command): string {
  const own = Object.keys(options).length === 0 ? [] : ['[OPTIONS]'];
  const words = positionals.map(({ name: word, isRequired }) => isRequired ? word : `[${word}]`);
  return [PROGRAM, name, ...own, ...words].join(' ');
}

/** Lines that follow each other are one text, but for those that are indented: they are to be copied. */
export function paragraphs(lines: readonly string[]): readonly string[] {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    if (last === undefined || line.startsWith('  ') || last.startsWith('  ')) texts.push(line);
    else texts[texts.length - 1] = `${last} ${line}`;
  }
  return texts;
}

function renderCommand(command: Command, paint: Paint, columns: number): string {
  const { summary, details = [], positionals = [], options, exits, examples = [] } = command;
  return [
    `${paint('bold', 'usage:')} ${usageLine(command)}`,
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    ...paragraphs(details).flatMap((text) => text.startsWith('  ') ? [text] : wrap(text, columns)),
    ...section('arguments', positionals.map(({ name, help }) => [name, help]), paint, columns),
    ...section('options', Object.entries({ ...options, ...COMMON_OPTIONS }).map(([name, option]) => [optionTerm(name, option), optionMeaning(option)]), paint, columns),
    ...section('exit codes', Object.entries(exits), paint, columns),
    ...(examples.length === 0 ? [] : ['', paint('bold', 'examples'), ...examples.map((example) => `  ${PROGRAM} ${command.name} ${example}`)]),
    '',
  ].join('\n');
}

function renderProgram(paint: Paint, columns: number): string {
  return [
    `${paint('bold', 'usage:')} ${PROGRAM} COMMAND [ARGUMENTS]`,
    '',
    'Docker logging driver that publishes the output of containers to NATS.',
    ...section('commands', commands.map(({ name, summary }) => [name, summary]), paint, columns),
    ...section('options', [['--version, -V', 'show the version'], ['--help, -h', 'show this text; after a command: its help']], paint, columns),
    ...section('exit codes', EXITS, paint, columns),
    '',
    'The environment sets the defaults of all options: NATS_SERVERS=… is the option nats-servers.',
    '',
  ].join('\n');
}

/** The help of a command, or of the program. Returns the exit code. */
export function writeHelp(output: Output, command: Command | undefined): number {
  const columns = Math.min(output.columns, MAX_COLUMNS);
  output.write(command === undefined ? renderProgram(output.paint, columns) : renderCommand(command, output.paint, columns));
  return 0;
}

export async function writeVersion(output: Output): Promise<number> {
  const { default: { version } } = await import('../../package.json', { with: { type: 'json' } });
  output.write(`${PROGRAM} ${version}\n`);
  return 0;
}

/** Returns the exit code. */
export async function writeUsageError(output: Output, error: UsageError, command: Command | undefined): Promise<number> {
  const { nearest } = await import('../options/nearest.ts');
  const meant = error.wrong === undefined ? undefined : nearest(error.wrong, error.known);
  const where = command === undefined ? PROGRAM : `${PROGRAM} ${command.name}`;
  output.writeError(`${output.paintError('red', `${where}: ${error.message}`)}${meant === undefined ? '' : `, did you mean ${meant}?`}\n`);
  output.writeError(command === undefined ? `see: ${PROGRAM} --help\n` : `usage: ${usageLine(command)}\nsee: ${where} --help\n`);
  return 2;
}
