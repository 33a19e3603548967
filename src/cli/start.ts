/** All that the plugin needs besides its socket: loaded while that is listening already. */
import { availableParallelism, hostname } from 'node:os';
import type { RequestListener } from 'node:http';
import { announce } from '../announcement.ts';
import type { Log } from '../core/log.ts';
import type { Options } from '../core/options.generated.ts';
import { Configuration } from '../configuration.ts';
import { Crew } from '../crew/crew.ts';
import { workerCount } from '../crew/spread.ts';
import { Driver } from '../driver.ts';
import { FileWatch } from '../file-watch.ts';
import { leaveOrderlyEnd, takeOrderlyEnd } from '../journal/orderly-end.ts';
import { SessionRecords } from '../journal/session-records.ts';
import { environmentLayer } from '../options/sources.ts';
import { DEFAULT_FILES } from '../options/yaml-file.ts';
import { KvConfiguration } from '../kv-configuration.ts';
import { RequestError } from '../server/log-driver.ts';
import { requestListener } from '../server/plugin.ts';
import { LazyMetrics } from '../server/status-routes.ts';
import { OperatorServer } from './operator-server.ts';
import { warnOfFewDescriptors } from './descriptors.ts';

export interface Started {
  readonly driver: Driver | Crew;
  readonly configuration: Configuration;
  readonly answer: RequestListener;
  /** Delivers what was read, for at most `ms`, then lets go of everything; no other configuration comes. */
  readonly close: (ms: number) => Promise<void>;
  readonly operators: OperatorServer;
}

export interface StartSettings {
  /** Folder for what must survive the process. */
  readonly state: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** The file that node was started with: what threads run, too. */
  readonly program: string;
}

/** A configuration that is refused stops nobody: it is the answer to each container's start. */
export function start({ state, env, log, program }: StartSettings): Started {
  // What changes between the look at the file and the first reading of it is read twice.
  const named = environmentLayer(env).layer.values.get('nats-config');
  const watch = new FileWatch(named === undefined ? DEFAULT_FILES : [String(named.value)], () => configuration.look());
  const configuration = new Configuration(env, log);
  const { settings, refusal } = configuration;
  if (refusal !== undefined) log.event('configuration-refused', 'error', 'configuration refused: no container can be started', { error: refusal.message });
  else log.event('configuration-loaded', 'debug', 'configuration loaded', settings.file === undefined ? {} : { file: settings.file });
  for (const warning of settings.warnings) log.warn(warning);
  warnOfFewDescriptors(log);
  const records = openRecords(state, settings.options['nats-buffer-sync'], log);
  const count = workerCount(settings.options['nats-log-workers'], availableParallelism());
  const common = { configuration, hostname: hostname(), log, endedInOrder: records !== undefined && takeOrderlyEnd(records.state) };
  const driver = count === 1 ? new Driver({ ...common, records }) : new Crew({ ...common, count, program, state: records?.state });
  announce(driver.connections, { configuration, hostname: hostname(), log, status: () => driver.status() });
  const kv = KvConfiguration.start({ configuration, state: records?.state, link: driver.link, log });
  const metrics = new LazyMetrics(driver, () => configuration.settings.options['nats-log-http-containers']);
  const close = async (ms: number): Promise<void> => {
    watch.close();
    kv?.close();
    await driver.close(ms);
    if (records !== undefined) leaveOrderlyEnd(records.state);
  };
  const reload = (): void => {
    const error = configuration.reload();
    if (error !== undefined) throw new RequestError(error.message, { cause: error });
  };
  return { driver, configuration, close, answer: requestListener({ driver, reload, metrics, log }), operators: new OperatorServer({ configuration, source: driver, metrics, log }) };
}

/** The driver works without the folder; its sessions then end with the process. */
function openRecords(state: string, sync: Options['nats-buffer-sync'], log: Log): SessionRecords | undefined {
  try {
    return new SessionRecords(state, sync);
  } catch (error) {
    log.warn('the state folder cannot be used: running containers must be started again after a restart of the driver', {
      state, error: error instanceof Error ? error.message : String(error),
    });
    return undefined;
  }
}
