/** How the driver presents itself to NATS. */
import type { Configuration } from './configuration.ts';
import type { Log } from './core/log.ts';
import type { LinkSettings } from './nats/link.ts';
import { fileReaders } from './options/file-readers.ts';

/** Secret files are read where the configuration allows it at that time. */
export function linkSettings(configuration: Pick<Configuration, 'settings'>, hostname: string, log: Log): LinkSettings {
  return {
    name: `docker-nats-log-driver@${hostname}`,
    ...fileReaders(() => configuration.settings.options['nats-secret-dirs'], (warning) => log.limited('warn', warning, warning)),
  };
}
