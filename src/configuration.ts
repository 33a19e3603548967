/**
 * The configuration in force: the YAML file and the document of a KV bucket over it, as they were last good, and the
 * environment, which never changes. A new one takes the place of the old as a whole, or not at all.
 */
import { createHash } from 'node:crypto';
import type { Log } from './core/log.ts';
import type { ConfigurationStatus } from './core/status.ts';
import { parseYaml, type DocumentReading } from './options/document.ts';
import { OptionError, type Problem } from './options/option-error.ts';
import { composeSettings, readFile, type FoundFile, type Settings } from './options/resolve.ts';
import { optionSchemas } from './options/schema.ts';
import { environmentLayer } from './options/sources.ts';
import { DEFAULT_FILES } from './options/yaml-file.ts';
import { templateProblems } from './plan.ts';

export class Configuration {
  /** What is right in the configuration. */
  settings: Settings;
  /** What is wrong in it, as long as none was good: no container is taken then. */
  refusal: OptionError | undefined;
  readonly #env: NodeJS.ProcessEnv;
  readonly #defaultFiles: readonly string[];
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  /** As the process started: some options stay so. */
  readonly #first: Settings;
  #file: FoundFile;
  /** The text that was judged last. */
  #seen: string;
  /** Of a bucket; undefined: there is none. */
  #bucket: { readonly name: string; readonly text: string; readonly reading: DocumentReading } | undefined;
  /** Why what was found last is not in force, by where it was found. */
  readonly #errors = new Map<'file' | 'bucket', OptionError>();
  #loads = 0;
  #refusals = 0;
  #loadedAt = new Date();

  constructor(env: NodeJS.ProcessEnv, log: Log, defaultFiles: readonly string[] = DEFAULT_FILES) {
    this.#env = env;
    this.#log = log;
    this.#defaultFiles = defaultFiles;
    this.#file = readFile(env, defaultFiles);
    this.#seen = this.#file.text;
    this.settings = this.#first = this.#compose();
    const problems = [...this.#file.reading.problems, ...this.#environmentProblems];
    if (problems.length > 0) {
      this.refusal = new OptionError(problems);
      this.#errors.set('file', this.refusal);
      this.#refusals++;
    } else {
      this.#loads++;
    }
    log.setLevel(this.settings.options['log-level']);
  }

  /** `changed` is called when another configuration is in force. */
  listen(changed: () => void): void {
    this.#listeners.add(changed);
  }

  status(): ConfigurationStatus {
    const { file } = this.settings;
    const errors = [...this.#errors.values()].map(({ message }) => message);
    return {
      ...(file === undefined ? {} : { file }),
      ...(this.#bucket === undefined ? {} : { bucket: this.#bucket.name }),
      revision: this.#revision,
      loaded_at: this.#loadedAt.toISOString(),
      in_force: this.refusal === undefined,
      ...(errors.length === 0 ? {} : { error: errors.join('\n') }),
      loads: this.#loads,
      refusals: this.#refusals,
    };
  }

  /** Reads the file again, and takes it over if it is good. Returns why it is not. */
  reload(): OptionError | undefined {
    const found = readFile(this.#env, this.#defaultFiles);
    this.#seen = found.text;
    const problems = [...this.#suspicions(found), ...found.reading.problems, ...templateProblems(found.reading), ...this.#environmentProblems];
    if (problems.length > 0) return this.#refuse('file', problems);
    this.#file = found;
    this.#take('file');
    return undefined;
  }

  /** The same, if the file says something else than when it was last looked at. */
  look(): void {
    if (readFile(this.#env, this.#defaultFiles).text !== this.#seen) this.reload();
  }

  /** What a bucket says is taken over, if it is good; undefined: nothing any more. `name`: `bucket/key`, for the origins. */
  takeBucket(name: string, text: string | undefined): OptionError | undefined {
    if (text === this.#bucket?.text) return undefined;
    const reading = text === undefined ? undefined : parseYaml(text, `nats-config-kv ${name}`);
    const problems = reading === undefined ? [] : [...reading.problems, ...templateProblems(reading)];
    if (problems.length > 0) return this.#refuse('bucket', problems);
    this.#bucket = text === undefined || reading === undefined ? undefined : { name, text, reading };
    this.#take('bucket');
    return undefined;
  }

  /** Without what the bucket says. */
  get ownSettings(): Settings {
    return composeSettings(this.#env, this.#file);
  }

  get #revision(): string {
    return createHash('sha256').update(JSON.stringify([this.#file.text, this.#bucket?.text])).digest('hex').slice(0, 12);
  }

  get #environmentProblems(): readonly Problem[] {
    return environmentLayer(this.#env).problems;
  }

  #compose(): Settings {
    return composeSettings(this.#env, this.#file, this.#bucket?.reading);
  }

  /** A file that is gone, or empty, is one that is being replaced. */
  #suspicions({ file, text }: FoundFile): readonly Problem[] {
    const before = this.#file;
    if (before.file === undefined || before.text.trim() === '') return [];
    const suspicion = (wanted: string): readonly Problem[] => [{ option: 'nats-config', wanted, origin: before.file ?? '' }];
    if (file === undefined) return suspicion('expected the file that was there before, found nothing');
    return file === before.file && text.trim() === '' ? suspicion('expected a configuration, found an empty file; {} in it says that this is meant') : [];
  }

  #refuse(where: 'file' | 'bucket', problems: readonly Problem[]): OptionError {
    const error = new OptionError(problems);
    this.#errors.set(where, error);
    this.#refusals++;
    if (this.refusal !== undefined) this.refusal = error;
    this.#log.event('configuration-refused', 'error', this.refusal === undefined
      ? 'configuration refused: the last good one stays in force'
      : 'configuration refused: no container can be started', { error: error.message });
    return error;
  }

  #take(where: 'file' | 'bucket'): void {
    this.#errors.delete(where);
    if (where === 'file') this.refusal = undefined;
    this.settings = this.#compose();
    this.#loads++;
    this.#loadedAt = new Date();
    const { file, options } = this.settings;
    this.#log.setLevel(options['log-level']);
    this.#log.event('configuration-loaded', 'info', 'configuration loaded', { ...(file === undefined ? {} : { file }), revision: this.#revision });
    this.#warnOfStart();
    for (const changed of this.#listeners) changed();
  }

  #warnOfStart(): void {
    const names = [...optionSchemas].filter(([, schema]) => schema['x-restart'] === true).map(([name]) => name);
    const valueIn = (settings: Settings, name: string): string => JSON.stringify(Object.entries(settings.options).find(([each]) => each === name)?.[1]);
    const changed = names.filter((name) => valueIn(this.settings, name) !== valueIn(this.#first, name));
    if (changed.length > 0) this.#log.warn('options have changed that hold when the driver is started again', { options: changed.join(',') });
  }
}
