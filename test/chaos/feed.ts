/** The feeder's process, seen from the goal that gives it orders. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Fed, Order } from './feeder.ts';

export class Feed {
  readonly lineBytes: number;
  readonly #child: ChildProcess;
  /** One order at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(lineBytes: number) {
    this.lineBytes = lineBytes;
    this.#child = fork(join(import.meta.dirname, 'feeder.ts'));
  }

  /** Adds containers, numbered in the order in which they come. */
  async open(files: readonly string[]): Promise<void> {
    await this.#ask({ type: 'open', files, lineBytes: this.lineBytes });
  }

  /** Lines at a steady rate, over containers `from` … `to` - 1 together, until `halt`. */
  async pace(from: number, to: number, linesPerSecond: number): Promise<void> {
    await this.#ask({ type: 'pace', from, to, linesPerSecond });
  }

  /** As fast as the FIFO takes them, until `halt`. */
  async flood(container: number): Promise<void> {
    await this.#ask({ type: 'flood', container });
  }

  async halt(): Promise<void> {
    await this.#ask({ type: 'halt' });
  }

  /** Resolves when the FIFO has taken that many lines. */
  async burst(container: number, lines: number): Promise<void> {
    await this.#ask({ type: 'burst', container, lines });
  }

  /** Lets go of a container's FIFO, as the engine does after StopLogging. */
  async close(container: number): Promise<void> {
    await this.#ask({ type: 'close', container });
  }

  count(): Promise<Fed> {
    return this.#ask({ type: 'count' });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  #ask(order: Order): Promise<Fed> {
    const answer = this.#turn.then(async () => {
      const ended = new AbortController();
      const exit = once(this.#child, 'exit', { signal: ended.signal }).then(() => Promise.reject(new Error('the feeder has ended')));
      try {
        this.#child.send(order);
        const [fed] = await Promise.race([once(this.#child, 'message', { signal: ended.signal }), exit]) as [Fed];
        return fed;
      } finally {
        exit.catch(() => undefined);
        ended.abort();
      }
    });
    this.#turn = answer.catch(() => undefined);
    return answer;
  }
}
