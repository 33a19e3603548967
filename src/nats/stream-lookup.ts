/**
 * Asks JetStream which streams take a subject, before anything is published there: what would help is then in the log before
 * the first line waits. Nobody waits for the answer, and a user may lack the permission to ask: then nothing is known, and nothing said.
 * Source: the JetStream API, $JS.API.STREAM.NAMES; the same since nats-server 2.2.
 */
import type { Link } from './link.ts';

/** Names of the streams that take the subject; undefined: that cannot be known. */
export type Tell = (streams: readonly string[] | undefined) => void;

interface NamesAnswer {
  readonly streams?: readonly string[] | null;
  readonly error?: unknown;
}

export class StreamLookup {
  readonly #api: string;
  /** Who asks, by subject, in order. */
  readonly #asking = new Map<string, Set<Tell>>();
  /** Subjects that a stream took when it was asked: containers that share one ask once. */
  readonly #taken = new Set<string>();
  #link: Link | undefined;
  #isBusy = false;

  /** `api`: see `jetStreamApi`. */
  constructor(api: string) {
    this.#api = api;
  }

  /** One question at a time: there may be one for each container. */
  open(link: Link): void {
    this.#link = link;
    void this.#askAll(link);
  }

  lose(): void {
    this.#link = undefined;
    this.#taken.clear();
  }

  /** False: there is nothing to be told of, a stream takes the subject. */
  ask(subject: string, tell: Tell): boolean {
    if (this.#taken.has(subject)) return false;
    const tells = this.#asking.get(subject) ?? new Set();
    this.#asking.set(subject, tells.add(tell));
    if (this.#link !== undefined) void this.#askAll(this.#link);
    return true;
  }

  forget(subject: string, tell: Tell): void {
    const tells = this.#asking.get(subject);
    if (tells?.delete(tell) === true && tells.size === 0) this.#asking.delete(subject);
  }

  /** The server refuses the question: this user may not ask. */
  refused(subject: string): boolean {
    return subject === this.#subject;
  }

  get #subject(): string {
    return `${this.#api}.STREAM.NAMES`;
  }

  async #askAll(link: Link): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (const [subject, tells] of this.#asking) {
      const streams = await this.#names(link, subject);
      // What was not answered since the link was lost is asked on the next one.
      if (link !== this.#link) break;
      this.#asking.delete(subject);
      if (streams !== undefined && streams.length > 0) this.#taken.add(subject);
      for (const tell of tells) tell(streams);
    }
    this.#isBusy = false;
    if (link !== this.#link && this.#link !== undefined) await this.#askAll(this.#link);
  }

  /** undefined: no answer, or one that says nothing. */
  async #names(link: Link, subject: string): Promise<readonly string[] | undefined> {
    try {
      const { streams, error } = JSON.parse(await link.request(this.#subject, JSON.stringify({ subject }))) as NamesAnswer;
      return error === undefined ? streams ?? [] : undefined;
    } catch {
      // Not permitted, no JetStream, too slow: publishing tells.
      return undefined;
    }
  }
}
