/** Messages as lines of text: the container in front, in its colour, as Compose does. */
import type { ReadMessage } from '../nats/reader.ts';
import { LineJoiner, type Joined } from './line-joiner.ts';
import { parseLogMessage, type LogMessage } from './log-message.ts';
import type { Output, Style } from './output.ts';
import { printable, shorten, showCount } from './printable.ts';
import { SequenceWatch } from './sequence-watch.ts';

const PALETTE: readonly Style[] = ['cyan', 'yellow', 'green', 'magenta', 'blue', 'cyanBright', 'yellowBright', 'greenBright', 'magentaBright', 'blueBright'];
/** Longer names are shortened. */
const MAX_NAME = 40;
/** Containers whose colour is remembered. */
const MAX_STYLES = 1000;

export interface ViewOptions {
  readonly timestamps: boolean;
  readonly json: boolean;
  /** Control characters stay what they are. */
  readonly raw: boolean;
}

export class TailView {
  readonly #output: Output;
  readonly #options: ViewOptions;
  readonly #joiner = new LineJoiner();
  readonly #watch = new SequenceWatch();
  readonly #styles = new Map<string, Style>();
  readonly #hosts = new Set<string>();
  /** Of the widest name so far. */
  #width = 0;
  #isTold = false;
  /** A message, or that one was left out. */
  hasShown = false;

  constructor(output: Output, options: ViewOptions) {
    this.#output = output;
    this.#options = options;
  }

  /** Makes room for the names in these messages, so that their lines stand below each other. */
  expect(messages: readonly ReadMessage[]): void {
    for (const { data } of messages) {
      const message = parseLogMessage(data);
      if (message !== undefined) this.#width = Math.max(this.#width, this.#nameOf(message).length);
    }
  }

  show({ session, sequence, data }: ReadMessage, message: LogMessage): void {
    this.hasShown = true;
    const hole = session === undefined || sequence === undefined ? undefined : this.#watch.note(session, sequence);
    if (hole !== undefined) {
      const count = hole.to - hole.from + 1;
      this.warn(`${this.#nameOf(message)}: ${showCount(count)} message${count === 1 ? ' is' : 's are'} missing before ${message.time} (${hole.from}${count === 1 ? '' : ` to ${hole.to}`})`);
    }
    if (this.#options.json) this.#output.write(`${this.#safe(oneLine(data, message))}\n`);
    else for (const joined of this.#joiner.add(message)) this.#line(joined);
  }

  /** A message of somebody else. */
  skip({ subject }: ReadMessage): void {
    this.hasShown = true;
    if (this.#isTold) return;
    this.#isTold = true;
    this.warn(`messages that are not the driver's are left out, the first on ${subject}`);
  }

  warn(text: string): void {
    this.#output.writeError(`${this.#output.paintError('yellow', `-- ${printable(text)}`)}\n`);
  }

  end(): void {
    for (const joined of this.#joiner.end()) this.#line(joined);
  }

  #line({ message, text, isCut }: Joined): void {
    const { paint } = this.#output;
    const name = this.#nameOf(message);
    this.#width = Math.max(this.#width, name.length);
    const isError = message.source === 'stderr';
    const time = this.#options.timestamps ? `${paint('dim', message.time)} ` : '';
    const style = this.#styleOf(message.container_id);
    const prefix = paint(style, `${name.padEnd(this.#width)} `) + paint(isError ? 'red' : style, isError ? '! ' : '| ');
    const body = message.source === 'driver' ? paint('yellow', describeGap(message)) : this.#safe(text);
    const cut = message.truncated === undefined ? '' : paint('dim', ` … (cut, ${showCount(message.truncated)} bytes)`);
    this.#output.write(`${prefix}${time}${body}${cut}${isCut ? paint('dim', ' … (the rest is missing)') : ''}\n`);
  }

  #safe(text: string): string {
    return this.#options.raw || !this.#output.isTerminal ? text : printable(text);
  }

  #nameOf({ container_name: name, hostname }: LogMessage): string {
    if (this.#hosts.size < 2) this.#hosts.add(hostname);
    return shorten(printable(this.#hosts.size < 2 ? name : `${name}@${hostname}`), MAX_NAME);
  }

  #styleOf(id: string): Style {
    const known = this.#styles.get(id);
    if (known !== undefined) return known;
    const style = PALETTE[this.#styles.size % PALETTE.length] ?? 'reset';
    if (this.#styles.size < MAX_STYLES) this.#styles.set(id, style);
    return style;
  }
}

function describeGap({ gap, text }: LogMessage): string {
  if (gap === undefined) return printable(text);
  return `-- ${showCount(gap.lines)} line${gap.lines === 1 ? ' was' : 's were'} given up here (${printable(gap.reason)}), from ${printable(gap.from)} to ${printable(gap.to)} --`;
}

/** The message as it came, unless it has more than one line. */
function oneLine(data: Uint8Array, message: LogMessage): string {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
  return text.includes('\n') ? JSON.stringify(message) : text;
}
