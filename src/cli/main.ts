/** From arguments to a command. Exit codes of all commands: 0 done, 1 failed or something found, 2 wrong usage or refused options. */
import { HelpWanted, UsageError, type OpenOutput } from './command.ts';
import { commands } from './commands.ts';
import { processOutput } from './output.ts';

/** Resolves with the exit code. */
export async function main(args: readonly string[], env: NodeJS.ProcessEnv, open: OpenOutput = (color) => processOutput(color, env)): Promise<number> {
  const [name, ...rest] = args;
  const command = commands.find((each) => each.name === name);
  try {
    if (command !== undefined) return await command.run(rest, env, open);
    return await general(name, rest, open);
  } catch (error) {
    const { writeUsageError, writeHelp } = await import('./help.ts');
    if (error instanceof HelpWanted) return writeHelp(open('auto'), command);
    if (!(error instanceof UsageError)) throw error;
    return await writeUsageError(open('auto'), error, command);
  }
}

/** What is asked of the program and not of a command. */
async function general(name: string | undefined, rest: readonly string[], open: OpenOutput): Promise<number> {
  const { writeHelp, writeVersion } = await import('./help.ts');
  if (name === '--version' || name === '-V') return await writeVersion(open('auto'));
  if (name === '--help' || name === '-h' || name === 'help') {
    const [topic] = rest;
    const command = commands.find((each) => each.name === topic);
    if (topic === undefined || command !== undefined) return writeHelp(open('auto'), command);
    throw unknown(topic);
  }
  if (name === undefined) throw new UsageError('a command is missing');
  throw unknown(name);
}

function unknown(name: string): UsageError {
  const known = name.startsWith('-') ? ['--help', '--version'] : [...commands.map((each) => each.name), 'help'];
  return new UsageError(`unknown ${name.startsWith('-') ? 'option' : 'command'} ${name}`, name, known);
}

