/**
 * What a command is: one entry of the table from which parsing, help, completion and the reference are made. Entries
 * are small and import nothing: what a command does is loaded when it runs.
 */
import { parseArgs } from 'node:util';
import { isColor, type Output } from './output.ts';

/** What a shell offers for a value: files, options of the driver as `name=`, or these words. */
export type Completion = 'file' | 'option' | readonly string[];

interface Described {
  readonly help: string;
  readonly complete?: Completion;
}

export interface Flag extends Described {
  readonly type: 'boolean';
  readonly short?: string;
}

export interface ValueOption extends Described {
  readonly type: 'string';
  readonly short?: string;
  /** Stands for the value in the help: `PATH`, `K=V`. */
  readonly value: string;
  readonly default?: string;
  /** May be given several times. */
  readonly multiple?: true;
  /** The only values that are taken. */
  readonly choices?: readonly string[];
}

export type CommandOption = Flag | ValueOption;
export type CommandOptions = Readonly<Record<string, CommandOption>>;

export interface Positional extends Described {
  readonly name: string;
  readonly isRequired: boolean;
  readonly choices?: readonly string[];
}

type Given<O extends CommandOption> = O extends Flag ? boolean
  : O extends { readonly multiple: true } ? readonly string[]
  : O extends { readonly default: string } ? string : string | undefined;

export type Values<O extends CommandOptions> = { readonly [K in keyof O]: Given<O[K]> };

export interface Context {
  readonly env: NodeJS.ProcessEnv;
  /** Made when it is first asked for: `serve` writes its log itself. */
  readonly output: Output;
}

/** By exit code, in words that follow it. */
export type ExitCodes = Readonly<Record<number, string>>;

interface Outline {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What else there is to know. Indented lines are to be copied, and stay as they are. */
  readonly details?: readonly string[];
  readonly positionals?: readonly Positional[];
  readonly exits: ExitCodes;
  /** Arguments of the command. */
  readonly examples?: readonly string[];
}

interface CommandSpec<O extends CommandOptions> extends Outline {
  readonly options: O;
  readonly run: (values: Values<O>, positionals: readonly string[], context: Context) => Promise<number>;
}

export interface Command extends Outline {
  readonly options: CommandOptions;
  /** Resolves with the exit code; rejects with UsageError. */
  readonly run: (args: readonly string[], env: NodeJS.ProcessEnv, open: OpenOutput) => Promise<number>;
}

/** Makes the output when the wish for colours is known. */
export type OpenOutput = (color: 'auto' | 'always' | 'never') => Output;

/** The command was called in a way that it does not understand. */
export class UsageError extends Error {
  /** The words that were perhaps meant. */
  readonly wrong: string | undefined;
  readonly known: readonly string[];

  constructor(message: string, wrong?: string, known: readonly string[] = []) {
    super(message);
    this.wrong = wrong;
    this.known = known;
  }
}

/** Somebody asked for the help of the command. */
export class HelpWanted extends Error {}

/** Options that every command has. */
export const COMMON_OPTIONS = {
  color: { type: 'string', value: 'WHEN', default: 'auto', choices: ['auto', 'always', 'never'], help: 'colours: auto is on a terminal, unless NO_COLOR is set' },
  help: { type: 'boolean', short: 'h', help: 'show this text' },
} as const satisfies CommandOptions;

export function defineCommand<const O extends CommandOptions>(spec: CommandSpec<O>): Command {
  return {
    ...spec,
    async run(args, env, open) {
      const { values, positionals } = parse(spec, args);
      const color = values['color'];
      // The values are what the options say: `parse` has made sure of it.
      return await spec.run(values as Values<O>, positionals, { env, get output() { return open(isColor(color) ? color : 'auto'); } });
    },
  };
}

type Parsed = { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] };

function parse({ options: own, positionals: wanted = [] }: Outline & { options: CommandOptions }, args: readonly string[]): Parsed {
  const options: CommandOptions = { ...own, ...COMMON_OPTIONS };
  const { values, positionals, tokens } = parseArgs({
    args: [...args], strict: false, tokens: true, allowPositionals: true,
    options: Object.fromEntries(Object.entries(options).map(([name, option]) => [name, toParser(option)])),
  });
  if (values['help'] === true) throw new HelpWanted();
  for (const token of tokens) if (token.kind === 'option') checkOption(token, options);
  checkPositionals(positionals, wanted);
  return { values: { ...values }, positionals };
}

function toParser(option: CommandOption): { type: 'boolean' | 'string'; short?: string; multiple?: boolean; default?: string | boolean | string[] } {
  const short = option.short === undefined ? {} : { short: option.short };
  if (option.type === 'boolean') return { type: 'boolean', default: false, ...short };
  if (option.multiple === true) return { type: 'string', multiple: true, default: [], ...short };
  return { type: 'string', ...short, ...(option.default === undefined ? {} : { default: option.default }) };
}

interface OptionToken { readonly name: string; readonly rawName: string; readonly value?: string | undefined; readonly inlineValue?: boolean | undefined }

function checkOption({ name, rawName, value, inlineValue }: OptionToken, options: CommandOptions): void {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) throw new UsageError(`unknown option ${rawName}`, rawName, Object.keys(options).map((each) => `--${each}`));
  if (option.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
    return;
  }
  // What looks like an option is one, unless it is written behind `=`.
  if (value === undefined || (inlineValue !== true && /^-./.test(value))) throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`);
  checkChoice(rawName, value, option.choices);
}

function checkPositionals(given: readonly string[], wanted: readonly Positional[]): void {
  const missing = wanted[given.length];
  if (missing?.isRequired === true) throw new UsageError(`${missing.name} is missing`);
  const extra = given[wanted.length];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`);
  given.forEach((value, index) => checkChoice(wanted[index]?.name ?? '', value, wanted[index]?.choices));
}

function checkChoice(name: string, value: string, choices: readonly string[] | undefined): void {
  if (choices === undefined || choices.includes(value)) return;
  throw new UsageError(`${name}: expected ${choices.join(', ')}, got ${JSON.stringify(value)}`, value, choices);
}
