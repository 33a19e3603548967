/** The sessions of the process, by the path of their FIFO: all state is per FIFO, since a container may have several. */
import { Account } from './core/account.ts';
import type { Log } from './core/log.ts';
import { FifoError } from './docker/fifo.ts';
import { formatters } from './formatters/registry.ts';
import { MemoryBudget } from './journal/memory.ts';
import { Connections } from './nats/connections.ts';
import { OptionError } from './options/option-error.ts';
import type { Settings } from './options/resolve.ts';
import { PlanError, planSession, type Plan } from './plan.ts';
import { RequestError, type LogDriver } from './server.ts';
import { Session } from './session.ts';
import { HeldBytes } from './stages/reassemble.ts';
import { transports } from './transports/registry.ts';

/** How long StopLogging waits for NATS: `docker stop` waits as long. */
const STOP_MS = 1000;
/** For lines that the engine split, of all sessions together. */
const HELD_LINE_BYTES = 16 * 1024 * 1024;

export class Driver implements LogDriver {
  readonly #sessions = new Map<string, Session>();
  readonly #connections: Connections;
  readonly #budget: MemoryBudget;
  readonly #held = new HeldBytes(HELD_LINE_BYTES);
  readonly #settings: Settings;
  readonly #hostname: string;
  readonly #log: Log;

  constructor(settings: Settings, hostname: string, log: Log) {
    const { 'nats-window-size': windowBytes, 'nats-buffer-size': bufferBytes } = settings.options;
    this.#settings = settings;
    this.#hostname = hostname;
    this.#log = log;
    this.#budget = new MemoryBudget(bufferBytes);
    this.#connections = new Connections(`docker-nats-log-driver@${hostname}`, windowBytes, log);
  }

  /** Never waits for NATS. Throws RequestError with the text for the user. */
  startLogging(file: string, info: unknown): void {
    // The engine repeats a request whose answer it did not get.
    if (this.#sessions.has(file)) return;
    try {
      this.#sessions.set(file, this.#open(file, planSession(this.#settings, info, this.#hostname)));
    } catch (error) {
      if (error instanceof OptionError || error instanceof PlanError) throw new RequestError(error.message, { cause: error });
      if (error instanceof FifoError) throw new RequestError(`nats: ${error.message}`, { cause: error });
      throw error;
    }
  }

  async stopLogging(file: string): Promise<void> {
    await this.#sessions.get(file)?.stop(AbortSignal.timeout(STOP_MS));
  }

  /** Delivers what was read, for at most `ms`, then lets go of everything. */
  async close(ms: number): Promise<void> {
    const signal = AbortSignal.timeout(ms);
    await Promise.all([...this.#sessions.values()].map((session) => session.shutDown(signal)));
    this.#connections.closeAll();
  }

  #open(file: string, { resolved, facts, subject, target }: Plan): Session {
    const { options } = resolved;
    const account = new Account(this.#log, facts.name);
    const fields = { container: facts.name, container_id: facts.id.slice(0, 12), subject };
    const session = new Session({
      file,
      formatter: formatters[options['nats-format']](facts),
      openTransport: (listener) => transports[options['nats-transport']](this.#connections, target, subject, listener),
      budget: this.#budget,
      held: this.#held,
      account,
      ended: () => {
        this.#sessions.delete(file);
        this.#log.debug('session ended', { ...fields, ...account.summary() });
      },
    });
    for (const warning of resolved.warnings) this.#log.warn(warning, { container: facts.name });
    this.#log.debug('session started', fields);
    return session;
  }
}
