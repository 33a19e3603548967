/** `nats-log-driver tail`: what the driver has published, read back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { hostname } from 'node:os';
import type { Target } from '../core/target.ts';
import { lastMessages } from '../nats/last-lines.ts';
import { NatsFault } from '../nats/open-any.ts';
import { Reader, type ReadMessage, type Start, type StreamFacts } from '../nats/reader.ts';
import { fileReaders, type FileReaders } from '../options/file-readers.ts';
import { OptionError } from '../options/option-error.ts';
import { resolveOptions, type ResolvedOptions } from '../options/resolve.ts';
import { quote } from '../options/option-error.ts';
import { validatePattern } from '../options/subject.ts';
import { parseDuration } from '../options/units.ts';
import { toTarget } from '../plan.ts';
import { UsageError } from './command.ts';
import { untilInterrupted } from './interrupt.ts';
import { Chooser, parseLogMessage, type Choice, type LogMessage } from './log-message.ts';
import { loginWishes, type LoginArguments } from './operator-options.ts';
import type { Output } from './output.ts';
import { findSurroundings } from './surroundings.ts';
import { TailView, type ViewOptions } from './tail-view.ts';

const DEFAULT_LAST = 10;
const MAX_LAST = 1_000_000;
const ALL = 'all';
const DAY_MS = 86_400_000;
/** Before a lost connection is dialled again. */
const PAUSE_MS = 1000;

export interface TailArguments extends ViewOptions, Choice, LoginArguments {
  readonly follow: boolean;
  readonly last: string | undefined;
  readonly since: string | undefined;
  readonly stream: string | undefined;
}

interface Request {
  readonly target: Target;
  readonly readers: FileReaders;
  readonly subject: string;
  readonly stream: string | undefined;
  readonly since: Date | undefined;
  /** undefined: all since then. */
  readonly last: number | undefined;
  readonly follow: boolean;
  readonly isDefault: boolean;
}

/** Returns the exit code. Throws UsageError. */
export async function tail(values: TailArguments, [subject]: readonly string[], env: NodeJS.ProcessEnv, output: Output): Promise<number> {
  const { settings, error, source, plugin, shown } = await findSurroundings(env, loginWishes(values));
  try {
    if (error !== undefined) throw error;
    if (plugin !== undefined) output.writeError(`${output.paintError('dim', `-- settings of ${source}`)}\n`);
    const request = toRequest(values, subject, resolveOptions(settings, {}));
    await new Tail(request, new Chooser(values), new TailView(output, values), untilInterrupted()).run();
    return 0;
  } catch (error) {
    if (!(error instanceof NatsFault || error instanceof OptionError)) throw error;
    output.writeError(`${output.paintError('red', shown(error.message))}\n`);
    return error instanceof OptionError ? 2 : 1;
  }
}

function toRequest({ since, last, follow, stream }: TailArguments, subject: string | undefined, resolved: ResolvedOptions): Request {
  const { options } = resolved;
  const from = since === undefined ? undefined : parseTime(since);
  const fault = subject === undefined ? undefined : validatePattern(subject);
  if (fault !== undefined) throw new UsageError(`SUBJECT: expected one that can be subscribed to, got ${quote(subject ?? '')}, which ${fault}`);
  return {
    target: toTarget(resolved),
    readers: fileReaders(() => options['nats-secret-dirs']),
    subject: subject ?? wildcardOf(options['nats-subject'] ?? options.tag),
    stream: stream ?? options['nats-stream'],
    since: from ?? (last === ALL ? new Date(0) : undefined),
    last: last === undefined ? (from === undefined ? DEFAULT_LAST : undefined) : last === ALL ? undefined : parseCount(last),
    follow,
    isDefault: since === undefined && last === undefined,
  };
}

function parseTime(text: string): Date {
  const [, days, rest] = /^(\d{1,5})d(.*)$/.exec(text) ?? [];
  const ago = rest === '' ? 0 : parseDuration(rest ?? text);
  const time = ago === undefined ? Date.parse(text) : Date.now() - ago - Number(days ?? 0) * DAY_MS;
  if (Number.isNaN(time)) throw new UsageError(`--since: expected a duration such as 10m or 2d, or a time such as 2026-03-14T15:00:00Z, got ${JSON.stringify(text)}`);
  return new Date(time);
}

function parseCount(text: string): number {
  const count = /^\d{1,7}$/.test(text) ? Number(text) : Infinity;
  if (count > MAX_LAST) throw new UsageError(`--last: expected all, or a number from 0 to ${MAX_LAST}, got ${JSON.stringify(text)}`);
  return count;
}

/** `logs.{{.Name}}` → `logs.>`: from the first part on that differs between containers, any. */
export function wildcardOf(template: string): string {
  const action = template.indexOf('{{');
  if (action < 0) return template;
  return `${template.slice(0, template.lastIndexOf('.', action) + 1)}>`;
}

class Tail {
  readonly #request: Request;
  readonly #chooser: Chooser;
  readonly #view: TailView;
  readonly #signal: AbortSignal;
  #reader: Reader | undefined;

