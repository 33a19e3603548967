/** `nats-log-driver completion`: scripts for three shells, made of the table. */
import { isAllowedIn, optionSchemas } from '../options/schema.ts';
import { COMMON_OPTIONS, type Command, type CommandOption, type Completion, type Positional } from './command.ts';
import { commands, PROGRAM } from './commands.ts';
import type { Output } from './output.ts';

const RENDERERS: Readonly<Record<string, () => string>> = { bash: renderBash, zsh: renderZsh, fish: renderFish };

/** Returns the exit code. */
export async function completion(shell: string, output: Output): Promise<number> {
  output.write(RENDERERS[shell]?.() ?? '');
  return 0;
}

/** What a container may set. */
const OPTION_WORDS = [...optionSchemas].filter(([, schema]) => isAllowedIn('log-opt', schema) && schema['x-scope'] !== 'daemon').map(([name]) => `${name}=`);

const HELP = { name: 'help', summary: 'show the help of a command' };
const TOP_FLAGS = ['--help', '--version'];
const TOP_WORDS = [...commands.map(({ name }) => name), HELP.name, ...TOP_FLAGS];

function optionsOf({ options }: Command): readonly (readonly [string, CommandOption])[] {
  return Object.entries({ ...options, ...COMMON_OPTIONS });
}

/** What a shell offers for the value; undefined: nothing. */
function completionOf(given: CommandOption | Positional): Completion | undefined {
  return ('choices' in given ? given.choices : undefined) ?? given.complete;
}

function flags(name: string, { short }: CommandOption): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
}

const HEAD = `# Made by: ${PROGRAM} completion`;

function bashReply(complete: Completion | undefined): string {
  if (complete === 'file') return 'compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur"))';
  if (complete === 'option') return `compopt -o nospace; COMPREPLY=($(compgen -W '${OPTION_WORDS.join(' ')}' -- "$cur"))`;
  return complete === undefined ? ':' : `COMPREPLY=($(compgen -W '${complete.join(' ')}' -- "$cur"))`;
}

function bashCommand(command: Command): string[] {
  const options = optionsOf(command);
  const valued = options.filter(([, { type }]) => type === 'string');
  const [positional] = command.positionals ?? [];
  return [
    `    ${command.name})`,
    '      case $prev in',
    ...valued.map(([name, option]) => `        ${flags(name, option).join('|')}) ${bashReply(completionOf(option))}; return ;;`),
    '      esac',
    `      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${options.map(([name]) => `--${name}`).join(' ')}' -- "$cur"))`,
    `      else ${bashReply(positional === undefined ? undefined : completionOf(positional))}; fi ;;`,
  ];
}

function renderBash(): string {
  return [
    `${HEAD} bash`,
    '_nats_log_driver() {',
    '  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}',
    '  COMPREPLY=()',
    '  # bash takes --color=auto for three words.',
    '  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi',
    `  if ((COMP_CWORD == 1)); then COMPREPLY=($(compgen -W '${TOP_WORDS.join(' ')}' -- "$cur")); return; fi`,
    '  case ${COMP_WORDS[1]} in',
    ...commands.flatMap(bashCommand),
    `    help) COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$cur")) ;;`,
    '  esac',
    '}',
    `complete -F _nats_log_driver ${PROGRAM}`,
    '',
  ].join('\n');
}

/** Within single quotes. */
function quoted(text: string): string {
  return text.replaceAll('\'', '\'\\\'\'');
}

function zshText(text: string): string {
  return quoted(text).replace(/[[\]:]/g, '\\$&');
}

function zshAction(complete: Completion | undefined): string {
  if (complete === 'file') return '_files';
  if (complete === 'option') return `{compadd -S "" -- ${OPTION_WORDS.join(' ')}}`;
  return complete === undefined ? ' ' : `(${complete.join(' ')})`;
}

function zshCommand(command: Command): string[] {
  const options = optionsOf(command).flatMap(([name, option]) => flags(name, option).map((flag) => {
    const isRepeated = option.type === 'string' && option.multiple === true;
    const before = isRepeated ? '*' : `(${flags(name, option).join(' ')})`;
    // Behind a blank, and behind = where the name is long.
    const value = option.type === 'string' ? `:${option.value}:${zshAction(completionOf(option))}` : '';
    return `'${before}${flag}${value !== '' && flag.startsWith('--') ? '=' : ''}[${zshText(option.help)}]${value}'`;
  }));
  const positionals = (command.positionals ?? []).map((each) => `':${each.name}:${zshAction(completionOf(each))}'`);
  return [`    ${command.name}) _arguments -s ${[...options, ...positionals].join(' \\\n      ')} ;;`];
}

function renderZsh(): string {
  return [
    `#compdef ${PROGRAM}`,
    `${HEAD} zsh`,
    '_nats_log_driver() {',
    '  local -a commands',
    `  commands=(${[...commands, HELP].map(({ name, summary }) => `'${name}:${zshText(summary)}'`).join(' ')})`,
    `  if ((CURRENT == 2)); then _describe command commands; compadd -- ${TOP_FLAGS.join(' ')}; return; fi`,
    '  local command=$words[2]',
    '  shift words; ((CURRENT--))',
    '  case $command in',
    ...commands.flatMap(zshCommand),
    '    help) _describe command commands ;;',
    '  esac',
    '}',
    '_nats_log_driver "$@"',
    '',
  ].join('\n');
}

function fishArguments(complete: Completion | undefined): string {
  if (complete === 'file') return ' -F';
  if (complete === undefined) return '';
  return ` -a '${(complete === 'option' ? OPTION_WORDS : complete).join(' ')}'`;
}

function fishCommand(command: Command): string[] {
  const start = `complete -c ${PROGRAM} -n '__nats_log_driver_is ${command.name}'`;
  const options = optionsOf(command).map(([name, option]) => {
    const short = option.short === undefined ? '' : ` -s ${option.short}`;
    const complete = completionOf(option);
    const value = option.type === 'string' ? ` ${complete === 'file' ? '-r' : '-x'}${fishArguments(complete)}` : '';
    return `${start}${short} -l ${name}${value} -d '${quoted(option.help)}'`;
  });
  return [...options, ...(command.positionals ?? []).map((each) => `${start}${fishArguments(completionOf(each))}`)];
}

function renderFish(): string {
  return [
    `${HEAD} fish`,
    'function __nats_log_driver_is',
    '  set -l words (commandline -opc)',
    '  test "$words[2]" = "$argv[1]"',
    'end',
    `complete -c ${PROGRAM} -f`,
    ...[...commands, HELP].map(({ name, summary }) => `complete -c ${PROGRAM} -n '__nats_log_driver_is ""' -a ${name} -d '${quoted(summary)}'`),
    `complete -c ${PROGRAM} -n '__nats_log_driver_is ""' -l help -s h -d 'show all commands'`,
    `complete -c ${PROGRAM} -n '__nats_log_driver_is ""' -l version -s V -d 'show the version'`,
    ...commands.flatMap(fishCommand),
    `complete -c ${PROGRAM} -n '__nats_log_driver_is help' -a '${commands.map(({ name }) => name).join(' ')}'`,
    '',
  ].join('\n');
}
