/**
 * A gate in front of a nats-server. While it is shut, connections are refused, as if the server were down; whoever dials the server itself
 * stays connected, so that no message is missed in the moment when it opens.
 */
import { reset } from './tcp-proxy.ts';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { freePort } from './wait.ts';

export class Gate {
  readonly port: number;
  readonly url: string;
  readonly #innerPort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  private constructor(port: number, innerPort: number) {
    this.port = port;
    this.url = `nats://127.0.0.1:${port}`;
    this.#innerPort = innerPort;
  }

  /** A gate that is shut. */
  static async before(innerPort: number): Promise<Gate> {
    return new Gate(await freePort(), innerPort);
  }

  /** How many connections have come in and are still there. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  async open(): Promise<void> {
    this.#server = createServer((outer) => this.#pass(outer));
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Cuts what is connected, too. Twice is safe. */
  async shut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) reset(socket);
    await closed;
  }

  #pass(outer: Socket): void {
    const inner = connect(this.#innerPort, '127.0.0.1');
    for (const [socket, other] of [[outer, inner], [inner, outer]] as const) {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      // The close that follows tells the other side.
      socket.on('error', () => socket.destroy());
      socket.pipe(other);
    }
  }
}
