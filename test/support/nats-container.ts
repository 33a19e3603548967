/** A real nats-server in a container, through the `testcontainers` package, on the engine that DOCKER_HOST names. */
import { GenericContainer, Wait } from 'testcontainers';
import { Docker } from './docker.ts';
import { NATS_IMAGE } from './images.ts';
import { serverArguments, untilReady } from './nats-server.ts';
import type { NatsOptions, NatsServer } from './nats-server.ts';
import { freePort } from './wait.ts';

const WORKING_DIRECTORY = '/nats';
const CONFIG = `${WORKING_DIRECTORY}/nats.conf`;

/** Resolves when the server answers on 127.0.0.1. */
export async function startNatsContainer(options: NatsOptions = {}): Promise<NatsServer> {
  // Its image may be out of reach. The tests' engine is removed as a whole instead.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  const port = options.port ?? (await freePort());
  const started = await describe(options, port).start();
  const server = new NatsContainer(started.getId(), port);
  await untilReady(port);
  return server;
}

function describe(options: NatsOptions, port: number): GenericContainer {
  const { config, directory, cluster } = options;
  // The nodes of a cluster reach each other, and name each other to clients, by ports of 127.0.0.1.
  const innerPort = cluster === undefined ? 4222 : port;
  const container = new GenericContainer(NATS_IMAGE)
    .withCommand(serverArguments(options, innerPort, config === undefined ? undefined : CONFIG))
    .withWorkingDir(WORKING_DIRECTORY)
    .withWaitStrategy(Wait.forLogMessage('Server is ready'));
  if (cluster === undefined) container.withExposedPorts({ container: innerPort, host: port });
  else container.withNetworkMode('host');
  if (config !== undefined) container.withCopyContentToContainer([{ content: config, target: CONFIG }]);
  if (directory !== undefined) container.withCopyDirectoriesToContainer([{ source: directory, target: WORKING_DIRECTORY }]);
  return container;
}

class NatsContainer implements NatsServer {
  readonly port: number;
  readonly url: string;
  readonly #id: string;
  readonly #docker = new Docker();

  constructor(id: string, port: number) {
    this.#id = id;
    this.port = port;
    this.url = `nats://127.0.0.1:${port}`;
  }

  async log(): Promise<string> {
    const { stdout, stderr } = await this.#docker.try(['logs', this.#id]);
    return stdout + stderr;
  }

  async pause(): Promise<void> {
    await this.#docker.run('pause', this.#id);
  }

  async resume(): Promise<void> {
    await this.#docker.run('unpause', this.#id);
  }

  async kill(): Promise<void> {
    await this.#docker.run('kill', this.#id);
  }

  async terminate(): Promise<void> {
    await this.#docker.run('stop', this.#id);
  }

  async start(): Promise<void> {
    await this.#docker.run('start', this.#id);
    await untilReady(this.port);
  }

  async stop(): Promise<void> {
    await this.#docker.run('rm', '--force', '--volumes', this.#id);
  }
}
