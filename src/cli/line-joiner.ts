/** Puts the pieces of a line together again, in bounded memory. */
import type { LogMessage } from './log-message.ts';

/** Characters, of all lines that are not complete yet. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

interface Open { readonly first: LogMessage; text: string }

export interface Joined {
  readonly message: LogMessage;
  readonly text: string;
  /** Its end, or a part of it, is missing. */
  readonly isCut: boolean;
}

export class LineJoiner {
  readonly #open = new Map<string, Open>();
  readonly #limit: number;
  #size = 0;

  constructor(limit = MAX_CHARACTERS) {
    this.#limit = limit;
  }

  /** The lines that are complete now, or have to be given up. */
  add(message: LogMessage): readonly Joined[] {
    const { partial_id: id, text } = message;
    if (id === undefined) return [{ message, text, isCut: false }];
    const key = `${message.container_id} ${id}`;
    const open = this.#open.get(key) ?? { first: message, text: '' };
    this.#open.set(key, open);
    open.text += text;
    this.#size += text.length;
    if (message.partial_last === true) return [this.#take(key, open, false)];
    const [oldest] = this.#open;
    return this.#size > this.#limit && oldest !== undefined ? [this.#take(...oldest, true)] : [];
  }

  /** No more will come. */
  end(): readonly Joined[] {
    return [...this.#open].map(([key, open]) => this.#take(key, open, true));
  }

  #take(key: string, { first, text }: Open, isCut: boolean): Joined {
    this.#open.delete(key);
    this.#size -= text.length;
    return { message: first, text, isCut };
  }
}
