/** A container that writes numbers when it is told to, also while dockerd is away. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numbers } from './e2e-scripts.ts';
import type { RunOptions, Site } from './e2e-site.ts';
import { until } from './wait.ts';

/**
 * Reads how many lines it shall write next, and says how far it is; started again, it goes on from there. Both ends are held open, so that
 * there is no end of file.
 */
const SCRIPT = `exec 3<>/told/next
n=$(cat /told/written 2> /dev/null || echo 0)
while read count <&3; do seq $((n + 1)) $((n + count)); n=$((n + count)); echo $n > /told/written; done`;

/** What became of the lines. */
export interface Fate {
  readonly written: number;
  readonly lost: number;
  /** Received again: NATS had not confirmed them when a connection or the driver ended. */
  readonly repeated: number;
  /** Received for the first time after a later one. */
  readonly reordered: number;
}

export class Numbered implements AsyncDisposable {
  readonly name: string;
  readonly #site: Site;
  readonly #dir: string;
  readonly #next: number;
  #told = 0;

  private constructor(site: Site, name: string, dir: string) {
    this.#site = site;
    this.name = name;
    this.#dir = dir;
    this.#next = openSync(join(dir, 'next'), constants.O_RDWR | constants.O_NONBLOCK);
  }

  /** Resolves when the engine has started it. */
  static async start(site: Site, options: Omit<RunOptions, 'command'>): Promise<Numbered> {
    const dir = mkdtempSync(join(tmpdir(), 'nld-numbered-'));
    execFileSync('mkfifo', [join(dir, 'next')]);
    const container = new Numbered(site, options.name, dir);
    try {
      await site.launch({ ...options, flags: [...(options.flags ?? []), '--volume', `${dir}:/told`], command: SCRIPT });
      return container;
    } catch (error) {
      await container[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Tells it to write the next `count` numbers, each a line; does not wait for it. */
  tell(count: number): void {
    this.#told += count;
    writeSync(this.#next, `${count}\n`);
  }

  /** Resolves when it has written the next `count` numbers: they are in a pipe, if no further. */
  async write(count: number): Promise<void> {
    this.tell(count);
    await until(`${this.name} has written`, () => Number(readFileSync(join(this.#dir, 'written'), 'utf8')) === this.#told);
  }

  /** Resolves with what became of the lines once every one has come, or the time is over. */
  async fate(timeoutMs?: number): Promise<Fate> {
    const { collector } = this.#site;
    await collector.distinctTexts(this.name, this.#told, timeoutMs).catch(() => undefined);
    const texts = collector.received(this.name);
    const received = new Set(texts);
    const inOrder = [...received].map(Number);
    return {
      written: this.#told,
      lost: numbers(1, this.#told).filter((number) => !received.has(number)).length,
      repeated: texts.length - received.size,
      reordered: inOrder.filter((number, at) => number < (inOrder[at - 1] ?? 0)).length,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#site.remove(this.name);
    closeSync(this.#next);
    rmSync(this.#dir, { recursive: true });
  }
}
