/** The driver's own connection, for its service and its events: to the servers of its settings, without any container. */
import type { Log } from './core/log.ts';
import type { DriverStatus } from './core/status.ts';
import type { Connections } from './nats/connections.ts';
import { Presence } from './nats/presence.ts';
import { OptionError } from './options/option-error.ts';
import { resolveOptions, type Settings } from './options/resolve.ts';
import { DEFAULT_ORIGIN } from './options/sources.ts';
import { toTarget } from './plan.ts';
import packageJson from '../package.json' with { type: 'json' };

export interface AnnouncementSettings {
  readonly settings: Settings;
  readonly hostname: string;
  readonly status: () => DriverStatus | Promise<DriverStatus>;
  readonly log: Log;
}

/** Nobody is dialled for it at an address that is only the default. */
export function announce(connections: Connections, { settings, hostname, status, log }: AnnouncementSettings): void {
  const { options } = settings;
  if (!options['nats-service']) return;
  try {
    // A secret file that is missing now is read when the connection is dialled.
    const resolved = resolveOptions(settings, {}, undefined, { mayLackFiles: true });
    const isNamed = resolved.origins.get('nats-servers')?.origin !== DEFAULT_ORIGIN;
    connections.announce(toTarget(resolved), new Presence({ version: packageJson.version, hostname, eventsPrefix: options['nats-events-subject'], status, log }), isNamed);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    log.warn('nats-service: the settings alone make no connection', { error: error.message });
  }
}
