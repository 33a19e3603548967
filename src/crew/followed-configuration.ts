/** The configuration in force as a worker knows it: the main thread reads it, judges it and passes it on. */
import type { Log } from '../core/log.ts';
import type { ConfigurationStatus } from '../core/status.ts';
import type { DriverSettings } from '../driver.ts';
import { OptionError } from '../options/option-error.ts';
import type { Settings } from '../options/resolve.ts';
import type { ConfigurationSnapshot } from './contract.ts';

export class FollowedConfiguration implements Pick<DriverSettings['configuration'], keyof DriverSettings['configuration']> {
  settings: Settings;
  refusal: OptionError | undefined;
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  #status: ConfigurationStatus;

  constructor({ settings, problems, status }: ConfigurationSnapshot, log: Log) {
    this.#log = log;
    this.settings = settings;
    this.refusal = problems && new OptionError(problems);
    this.#status = status;
    log.setLevel(settings.options['log-level']);
  }

  /** `changed` is called when another configuration is in force. */
  listen(changed: () => void): void {
    this.#listeners.add(changed);
  }

  status(): ConfigurationStatus {
    return this.#status;
  }

  take({ settings, problems, status }: ConfigurationSnapshot): void {
    this.settings = settings;
    this.refusal = problems && new OptionError(problems);
    this.#status = status;
    this.#log.setLevel(settings.options['log-level']);
    for (const changed of this.#listeners) changed();
  }
}
