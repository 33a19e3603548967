/** Stands between an engine and a log driver, and measures how long the driver takes to answer. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

export type Call = 'StartLogging' | 'StopLogging';

export class CallTimes implements AsyncDisposable {
  readonly #server: Server;
  readonly #outer: string;
  readonly #inner: string;
  readonly #times: Record<Call, number[]> = { StartLogging: [], StopLogging: [] };

  private constructor(outer: string, inner: string) {
    this.#outer = outer;
    this.#inner = inner;
    this.#server = createServer({ keepAliveTimeout: 0 }, (asked, answer) => void this.#pass(asked, answer));
  }

  /** Sockets: `outer` is the engine's, `inner` the driver's. */
  static async between(outer: string, inner: string): Promise<CallTimes> {
    const times = new CallTimes(outer, inner);
    times.#server.listen(outer);
    await once(times.#server, 'listening');
    return times;
  }

  /** Milliseconds of every call since the last time this was asked. */
  take(call: Call): number[] {
    return this.#times[call].splice(0);
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = Buffer.concat(await asked.toArray());
    const start = performance.now();
    const call = request({ socketPath: this.#inner, agent: false, method: 'POST', path: asked.url ?? '/', headers: { 'Content-Length': body.length } });
    call.once('error', () => answer.destroy());
    call.once('response', (response) => {
      const name = asked.url?.split('.')[1];
      if (name === 'StartLogging' || name === 'StopLogging') this.#times[name].push(performance.now() - start);
      answer.writeHead(response.statusCode ?? 500);
      response.pipe(answer);
    });
    call.end(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#outer, { force: true });
  }
}
