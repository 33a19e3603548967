/** What all commands have in common: help, wrong usage, colours. */
import { spawnSync } from 'node:child_process';
import test from 'ava';
import manifest from '../../package.json' with { type: 'json' };
import { commands } from '../../src/cli/commands.ts';
import { optionTerm } from '../../src/cli/help.ts';
import { runCommand } from '../support/command-run.ts';
import { MAIN } from '../support/program.ts';

test('the help lists every command with its summary, and the exit codes', async (t) => {
  const { code, out, err } = await runCommand(['--help']);
  t.is(code, 0);
  t.is(err, '');
  for (const { name, summary } of commands) t.true(out.replaceAll(/\s+/g, ' ').includes(`${name} ${summary}`), `${name}: ${out}`);
  t.regex(out, /^ {2}0 {2}done/m);
  t.regex(out, /^ {2}2 {2}wrong usage/m);
  t.deepEqual(await runCommand(['help']), { code, out, err });
  t.deepEqual(await runCommand(['-h']), { code, out, err });
});

for (const command of commands) {
  test(`the help of ${command.name} shows its options, arguments and exit codes`, async (t) => {
    const { code, out, err } = await runCommand([command.name, '--help']);
    t.is(code, 0);
    t.is(err, '');
    for (const [name, option] of Object.entries(command.options)) t.true(out.includes(`  ${optionTerm(name, option)}`), `${name}: ${out}`);
    for (const { name } of command.positionals ?? []) t.true(out.includes(`  ${name}`), out);
    for (const [exit, meaning] of Object.entries(command.exits)) t.true(out.replaceAll(/\s+/g, ' ').includes(`${exit} ${meaning}`), out);
    t.true(out.split('\n').every((line) => line.length <= 120), 'lines fit a screen');
    t.is((await runCommand(['help', command.name])).out, out);
  });

  test(`${command.name} refuses an option that it does not know`, async (t) => {
    const { code, out, err } = await runCommand([command.name, '--nonsense']);
    t.is(code, 2);
    t.is(out, '');
    t.regex(err, new RegExp(`^nats-log-driver ${command.name}: unknown option --nonsense\nusage: nats-log-driver ${command.name}`));
  });
}

test('an option stands behind its command in any order, and help wins over mistakes', async (t) => {
  t.is((await runCommand(['explain', '--nonsense', '--help'])).code, 0);
  t.is((await runCommand(['explain', '--json', '--log-opt=tag=x'])).code, 0);
});

const mistakes: readonly (readonly [args: readonly string[], words: string])[] = [
  [[], 'nats-log-driver: a command is missing'],
  [['explian'], 'nats-log-driver: unknown command explian, did you mean explain?'],
  [['help', 'serv'], 'nats-log-driver: unknown command serv, did you mean serve?'],
  [['--versoin'], 'nats-log-driver: unknown option --versoin, did you mean --version?'],
  [['explain', '--jsno'], 'nats-log-driver explain: unknown option --jsno, did you mean --json?'],
  [['explain', '--info'], 'nats-log-driver explain: --info needs a value: --info FILE'],
  [['explain', '--info', '--json'], 'nats-log-driver explain: --info needs a value: --info FILE'],
  [['explain', '--json=yes'], 'nats-log-driver explain: --json takes no value'],
  [['explain', 'web'], 'nats-log-driver explain: unexpected argument "web"'],
  [['explain', '--color', 'alway'], 'nats-log-driver explain: --color: expected auto, always, never, got "alway", did you mean always?'],
  [['completion'], 'nats-log-driver completion: SHELL is missing'],
  [['completion', 'tcsh'], 'nats-log-driver completion: SHELL: expected bash, zsh, fish, got "tcsh"'],
];

for (const [args, words] of mistakes) {
  test(`the wrong usage "${args.join(' ')}" is told with what was meant`, async (t) => {
    const { code, out, err } = await runCommand(args);
    t.is(code, 2);
    t.is(out, '');
    t.is(err.split('\n')[0], words);
    t.regex(err, /^see: nats-log-driver .*--help$/m);
  });
}

test('the version is that of the package', async (t) => {
  t.deepEqual(await runCommand(['--version']), { code: 0, out: `nats-log-driver ${manifest.version}\n`, err: '' });
});

/** On a terminal: `script` makes one. */
function onTerminal(args: string, env: NodeJS.ProcessEnv = {}): string {
  const { stdout } = spawnSync('script', ['-qec', `${process.execPath} ${MAIN} ${args}`, '/dev/null'], {
    encoding: 'utf8', env: { PATH: process.env['PATH'], TERM: 'xterm', ...env },
  });
  return stdout;
}

function off(args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } }).stdout;
}

test('colours are for terminals, unless NO_COLOR or --color says otherwise', (t) => {
  t.regex(onTerminal('explain'), /\u001b\[1mOPTION/);
  t.notRegex(onTerminal('explain', { NO_COLOR: '1' }), /\u001b/);
  t.notRegex(onTerminal('explain --color=never'), /\u001b/);
  t.notRegex(off(['explain']), /\u001b/);
  t.regex(off(['explain', '--color=always'], { NO_COLOR: '1' }), /\u001b\[1mOPTION/);
});

test('a reader that goes away ends a command quietly', (t) => {
  const { stderr, status } = spawnSync('bash', ['--norc', '-c', `set -o pipefail; { sleep 0.2; ${process.execPath} ${MAIN} --help; } | true`], {
    encoding: 'utf8', env: { PATH: process.env['PATH'] },
  });
  t.is(stderr, '');
  t.is(status, 0);
});
