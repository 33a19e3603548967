/** What the plugin's HTTP side needs behind it. */

/** What the engine asks for. A RequestError's message is shown to the user. */
export interface LogDriver {
  /** `info`: the engine's `Info`, unchecked. */
  startLogging(file: string, info: unknown): void | Promise<void>;
  /** Never fails: the engine would leak the FIFO. */
  stopLogging(file: string): Promise<void>;
}

/** Text for the user, sent with status 200. */
export class RequestError extends Error {}
