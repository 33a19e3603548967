/** A TCP link to a nats-server that a test can refuse, cut, silence and slow down, and that keeps what clients have sent. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { freePort } from './wait.ts';

export type Direction = 'to server' | 'to client';

/** What is kept of the clients' bytes: enough for any handshake. */
const KEPT_BYTES = 64 * 1024;

export class TcpProxy {
  readonly port: number;
  readonly url: string;
  readonly #serverPort: number;
  readonly #sockets = new Set<Socket>();
  /** The clients' half of them. */
  readonly #open = new Set<Socket>();
  readonly #silenced = new Set<Direction>();
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  #delayMs = 0;
  #listener: Server | undefined;
  #accepted = 0;

  private constructor(port: number, serverPort: number) {
    this.port = port;
    this.url = `nats://127.0.0.1:${port}`;
    this.#serverPort = serverPort;
  }

  /** In front of `serverPort` of 127.0.0.1; refuses connections until `accept`. */
  static async before(serverPort: number): Promise<TcpProxy> {
    return new TcpProxy(await freePort(), serverPort);
  }

  /** The first bytes that clients have sent, over all connections. */
  get sent(): Buffer {
    return Buffer.concat(this.#kept);
  }

  /** How many connections were accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** How many connections are open now. */
  get open(): number {
    return this.#open.size;
  }

  async accept(): Promise<void> {
    const listener = createServer((client) => this.#link(client));
    listener.listen(this.port, '127.0.0.1');
    await once(listener, 'listening');
    this.#listener = listener;
  }

  /** Cuts what is connected, and refuses new connections until `accept`. Twice is safe. */
  async refuse(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    if (listener === undefined) return;
    const closed = once(listener, 'close');
    listener.close();
    this.cut();
    await closed;
  }

  /** Resets all connections. What was under way in either direction is gone. */
  cut(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  /** From now on bytes in that direction are swallowed, also those of new connections, until `restore`. */
  silence(direction: Direction): void {
    this.#silenced.add(direction);
  }

  /** For both directions together; each connection for itself. */
  throttle(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** In each direction: what comes meanwhile waits with it. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** New connections work as usual; those with swallowed bytes are beyond repair: `cut` them. */
  restore(): void {
    this.#silenced.clear();
    this.#bytesPerSecond = Number.POSITIVE_INFINITY;
    this.#delayMs = 0;
  }

  #link(client: Socket): void {
    this.#accepted++;
    this.#open.add(client);
    client.once('close', () => this.#open.delete(client));
    const server = connect(this.#serverPort, '127.0.0.1');
    for (const [socket, other] of [[client, server], [server, client]] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      // The close that follows tells the other side.
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        this.#sockets.delete(socket);
        // What it said last still arrives.
        this.#later(() => other.destroySoon());
      });
    }
    client.on('data', (bytes: Buffer) => this.#keep(bytes));
    this.#pass(client, server, 'to server');
    this.#pass(server, client, 'to client');
  }

  #pass(from: Socket, to: Socket, direction: Direction): void {
    from.on('data', (bytes: Buffer) => {
      if (this.#silenced.has(direction)) return;
      from.pause();
      this.#later(() => to.write(bytes, () => setTimeout(() => from.resume(), (bytes.length / this.#bytesPerSecond) * 1000)));
    });
  }

  #later(action: () => void): void {
    if (this.#delayMs === 0) action();
    else setTimeout(action, this.#delayMs);
  }

  #keep(bytes: Buffer): void {
    if (this.#keptBytes >= KEPT_BYTES) return;
    this.#kept.push(Buffer.from(bytes));
    this.#keptBytes += bytes.length;
  }
}

/** A reset while an orderly end is under way fails, and leaves a handle that keeps Node from ending (libuv uv_tcp_close_reset). */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
