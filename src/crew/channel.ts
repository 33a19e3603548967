/**
 * Two threads that call each other's functions. Calls arrive in the order in which they were made; the other side may work on several at a
 * time. What a call rejects with arrives as the same words.
 */
import { RequestError } from '../server/log-driver.ts';

/** A worker as the main thread sees it, or the other way round. */
export interface Port {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: Message) => void): unknown;
}

/** What can be cloned goes in and out; see the structured clone algorithm of HTML. */
type Functions<Names extends string> = Readonly<Record<Names, (...args: never[]) => unknown>>;

type Message = Call | Answer;

/** `id`: an answer is wanted. */
interface Call { readonly id?: number; readonly name: string; readonly args: readonly unknown[] }

interface Answer { readonly id: number; readonly value?: unknown; readonly error?: Failure }

/** `isForUser`: a RequestError. */
interface Failure { readonly isForUser: boolean; readonly message: string; readonly stack?: string | undefined }

export class Channel<Far extends Functions<keyof Far & string>> {
  readonly #port: Port;
  readonly #near: ReadonlyMap<string, (...args: unknown[]) => unknown>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;

  /** `near`: what the other side may call. */
  constructor(port: Port, near: object) {
    this.#port = port;
    this.#near = new Map(Object.entries(near));
    port.on('message', (message) => 'name' in message ? this.#called(message) : this.#answered(message));
  }

  /** Resolves with what the function returns or resolves with on the other side. */
  ask<Name extends keyof Far & string>(name: Name, ...args: Parameters<Far[Name]>): Promise<Awaited<ReturnType<Far[Name]>>> {
    const id = ++this.#asked;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#port.postMessage({ id, name, args } satisfies Call);
    return answer.promise as Promise<Awaited<ReturnType<Far[Name]>>>;
  }

  /** Without an answer: an error is one of the other side. */
  tell<Name extends keyof Far & string>(name: Name, ...args: Parameters<Far[Name]>): void {
    this.#port.postMessage({ name, args } satisfies Call);
  }

  #called({ id, name, args }: Call): void {
    const called = this.#near.get(name);
    if (called === undefined) throw new Error(`nobody answers to ${name}`);
    if (id === undefined) called(...args);
    else void this.#answer(id, async () => await called(...args));
  }

  async #answer(id: number, work: () => Promise<unknown>): Promise<void> {
    const answer = await work().then((value): Answer => ({ id, value }), (error: unknown): Answer => ({ id, error: toFailure(error) }));
    this.#port.postMessage(answer);
  }

  #answered({ id, value, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(toError(error));
  }
}

function toFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { isForUser: false, message: String(error) };
  return { isForUser: error instanceof RequestError, message: error.message, stack: error.stack };
}

function toError({ isForUser, message, stack }: Failure): Error {
  const error = isForUser ? new RequestError(message) : new Error(message);
  return stack === undefined ? error : Object.assign(error, { stack });
}
