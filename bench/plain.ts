/**
 * A deliberately plain driver to compare with: correct, idiomatic, and nothing else. Same protocol, same message, same
 * `nats-subject`; it knows no reconnect without loss, no bound of its memory and no other option.
 */
import { constants, openSync, readSync } from 'node:fs';
import { createServer } from 'node:http';
import { Socket } from 'node:net';
import { hostname } from 'node:os';
import { json } from 'node:stream/consumers';
import { connect, type NatsConnection } from 'nats';
import type { EngineInfo } from '../test/support/info.ts';
import { PlainDecoder, plainMessage, type PlainContainer, type PlainEntry } from './plain-path.ts';

const READ_BYTES = 64 * 1024;

class PlainSession {
  readonly #fd: number;
  readonly #fifo: Socket;
  readonly #nats: NatsConnection;
  readonly #subject: string;
  readonly #container: PlainContainer;
  readonly #decoder = new PlainDecoder();
  /** Pieces of lines that the engine has cut. */
  readonly #pieces: Record<string, Buffer[]> = {};

  constructor(file: string, info: EngineInfo, nats: NatsConnection) {
    const tag = info.ContainerID.slice(0, 12);
    this.#nats = nats;
    this.#subject = info.Config?.['nats-subject'] ?? tag;
    this.#container = {
      container_id: info.ContainerID,
      container_name: info.ContainerName.replace(/^\//, ''),
      image_id: info.ContainerImageID,
      image_name: info.ContainerImageName,
      hostname: hostname(),
      tag,
    };
    this.#fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#fifo = new Socket({ fd: this.#fd, readable: true, writable: false });
    this.#fifo.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  async stop(): Promise<void> {
    this.#fifo.pause();
    for (let bytes = readNow(this.#fd); bytes.length > 0; bytes = readNow(this.#fd)) this.#read(bytes);
    this.#fifo.destroy();
    await this.#nats.flush();
  }

  #read(bytes: Buffer): void {
    for (const entry of this.#decoder.push(bytes)) this.#publish(entry);
  }

  #publish(entry: PlainEntry): void {
    const pieces = this.#pieces[entry.source] ??= [];
    if (entry.partial || pieces.length > 0) pieces.push(entry.line);
    if (entry.partial && !entry.last) return;
    const whole = pieces.length > 0 ? { ...entry, line: Buffer.concat(pieces.splice(0)) } : entry;
    this.#nats.publish(this.#subject, plainMessage(this.#container, whole));
  }
}

function readNow(fd: number): Buffer {
  const buffer = Buffer.alloc(READ_BYTES);
  try {
    return buffer.subarray(0, readSync(fd, buffer));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return Buffer.alloc(0);
    throw error;
  }
}

const [socketPath = ''] = process.argv.slice(2);
const nats = await connect({ servers: process.env['NATS_SERVERS'] ?? 'localhost:4222' });
const sessions = new Map<string, PlainSession>();

async function answer(path: string, { File: file, Info: info }: { File: string; Info: EngineInfo }): Promise<object> {
  if (path === '/LogDriver.StartLogging') sessions.set(file, new PlainSession(file, info, nats));
  if (path === '/LogDriver.StopLogging') {
    await sessions.get(file)?.stop();
    sessions.delete(file);
  }
  return { Err: '' };
}

const server = createServer((request, response) => {
  const { url = '' } = request;
  const answered = url === '/Plugin.Activate'
    ? Promise.resolve({ Implements: ['LogDriver'] })
    : json(request).then((body) => answer(url, body as { File: string; Info: EngineInfo }));
  answered.catch((error: unknown) => ({ Err: String(error) })).then((body) => response.end(JSON.stringify(body)));
});
server.listen(socketPath);
process.once('SIGTERM', () => process.exit());
