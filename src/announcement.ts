/** The driver's own connection, for its service and its events: to the servers of its settings, without any container. */
import type { Configuration } from './configuration.ts';
import type { Log } from './core/log.ts';
import type { DriverStatus } from './core/status.ts';
import type { Connections, Place } from './nats/connections.ts';
import { Presence } from './nats/presence.ts';
import { OptionError } from './options/option-error.ts';
import { resolveOptions, type Settings } from './options/resolve.ts';
import { DEFAULT_ORIGIN } from './options/sources.ts';
import { toTarget } from './plan.ts';
import packageJson from '../package.json' with { type: 'json' };

export interface AnnouncementSettings {
  readonly configuration: Configuration;
  readonly hostname: string;
  readonly status: () => DriverStatus | Promise<DriverStatus>;
  readonly log: Log;
}

/** Follows the configuration. Before one is good, the driver is present nowhere. */
export function announce(connections: Connections, { configuration, hostname, status, log }: AnnouncementSettings): void {
  const presence = new Presence({ version: packageJson.version, hostname, status, log });
  const follow = (): void => {
    if (configuration.refusal !== undefined) return;
    const { settings } = configuration;
    try {
      presence.tellUnder(settings.options['nats-events-subject']);
      connections.announce(presence, placeOf(settings));
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      log.warn('nats-service: the settings alone make no connection', { error: error.message });
    }
  };
  follow();
  configuration.listen(follow);
}

/** Nobody is dialled for it at an address that is only the default. */
function placeOf(settings: Settings): Place | undefined {
  if (!settings.options['nats-service']) return undefined;
  // A secret file that is missing now is read when the connection is dialled.
  const resolved = resolveOptions(settings, {}, undefined, { mayLackFiles: true });
  return { target: toTarget(resolved), isWanted: resolved.origins.get('nats-servers')?.origin !== DEFAULT_ORIGIN };
}
