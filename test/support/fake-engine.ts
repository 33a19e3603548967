/**
 * Stands in for a Docker Engine: makes FIFOs, holds both of their ends, writes frames, and calls the driver over its unix socket with the
 * requests that dockerd sends, byte for byte.
 * Sources: moby daemon/logger/plugin.go, plugin_unix.go, adapter.go; pkg/plugins/client.go.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SAMPLE_INFO } from './info.ts';
import type { EngineInfo } from './info.ts';
import { encodeFrame, entriesOf, nowNano } from './log-entry.ts';
import type { Entry, Source } from './log-entry.ts';

/** What the driver answered. */
export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** The driver answered with `{"Err": "…"}`; the message is that text. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
}

export class FakeEngine {
  /** Where its FIFOs are. */
  readonly dir: string;
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 6 });
  readonly #loggers = new Set<FakeLogger>();
  /** Is told of all that is written into a FIFO. */
  wrote: ((file: string, bytes: Uint8Array) => void) | undefined;

  /** `socketPath`: where the driver listens. A second engine with the `dir` of the first is the same engine after a restart. */
  constructor(socketPath: string, dir = mkdtempSync(join(tmpdir(), 'nld-fifos-'))) {
    this.#socketPath = socketPath;
    this.dir = dir;
  }

  /** `POST /<method>` with exactly that body, e.g. `post('Plugin.Activate')`, `post('LogDriver.StopLogging', '{"File":"x"}\n')`. */
  post(method: string, body = ''): Promise<Reply> {
    const headers = {
      Host: 'plugin.moby.localhost',
      'User-Agent': 'Go-http-client/1.1',
      'Content-Length': Buffer.byteLength(body),
      Accept: 'application/vnd.docker.plugins.v1.2+json',
    };
    return new Promise((resolve, reject) => {
      const options = { socketPath: this.#socketPath, agent: this.#agent, method: 'POST', path: `/${method}`, headers };
      const call = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      call.removeHeader('Connection');
      call.once('error', reject);
      call.end(body);
    });
  }

  /** Like `post`, for a value; resolves with the decoded answer, rejects with `DriverError` when it carries an error. */
  async call(method: string, value?: unknown): Promise<Readonly<Record<string, unknown>>> {
    const { status, text } = await this.post(method, value === undefined ? '' : goJson(value));
    const answer = JSON.parse(text) as Record<string, unknown>;
    const error = answer['Err'];
    if (typeof error === 'string' && error !== '') throw new DriverError(error);
    if (status !== 200) throw new Error(`${method}: status ${status}: ${text}`);
    return answer;
  }

  /** Makes the FIFO and calls StartLogging. `config`: the container's log-opts; `info`: what differs from `SAMPLE_INFO`. */
  async startLogging(config: Readonly<Record<string, string>> = {}, info: Partial<EngineInfo> = {}): Promise<FakeLogger> {
    const logger = this.createFifo();
    await this.attach(logger, config, info);
    return logger;
  }

  /** StartLogging for a FIFO that is there. */
  async attach({ file }: FakeLogger, config: Readonly<Record<string, string>> = {}, info: Partial<EngineInfo> = {}): Promise<void> {
    await this.call('LogDriver.StartLogging', { File: file, Info: { ...SAMPLE_INFO, Config: config, ...info } });
  }

  /** A FIFO of which the driver knows nothing yet. */
  createFifo(): FakeLogger {
    return this.createFifos(1)[0] as FakeLogger;
  }

  /** The same for many, at once. */
  createFifos(count: number): FakeLogger[] {
    const files = Array.from({ length: count }, () => join(this.dir, randomBytes(32).toString('hex')));
    for (let at = 0; at < count; at += 1000) execFileSync('mkfifo', ['-m', '700', ...files.slice(at, at + 1000)]);
    return files.map((file) => this.adopt(file));
  }

  /** Holds both ends of a FIFO that is there already, e.g. one that an engine left behind. */
  adopt(file: string): FakeLogger {
    const logger = new FakeLogger(this, file);
    this.#loggers.add(logger);
    return logger;
  }

  /** Closes and removes all FIFOs. */
  close(): void {
    for (const logger of this.#loggers) logger.hangUp();
    this.#agent.destroy();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** The engine's end of one FIFO. Frames and StopLogging wait for each other, as they share a mutex in dockerd. */
export class FakeLogger {
  readonly file: string;
  readonly #engine: FakeEngine;
  readonly #pipe: Socket;

  constructor(engine: FakeEngine, file: string) {
    this.#engine = engine;
    this.file = file;
    // Both ends, like dockerd: no SIGPIPE when the driver is away, and what is unread survives it.
    const fd = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
    this.#pipe = new Socket({ fd, readable: false, writable: true });
  }

  /** One line, without its newline, cut at 16 KiB as the engine does. Resolves when the pipe has taken all of it. */
  log(source: Source, line: string | Uint8Array, timeNano = nowNano()): Promise<void> {
    return this.output(source, Buffer.concat([Buffer.from(line), Buffer.from('\n')]), timeNano);
  }

  /** All that a container writes to `source` until it ends: any bytes, the last newline may be missing. */
  output(source: Source, bytes: string | Uint8Array, timeNano = nowNano()): Promise<void> {
    return this.entries(entriesOf(source, bytes, timeNano));
  }

  async entries(entries: readonly Entry[]): Promise<void> {
    await Promise.all(entries.map((entry) => this.write(encodeFrame(entry))));
  }

  /** Raw bytes: half a frame, garbage. Waits while the pipe is full, without blocking this process. */
  write(bytes: Uint8Array): Promise<void> {
    this.#engine.wrote?.(this.file, bytes);
    return new Promise((resolve, reject) => {
      this.#pipe.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Calls StopLogging after all that was written; then closes and removes the FIFO, if the driver had no complaint. */
  async stopLogging(): Promise<void> {
    await this.write(Buffer.alloc(0));
    await this.#engine.call('LogDriver.StopLogging', { File: this.file });
    this.hangUp();
    rmSync(this.file, { force: true });
  }

  /** Closes the FIFO without a word and leaves it in its folder, as a crash of dockerd does. */
  hangUp(): void {
    this.#pipe.destroy();
  }
}

/** JSON as Go's encoder writes it. */
export function goJson(value: unknown): string {
  const escaped = JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `${escaped}\n`;
}
