/** What each shell really offers for a line that ends there. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { commands } from '../../src/cli/commands.ts';
import { runCommand } from '../support/command-run.ts';

const NAMES = commands.map(({ name }) => name);

let folder: string;
test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nld-completion-'));
  for (const [shell, file] of [['bash', 'script.bash'], ['zsh', '_nats-log-driver'], ['fish', 'fish/completions/nats-log-driver.fish']] as const) {
    mkdirSync(join(folder, 'fish/completions'), { recursive: true });
    writeFileSync(join(folder, file), (await runCommand(['completion', shell])).out);
  }
  // fish completes what it finds.
  writeFileSync(join(folder, 'nats-log-driver'), '#!/bin/sh\n');
  chmodSync(join(folder, 'nats-log-driver'), 0o755);
  writeFileSync(join(folder, 'web.json'), '{}');
});
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

type Ask = (line: string) => readonly string[];

function offers(command: string, args: readonly string[], input?: string): readonly string[] {
  const env = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, XDG_CONFIG_HOME: folder, TERM: 'xterm' };
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env, cwd: folder, ...(input === undefined ? {} : { input }) });
  if (error !== undefined) throw error;
  if (stderr !== '') throw new Error(stderr);
  return stdout.split('\n').map((line) => line.replace(/\t.*/, '').trim()).filter((line) => line !== '');
}

/** By its own function, with the words that bash makes of the line. */
const bash: Ask = (line) => offers('bash', ['--norc', '-c',
  'source script.bash; line=$1; words=${line//=/ = }; read -ra COMP_WORDS <<< "$words"; [[ $line == *[\\ =] ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); compopt() { :; }; _nats_log_driver; printf "%s\\n" "${COMPREPLY[@]}"',
  'bash', line]);

const fish: Ask = (line) => offers('fish', ['-c', 'complete -C $argv[1]', line]);

/**
 * A zsh on a terminal of its own, in which the tabulator key is pressed; `compadd` tells what it is given. The terminal may show what was typed into it: no word that is
 * waited for is among that.
 */
const ZSH = `
zmodload zsh/zpty
zpty z 'zsh -f -i'
zpty -w z "PS1=; stty -echo; fpath=($PWD \\$fpath); autoload -Uz compinit; compinit -u -d $PWD/dump"
zpty -w z '
compadd () {
  local -a found; local each
  builtin compadd -A found "$@"
  for each in $found; do print -r -- "OFF""ER $IPREFIX$each"; done
  builtin compadd "$@"
}
finish () { print FINI""SHED; exit }
bindkey "^I" complete-word
comppostfuncs=(finish)
print REA""DY'
while zpty -r z line; do [[ $line == *READY* ]] && break; done
zpty -n -w z "$1"$'\\t'
while zpty -r z line; do
  [[ $line == *"OFFER "* ]] && print -r -- \${\${line#*OFFER }%$'\\r\\n'}
  [[ $line == *FINISHED* ]] && break
done`;

const zsh: Ask = (line) => offers('zsh', ['-f', '-c', ZSH, 'zsh', line]);

const SHELLS: readonly (readonly [name: string, ask: Ask])[] = [['bash', bash], ['zsh', zsh], ['fish', fish]];

for (const [shell, ask] of SHELLS) {
  test(`${shell} completes commands, options, their values, options of the driver and files`, (t) => {
    const sorted = (line: string): string[] => [...new Set(ask(`nats-log-driver ${line}`))].sort();
    t.deepEqual(sorted('').filter((word) => !word.startsWith('-')), [...NAMES, 'help'].sort());
    t.deepEqual(sorted('--v'), ['--version']);
    t.deepEqual(sorted('exp'), ['explain']);
    t.deepEqual(sorted('help ser'), ['serve']);
    for (const { name, options } of commands) t.deepEqual(sorted(`${name} --`), [...Object.keys(options), 'color', 'help'].map((option) => `--${option}`).sort(), name);
    t.deepEqual(sorted('explain --in'), ['--info']);
    t.deepEqual(sorted('tail --s'), ['--server', '--service', '--since', '--stream']);
    t.deepEqual(sorted('tail --container status --la'), ['--last'], 'a value is no command');
    t.deepEqual(sorted('explain --log-opt nats-max'), ['nats-max-reconnect=']);
    t.deepEqual(sorted('explain --log-opt nats-user=a --log-opt nats-max'), ['nats-max-reconnect='], 'a second one');
    t.deepEqual(sorted('tail -o nats-stream-c'), ['nats-stream-create=']);
    t.deepEqual(sorted('explain --color al'), ['always']);
    t.deepEqual(sorted('explain --color=al').map((word) => word.replace('--color=', '')), ['always']);
    t.deepEqual(sorted('explain --color '), ['always', 'auto', 'never']);
    t.deepEqual(sorted('completion z'), ['zsh']);
    t.deepEqual(sorted('explain --info w'), ['web.json']);
    t.deepEqual(sorted('check w'), ['web.json']);
    t.deepEqual(sorted('tail ').filter((word) => !word.startsWith('-')), [], 'a subject is not guessed');
  });
}
