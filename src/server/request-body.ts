/** Bodies of the engine's requests, in memory that is bounded: for each of them, and for all that are under way. */
import type { IncomingMessage } from 'node:http';
import { RequestError } from './log-driver.ts';

/** Bodies hold all labels and the whole environment of a container; the engine sets no limit. A program's arguments and environment have 2 MiB on Linux. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** For those that are larger than most: whoever fills it, ordinary requests have room beside it. */
const LARGE_BODIES_BYTES = 64 * 1024 * 1024;
const ORDINARY_BODY_BYTES = 64 * 1024;
/** Objects and arrays within each other; the engine's have three. The parser takes some forty bytes for each that is open. */
const MAX_DEPTH = 100;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The connection was closed before the request was whole: nobody waits for an answer. */
export class BrokenRequest extends Error {}

export class RequestBodies {
  /** Bytes of those that are larger than an ordinary one. */
  #large = 0;

  /** The body as an object; engines send exactly one JSON value. Throws RequestError, and BrokenRequest. */
  async read(request: IncomingMessage, method: string): Promise<Readonly<Record<string, unknown>>> {
    const body = await this.#readBytes(request, method);
    if (body.length === 0) throw new RequestError(`nats: ${method}: the request came without its body, as a repeated request of the engine does; start the container again`);
    if (isDeep(body)) throw new RequestError(`nats: ${method}: expected a JSON object as the request, got something nested more than ${MAX_DEPTH} deep`);
    const value = parseJson(body.toString());
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RequestError(`nats: ${method}: expected a JSON object as the request`);
    return value as Readonly<Record<string, unknown>>;
  }

  /** What is refused is read to its end all the same: the connection may serve the next request. */
  async #readBytes(request: IncomingMessage, method: string): Promise<Buffer> {
    let chunks: Buffer[] = [];
    let size = 0;
    let large = 0;
    let refusal: string | undefined;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (refusal !== undefined) continue;
        const more = size > ORDINARY_BODY_BYTES ? size - large : 0;
        if (size > MAX_BODY_BYTES) refusal = `at most ${MAX_BODY_BYTES} are taken, since they are kept in memory`;
        else if (this.#large + more > LARGE_BODIES_BYTES) refusal = `and all that are under way have more than ${LARGE_BODIES_BYTES}, which is what they may take of the memory; start the container again`;
        if (refusal === undefined) {
          chunks.push(chunk);
          large += more;
          this.#large += more;
        } else {
          chunks = [];
        }
      }
    } catch (error) {
      throw new BrokenRequest(`${method}: the connection was closed after ${size} bytes of the request`, { cause: error });
    } finally {
      this.#large -= large;
    }
    if (refusal !== undefined) throw new RequestError(`nats: ${method}: the request has ${size} bytes, ${refusal}`);
    return Buffer.concat(chunks);
  }
}

/** Whether a large body is nested deeper than any of the engine. */
function isDeep(body: Buffer): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; body.length > ORDINARY_BODY_BYTES && at < body.length && depth <= MAX_DEPTH; at++) {
    const byte = body[at];
    if (isText && byte === BACKSLASH) at++;
    else if (byte === QUOTE) isText = !isText;
    else if (isText) continue;
    else if (byte === 0x5b || byte === 0x7b) depth++;
    else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return depth > MAX_DEPTH;
}

/** The text holds a container's environment and appears in no error. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
