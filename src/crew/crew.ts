/**
 * The driver of a large host, where one thread is not enough: sessions are spread over workers, each of which is a driver of its own with
 * its own connections. The main thread keeps what there is once: the plugin's socket, the configuration, the log, the driver's own presence.
 *
 * A worker that dies takes the process with it: what it had in hand is known to the next process, as ever.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Configuration } from '../configuration.ts';
import type { Log } from '../core/log.ts';
import type { DriverStatus } from '../core/status.ts';
import { sumOfStatuses } from '../core/status-sum.ts';
import type { StopViewing, Viewer } from '../core/viewer.ts';
import { sessionKey } from '../journal/session-records.ts';
import { sharedCounts } from '../journal/shared-bytes.ts';
import { linkSettings } from '../link-settings.ts';
import { Connections } from '../nats/connections.ts';
import type { LinkSettings } from '../nats/link.ts';
import type { LogDriver } from '../server/log-driver.ts';
import { Channel } from './channel.ts';
import type { ConfigurationSnapshot, MainFunctions, WorkerFunctions, WorkerSettings } from './contract.ts';
import { workerOf } from './spread.ts';

/** A worker that was told to end and has not ended so long after its time hangs. */
const GRACE_MS = 1000;

export interface CrewSettings {
  /** Of the workers: at least two. */
  readonly count: number;
  /** What a thread runs: the file that this process was started with. */
  readonly program: string;
  readonly configuration: Configuration;
  readonly hostname: string;
  readonly log: Log;
  /** The folder for what survives the process; undefined: there is none. */
  readonly state: string | undefined;
  readonly endedInOrder: boolean;
}

type Hand = Channel<WorkerFunctions>;

export class Crew implements LogDriver {
  readonly link: LinkSettings;
  /** For the driver's own presence: lines go over those of the workers. */
  readonly connections: Connections;
  readonly #configuration: Configuration;
  readonly #log: Log;
  readonly #hands: readonly Hand[];
  /** All workers have seen what an earlier process left: from now on it may change. */
  readonly #ready: Promise<unknown>;
  readonly #viewers = new Map<number, Viewer>();
  #looks = 0;

  constructor({ count, program, configuration, hostname, log, state, endedInOrder }: CrewSettings) {
    this.#configuration = configuration;
    this.#log = log;
    this.link = linkSettings(configuration, hostname, log);
    this.connections = new Connections(this.link, configuration.settings.options['nats-window-size'], log);
    const shared = { count, hostname, state, endedInOrder, configuration: this.#snapshot(), disk: sharedCounts(count), memory: sharedCounts(count) };
    this.#hands = Array.from({ length: count }, (_, index) => this.#hire(program, { ...shared, index }));
    this.#ready = Promise.all(this.#hands.map((hand) => hand.ask('ready')));
    configuration.listen(() => {
      const snapshot = this.#snapshot();
      for (const hand of this.#hands) hand.tell('configure', snapshot);
    });
  }

  async startLogging(file: string, info: unknown): Promise<void> {
    await this.#ready;
    await this.#handOf(sessionKey(file)).ask('startLogging', file, info);
  }

  async stopLogging(file: string): Promise<void> {
    await this.#ready;
    await this.#handOf(sessionKey(file)).ask('stopLogging', file);
  }

  /** One worker after the other: so the session in hand is the one to be blamed when this kills the process. */
  async restore(): Promise<void> {
    await this.#ready;
    for (const hand of this.#hands) await hand.ask('restore');
  }

  /** Each worker does it by itself. */
  blame(): void {}

  async status(): Promise<DriverStatus> {
    const parts = await Promise.all(this.#hands.map((hand) => hand.ask('status')));
    const own = { connections: this.connections.status(), connection_totals: this.connections.totals };
    return sumOfStatuses(parts, own, { configuration: this.#configuration.status(), events: this.#log.events.recent });
  }

  async tail(session: string, viewer: Viewer): Promise<StopViewing | undefined> {
    const hand = this.#handOf(session);
    const number = ++this.#looks;
    this.#viewers.set(number, viewer);
    if (await hand.ask('tail', session, number)) {
      return () => {
        if (this.#viewers.delete(number)) hand.tell('endTail', number);
      };
    }
    this.#viewers.delete(number);
    return undefined;
  }

  /** As Driver. Rejects when a worker hangs: the process then ends like one that was killed. */
  async close(ms: number): Promise<void> {
    const closed = Promise.all(this.#hands.map((hand) => hand.ask('close', ms))).then(() => true);
    if (!await Promise.race([closed, sleep(ms + GRACE_MS, false)])) throw new Error('a worker hangs: it has not ended when it was told to');
    this.connections.closeAll();
  }

  #handOf(key: string): Hand {
    return this.#hands[workerOf(key, this.#hands.length)] as Hand;
  }

  #hire(program: string, settings: WorkerSettings): Hand {
    // Descriptors come and go by other ways than Node's own, too.
    const worker = new Worker(program, { workerData: settings, trackUnmanagedFds: false, name: `worker ${settings.index + 1}` });
    worker.on('error', (error) => {
      throw error;
    });
    worker.on('exit', (code) => {
      throw new Error(`a worker has ended with code ${code}`);
    });
    const functions: MainFunctions = {
      log: (line) => this.#log.pass(line),
      event: (event) => this.#log.events.tell(event),
      press: () => {
        for (const other of this.#hands) if (other !== hand) other.tell('giveWay');
      },
      line: (viewer, source, text) => this.#viewers.get(viewer)?.line(source, text),
      skipped: (viewer, lines) => this.#viewers.get(viewer)?.skipped(lines),
      ended: (viewer) => {
        this.#viewers.get(viewer)?.ended();
        this.#viewers.delete(viewer);
      },
    };
    const hand: Hand = new Channel<WorkerFunctions>(worker, functions);
    return hand;
  }

  #snapshot(): ConfigurationSnapshot {
    const { settings, refusal } = this.#configuration;
    return { settings, problems: refusal?.problems, status: this.#configuration.status() };
  }
}
