/** All that the plugin needs besides its socket: loaded while that is listening already. */
import { hostname } from 'node:os';
import type { RequestListener } from 'node:http';
import type { Log } from '../core/log.ts';
import type { Options } from '../core/options.generated.ts';
import { Driver } from '../driver.ts';
import { SessionRecords } from '../journal/session-records.ts';
import { readSettings } from '../options/resolve.ts';
import { requestListener } from '../server/plugin.ts';
import { LazyMetrics } from '../server/status-routes.ts';
import { OperatorServer } from './operator-server.ts';
import { warnOfFewDescriptors } from './descriptors.ts';

export interface Started {
  readonly driver: Driver;
  readonly answer: RequestListener;
  /** undefined: nobody asked for it. */
  readonly operators: OperatorServer | undefined;
}

/** A configuration that is refused stops nobody: it is the answer to each container's start. */
export function start(state: string, env: NodeJS.ProcessEnv, log: Log): Started {
  const { settings, error: refusal } = readSettings(env);
  log.setLevel(settings.options['log-level']);
  if (refusal !== undefined) log.event('configuration-refused', 'error', 'configuration refused: no container can be started', { error: refusal.message });
  else log.event('configuration-loaded', 'debug', 'configuration loaded', settings.file === undefined ? {} : { file: settings.file });
  for (const warning of settings.warnings) log.warn(warning);
  warnOfFewDescriptors(log);
  const driver = new Driver({ settings, refusal, hostname: hostname(), log, records: openRecords(state, settings.options['nats-buffer-sync'], log) });
  const metrics = new LazyMetrics(driver, settings.options['nats-log-http-containers']);
  return { driver, answer: requestListener(driver, metrics, log), operators: OperatorServer.start(settings.options, driver, metrics, log) };
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
