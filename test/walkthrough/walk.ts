/**
 * A page as a script: its `sh` blocks run one after the other in one shell, a `yaml` block behind "Save this as `PATH`" becomes that file,
 * and each line of a `text` block is to be a line of what the commands before it printed, `…` standing for anything.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { ROOT } from '../support/pages.ts';

interface Step {
  readonly kind: 'heading' | 'file' | 'commands' | 'left out' | 'output';
  readonly text: string;
  /** Of a file; the reason for which commands are left out. */
  readonly about: string;
}

const PART = /^##? (?<heading>[^\n]+)$|Save this as `(?<path>[^`]+)`[^`]*?\n+```yaml\n(?<file>.*?)^```$|(?:^<!-- not run: (?<reason>.*?) -->\n)?^```sh\n(?<commands>.*?)^```$|^```text\n(?<output>.*?)^```$/gms;

export function stepsOf(page: string): readonly Step[] {
  return [...page.matchAll(PART)].map(({ groups = {} }) => {
    const { heading, path, file, reason, commands, output } = groups;
    if (heading !== undefined) return { kind: 'heading', text: heading, about: '' };
    if (file !== undefined) return { kind: 'file', text: file, about: path ?? '' };
    if (commands === undefined) return { kind: 'output', text: output ?? '', about: '' };
    return { kind: reason === undefined ? 'commands' : 'left out', text: commands, about: reason ?? '' };
  });
}

export interface WalkOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Made where a command that cannot be run speaks of a request. */
  readonly instead: () => Promise<void>;
}

/** Rejects with what was printed when a command fails, or prints something else than the page says. */
export async function walk(path: string, { env, instead }: WalkOptions): Promise<void> {
  using shell = new Shell(env);
  let printed = '';
  for (const { kind, text, about } of stepsOf(readFileSync(join(ROOT, path), 'utf8'))) {
    if (kind === 'heading') {
      console.log(`walkthrough: ${text}`);
    } else if (kind === 'file') {
      mkdirSync(dirname(about), { recursive: true });
      writeFileSync(about, text);
    } else if (kind === 'left out') {
      console.log(`  not run: ${about}`);
      if (about.includes('request')) await instead();
    } else if (kind === 'commands') {
      printed = await shell.run(text);
      console.log(printed.trimEnd().replace(/^/gm, '  '));
    } else {
      compare(text, printed);
    }
  }
}

function compare(wanted: string, printed: string): void {
  const lines = printed.split('\n');
  for (const line of wanted.split('\n').filter((each) => each !== '')) {
    const pattern = new RegExp(`^${line.split('…').map((part) => RegExp.escape(part)).join('.*')}$`);
    if (!lines.some((each) => pattern.test(each))) throw new Error(`the page says that this is printed: ${line}`);
  }
}

const DONE = 'the commands are done';

/** Reads names of files with commands. These get no input, so that none takes the next name away. */
const LOOP = `exec 2>&1 3<&0 < /dev/null; set -eo pipefail; while read -r file <&3; do . "$file"; echo '${DONE}'; done`;

/** One bash for the whole page, which ends with the first command that fails. */
class Shell {
  readonly #bash: ChildProcessByStdio<Writable, Readable, null>;
  readonly #file = join(tmpdir(), 'commands');
  #printed = '';
  #hear: () => void = () => undefined;

  constructor(env: NodeJS.ProcessEnv) {
    this.#bash = spawn('bash', ['-c', LOOP], { cwd: ROOT, env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#bash.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text;
      this.#hear();
    });
    this.#bash.on('exit', () => this.#hear());
    this.#bash.stdin.on('error', () => undefined);
  }

  /** Resolves with what they print. */
  async run(commands: string): Promise<string> {
    this.#printed = '';
    writeFileSync(this.#file, commands);
    this.#bash.stdin.write(`${this.#file}\n`);
    for (;;) {
      const end = this.#printed.indexOf(`${DONE}\n`);
      if (end >= 0) return this.#printed.slice(0, end);
      if (this.#bash.exitCode !== null) throw new Error(`exit code ${this.#bash.exitCode}:\n${commands}\n${this.#printed}`);
      await new Promise<void>((resolve) => { this.#hear = resolve; });
    }
  }

  [Symbol.dispose](): void {
    this.#bash.kill();
  }
}
