/**
 * `nats-config-kv`: the configuration document of a JetStream KV bucket. The last good one is kept below the state folder,
 * for a start while NATS is away.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from './configuration.ts';
import type { Log } from './core/log.ts';
import { systemCode } from './journal/file-system.ts';
import { KvWatch } from './nats/kv-watch.ts';
import type { LinkSettings } from './nats/link.ts';
import { OptionError } from './options/option-error.ts';
import { resolveOptions } from './options/resolve.ts';
import { toTarget } from './plan.ts';

const FILE = 'config-kv.json';

interface Kept {
  readonly name: string;
  readonly text: string;
}

/** What was last good of `bucket/key`; undefined: nothing is kept. */
export function kept(state: string, name: string): string | undefined {
  try {
    const found = JSON.parse(readFileSync(join(state, FILE), 'utf8')) as Partial<Kept> | null;
    return found?.name === name && typeof found.text === 'string' ? found.text : undefined;
  } catch (error) {
    if (systemCode(error) === undefined && !(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

export interface KvConfigurationSettings {
  readonly configuration: Configuration;
  /** The state folder; undefined: nothing is kept. */
  readonly state: string | undefined;
  readonly link: LinkSettings;
  readonly log: Log;
}

export class KvConfiguration {
  readonly #settings: KvConfigurationSettings;
  /** `bucket/key` */
  readonly #name: string;
  #watch: KvWatch | undefined;
  /** What the connection is made of. */
  #targetKey = '';

  private constructor(settings: KvConfigurationSettings, name: string) {
    this.#settings = settings;
    this.#name = name;
  }

  /** Takes what was kept, and watches the bucket; undefined: there is none. */
  static start(settings: KvConfigurationSettings): KvConfiguration | undefined {
    const name = settings.configuration.settings.options['nats-config-kv'];
    if (name === undefined) return undefined;
    const kv = new KvConfiguration(settings, name);
    const text = settings.state === undefined ? undefined : kept(settings.state, name);
    if (text !== undefined) settings.configuration.takeBucket(name, text);
    kv.#connect();
    settings.configuration.listen(() => kv.#connect());
    return kv;
  }

  close(): void {
    this.#watch?.close();
  }

  /** With the servers and credentials of the file and the environment: what the bucket says must not lead away from it. */
  #connect(): void {
    const { configuration, link, log } = this.#settings;
    try {
      const target = toTarget(resolveOptions(configuration.ownSettings, {}, undefined, { mayLackFiles: true }));
      const key = JSON.stringify(target);
      if (key === this.#targetKey) return;
      this.#targetKey = key;
      this.#watch?.close();
      const slash = this.#name.indexOf('/');
      this.#watch = new KvWatch({
        target, link, log, bucket: this.#name.slice(0, slash), key: this.#name.slice(slash + 1), changed: (text) => this.#changed(text),
      });
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      log.limited('warn', 'kv settings', 'nats-config-kv: the settings alone make no connection', { error: error.message });
    }
  }

  #changed(text: string | undefined): void {
    if (this.#settings.configuration.takeBucket(this.#name, text) !== undefined) return;
    if (text !== undefined) return this.#save({ name: this.#name, text });
    this.#settings.log.limited('warn', 'kv empty', 'the bucket has no configuration under that key', { key: this.#name });
    this.#save(undefined);
  }

  get #path(): string | undefined {
    return this.#settings.state === undefined ? undefined : join(this.#settings.state, FILE);
  }

  /** It may hold secrets. */
  #save(document: Kept | undefined): void {
    if (this.#path === undefined) return;
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify(document ?? null), { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      this.#settings.log.limited('warn', 'kv save', 'the configuration of the bucket cannot be kept for the next start', { error: (error as Error).message });
    }
  }
}
