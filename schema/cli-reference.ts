/** The reference of the command line, made of the table of commands, in both languages. */
import { COMMON_OPTIONS, type Command, type CommandOption } from '../src/cli/command.ts';
import { commands, PROGRAM } from '../src/cli/commands.ts';
import { optionMeaning, optionTerm, paragraphs, usageLine } from '../src/cli/help.ts';
import type { Wording } from './chinese.ts';

const BEGIN = '<!-- commands:begin -->';
const END = '<!-- commands:end -->';

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[], say: Wording): string[] {
  return rows.length === 0 ? [] : ['', row(head.map(say)), row(head.map(() => '---')), ...rows.map(([term = '', meaning = '']) => row([term, say(meaning)]))];
}

function optionRows(options: Readonly<Record<string, CommandOption>>): string[][] {
  return Object.entries(options).map(([name, option]) => [`\`${optionTerm(name, option)}\``, optionMeaning(option)]);
}

function renderCommand(command: Command, say: Wording): string[] {
  const { name, summary, details = [], positionals = [], options, exits, examples = [] } = command;
  return [
    `## ${name}`, '',
    say(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`), '',
    '```text', usageLine(command), ...examples.map((example) => `${PROGRAM} ${name} ${example}`.trimEnd()), '```',
    ...paragraphs(details).flatMap((text) => text.startsWith('  ') ? ['', `    ${text.trim()}`] : ['', say(text)]),
    ...table(['argument', 'meaning'], positionals.map(({ name: word, help }) => [`\`${word}\``, help]), say),
    ...table(['option', 'meaning'], optionRows(options), say),
    ...table(['exit code', 'when'], Object.entries(exits), say),
    '',
  ];
}

/** The page with what is between its markers renewed. */
export function renderReference(page: string, say: Wording): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) return page;
  const common = [say('Every command has these, too:'), ...table(['option', 'meaning'], optionRows(COMMON_OPTIONS), say), ''];
  const text = [...common, ...commands.flatMap((command) => renderCommand(command, say))].join('\n');
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n${page.slice(end)}`;
}
