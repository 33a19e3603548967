/** What a real nats-server is to a test, wherever it runs: a container (`nats-container.ts`) or a plain process (`nats-process.ts`). */
import { connect } from 'node:net';
import { until } from './wait.ts';

export interface NatsOptions {
  /** Text of the configuration file; without `port`, `host` and `cluster`. */
  readonly config?: string;
  /** Folder that is the server's working directory: paths in `config` are relative to it, e.g. that of `makeCertificates()`. */
  readonly directory?: string;
  /** More command line arguments, e.g. `--user`, `a`, `--pass`, `b`. */
  readonly args?: readonly string[];
  /** TCP port on 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** Makes it a node of a cluster: its own port for routes, and those of all nodes. */
  readonly cluster?: { readonly port: number; readonly routes: readonly number[] };
}

/** The port stays the same over kill and start. */
export interface NatsServer {
  readonly port: number;
  /** `nats://127.0.0.1:PORT` */
  readonly url: string;
  /** What the server has logged so far, over all its lives. */
  log(): Promise<string>;
  /** The server takes no more part: connections stay open, nothing is read or answered. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** SIGKILL. From then on connections are refused. */
  kill(): Promise<void>;
  /** SIGTERM: the server closes its connections in good order and ends. */
  terminate(): Promise<void>;
  /** Starts it after `kill` or `terminate`; resolves when it answers. */
  start(): Promise<void>;
  /** Ends it and removes all traces. */
  stop(): Promise<void>;
}

/** First line that a server sends to every client, RFC-less but stable: `INFO {json}`. */
export interface ServerInfo {
  readonly server_id: string;
  readonly version: string;
  readonly max_payload: number;
  readonly connect_urls?: readonly string[];
}

/** Reads the INFO line; rejects when the server does not answer. */
export function readInfo(port: number): Promise<ServerInfo> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setTimeout(1000, () => socket.destroy(new Error('no INFO within a second')));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      received += chunk;
      const line = /^INFO (.*)\r\n/.exec(received)?.[1];
      if (line === undefined) return;
      socket.destroy();
      resolve(JSON.parse(line) as ServerInfo);
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed before INFO')));
  });
}

export async function untilReady(port: number): Promise<void> {
  await until(`nats-server answers on port ${port}`, () => readInfo(port));
}

/** Command line arguments that both kinds of server share. */
export function serverArguments(options: NatsOptions, port: number, configPath: string | undefined): string[] {
  const { cluster, args = [] } = options;
  const routes = cluster?.routes.map((route) => `nats://127.0.0.1:${route}`).join(',');
  return [
    ...['--port', String(port)],
    ...(configPath === undefined ? [] : ['--config', configPath]),
    ...(cluster === undefined || routes === undefined
      ? []
      : ['--cluster_name', 'test', '--cluster', `nats://127.0.0.1:${cluster.port}`, '--routes', routes]),
    ...(cluster === undefined ? [] : ['--client_advertise', `127.0.0.1:${port}`]),
    ...args,
  ];
}
