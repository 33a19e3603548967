/**
 * The client's own socket, with four gaps closed: an attempt to connect that is given up leaves its socket open in the
 * client, one for every attempt while a server hangs; a server that asks for TLS on its own is checked against other
 * certificates than one that was addressed with it; one that never says INFO may fill the memory; and there was no way
 * to send commands that are encoded already.
 */
import { writeSync } from 'node:fs';
import { createConnection, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ServerInfo } from 'nats';
import { NodeTransport } from 'nats/lib/src/node_transport.js';
import { AnswerParser, type Receive } from './answer-parser.ts';
import { verification } from './verification.ts';

/** The INFO of a large cluster has some kilobytes. */
const MAX_INFO_BYTES = 1024 * 1024;
/** Most of what is written at once is less. */
const COPY_BYTES = 256 * 1024;

export class ClientSocket extends NodeTransport {
  #attempt: Socket | undefined;
  #host = '';
  /** Writes whose rest waits for the system. */
  #left = 0;
  /** What the last rest was copied to: so much fresh memory for each would keep the collector busy. */
  #spare: Buffer | undefined;

  override async dial(server: { hostname: string; port: number }): Promise<Socket> {
    const socket = await this.#connect(server);
    limitGreeting(socket);
    return socket;
  }

  #connect(server: { hostname: string; port: number }): Promise<Socket> {
    const socket = createConnection({ host: server.hostname, port: server.port, noDelay: true });
    this.#attempt = socket;
    this.#host = server.hostname;
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed before it was connected')));
      socket.once('connect', () => {
        socket.removeAllListeners();
        resolve(socket);
      });
    });
  }

  /** The server speaks after the handshake. */
  override async tlsFirst(server: { hostname: string; port: number }): Promise<TLSSocket> {
    this.socket = await this.#connect(server);
    const socket = await this.startTLS();
    limitGreeting(socket);
    return socket;
  }

  /** A server behind a TLS proxy does not know that the connection is encrypted. */
  override async peekInfo(): Promise<ServerInfo> {
    const info = await super.peekInfo();
    return this.isEncrypted() ? { ...info, tls_available: true } : info;
  }

  override startTLS(): Promise<TLSSocket> {
    this.options = { ...this.options, tls: this.options.tls ?? { ...verification(this.#host) } };
    return super.startTLS();
  }

  /** The client reads with one listener, and writes to nothing but this socket. */
  get isKnown(): boolean {
    const { socket } = this;
    return socket instanceof Socket && socket.listenerCount('data') === 1 && socket.listenerCount('readable') === 0;
  }

  /** Answers that come to `<inbox>.*` do not go through the client from now on. */
  takeAnswers(inbox: string, receive: Receive): void {
    const [toClient] = this.socket.listeners('data') as ((bytes: Buffer) => void)[];
    if (toClient === undefined) return;
    const parser = new AnswerParser(inbox, receive, toClient);
    this.socket.off('data', toClient);
    this.socket.on('data', (bytes) => parser.push(bytes as Buffer));
  }

  override async close(error?: Error): Promise<void> {
    await super.close(error);
    this.#attempt?.destroy();
  }

  /** Bytes that the system has not taken yet. */
  get waiting(): number {
    return this.socket.writableLength;
  }

  /** Commands that were written here wait for the system. */
  get isFull(): boolean {
    return this.#left > 0;
  }

  /**
   * Gives the system what it takes at once, from where it lies. The rest is copied, and follows when there is room: then
   * `drained` is called, unless the connection breaks before.
   */
  write(bytes: Uint8Array, drained: () => void): void {
    if (this.isClosed) return;
    const taken = this.#writeNow(bytes);
    if (taken === bytes.length) return;
    this.#left++;
    const rest = bytes.subarray(taken);
    const copy = this.#copyOf(rest);
    this.socket.write(copy.subarray(0, rest.length), (error) => {
      this.#left--;
      this.#spare = copy;
      if (!this.isFull && !error) drained();
    });
  }

  #copyOf(bytes: Uint8Array): Buffer {
    const copy = this.#spare !== undefined && this.#spare.length >= bytes.length ? this.#spare : Buffer.allocUnsafeSlow(Math.max(COPY_BYTES, bytes.length));
    this.#spare = undefined;
    copy.set(bytes);
    return copy;
  }

  /** Past the stream, which would keep the bytes; nothing may wait in it. Returns how many bytes the system took. */
  #writeNow(bytes: Uint8Array): number {
    const { socket } = this;
    const fd = socket.writable && socket.writableLength === 0 && !this.isEncrypted() ? descriptorOf(socket) : -1;
    if (fd < 0) return 0;
    try {
      return writeSync(fd, bytes);
    } catch {
      // There is no room; or the connection is broken, which the stream is told of when it tries.
      return 0;
    }
  }
}

/** Of one that is connected; -1: Node's sockets are made differently, or it is closed. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: unknown } | null };
  return typeof handle?.fd === 'number' ? handle.fd : -1;
}

/** The client gathers what comes before the INFO line, however much it is; it takes this listener away with its own. */
function limitGreeting(socket: Socket): void {
  let received = 0;
  socket.on('data', (bytes) => {
    received += bytes.length;
    if (received > MAX_INFO_BYTES) socket.destroy(new Error('the server does not speak the NATS protocol'));
  });
}