  constructor(request: Request, chooser: Chooser, view: TailView, signal: AbortSignal) {
    this.#request = request;
    this.#chooser = chooser;
    this.#view = view;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    this.#reader = await this.#open();
    try {
      const stream = await this.#findStream(this.#reader);
      await (stream === undefined ? this.#live() : this.#replay(this.#reader, stream));
    } finally {
      this.#view.end();
      await this.#reader.close();
    }
    const { unlabelled } = this.#chooser;
    if (unlabelled > 0) this.#view.warn(`${unlabelled} messages have no label of a service or project and were left out: the option labels puts it in`);
  }

  #open(): Promise<Reader> {
    return Reader.open(this.#request.target, { name: `nats-log-driver tail@${hostname()}`, ...this.#request.readers });
  }

  /** undefined: none covers the subject. */
  async #findStream(reader: Reader): Promise<StreamFacts | undefined> {
    const { subject, stream, follow, isDefault } = this.#request;
    if (stream !== undefined) return await reader.stream(stream);
    const names = await reader.streamsOf(subject);
    const [name, ...others] = names ?? [];
    if (others.length > 0) throw new NatsFault(`several streams hold messages of ${subject}: choose one with --stream, or name another subject\n${names?.join('\n')}`);
    if (name !== undefined) return await reader.stream(name);
    const reason = names === undefined ? `JetStream does not tell of streams, so there is no history of ${subject}` : `no stream covers ${subject}, so it has no history`;
    if (!follow && !isDefault) throw new NatsFault(`${reason}; --follow shows what comes`);
    this.#view.warn(`${reason}: showing what comes`);
    return undefined;
  }

  async #replay(reader: Reader, stream: StreamFacts): Promise<void> {
    const { subject, since, last, follow } = this.#request;
    const read = (start: Start, end: number | undefined): AsyncGenerator<ReadMessage> => reader.history(stream, subject, start, end, this.#signal);
    let start: Start = since === undefined ? { position: stream.last + 1 } : { time: since };
    if (last !== undefined) {
      const isWanted = (message: ReadMessage): boolean => this.#wanted(message) !== undefined;
      const shown = since === undefined
        ? await lastMessages(stream, last, isWanted, (from, to) => read({ position: from }, to))
        : await lastOf(read(start, stream.last), last, isWanted);
      this.#view.expect(shown);
      for (const message of shown) this.#show(message);
      start = { position: stream.last + 1 };
    } else if (!follow && stream.last >= stream.first) {
      for await (const message of read(start, stream.last)) this.#show(message);
    }
    if (follow) await this.#follow(stream, start);
    else if (!this.#view.hasShown && last !== 0) this.#view.warn(`the stream ${stream.name} holds no such line`);
  }

  /** From where reading stopped, over any number of connections. */
  async #follow(stream: StreamFacts, from: Start): Promise<void> {
    let start = from;
    await this.#lastingly(async (reader) => {
      for await (const message of reader.history(stream, this.#request.subject, start, undefined, this.#signal)) {
        start = { position: (message.position ?? 0) + 1 };
        this.#show(message);
      }
    }, 'going on where it was');
  }

  async #live(): Promise<void> {
    await this.#lastingly(async (reader) => {
      for await (const message of reader.live(this.#request.subject, this.#signal)) this.#show(message);
    }, 'lines may have been missed');
  }

  /** Until it is aborted; with a new connection whenever one is lost. */
  async #lastingly(read: (reader: Reader) => Promise<void>, afterwards: string): Promise<void> {
    while (!this.#signal.aborted && this.#reader !== undefined) {
      await read(this.#reader);
      if (this.#signal.aborted) return;
      if (!this.#reader.isLost) throw new NatsFault('NATS has ended the reading: the stream was removed, or the subject is not permitted any more');
      this.#view.warn(`connection to NATS lost (${await this.#reader.lost}): dialling again`);
      await this.#reader.close();
      this.#reader = await this.#reopen() ?? this.#reader;
      if (!this.#reader.isLost) this.#view.warn(`connected to NATS again: ${afterwards}`);
    }
  }

  async #reopen(): Promise<Reader | undefined> {
    while (!this.#signal.aborted) {
      try {
        return await this.#open();
      } catch (error) {
        if (!(error instanceof NatsFault)) throw error;
        await sleep(PAUSE_MS, undefined, { signal: this.#signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  #wanted({ data }: ReadMessage): LogMessage | undefined {
    const message = parseLogMessage(data);
    return message !== undefined && this.#chooser.isWanted(message) ? message : undefined;
  }

  #show(message: ReadMessage): void {
    const parsed = parseLogMessage(message.data);
    if (parsed === undefined) this.#view.skip(message);
    else if (this.#chooser.isWanted(parsed)) this.#view.show(message, parsed);
  }
}

async function lastOf(messages: AsyncIterable<ReadMessage>, count: number, isWanted: (message: ReadMessage) => boolean): Promise<readonly ReadMessage[]> {
  const found: ReadMessage[] = [];
  for await (const message of messages) {
    if (!isWanted(message)) continue;
    found.push(message);
    if (found.length > 2 * count) found.splice(0, found.length - count);
  }
  return count === 0 ? [] : found.slice(-count);
}
