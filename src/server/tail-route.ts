/**
 * `GET /tail?session=ID`: the lines of a session as they come, as server-sent events, for the status page. Bounded: a
 * busy container is shown in part, and it is said how many lines are not; a reader that is slow holds up nobody.
 * Source of the format: HTML Standard, server-sent events.
 */
import { PassThrough } from 'node:stream';
import type { Context } from 'koa';
import Router from 'koa-router';
import type { LogEntry } from '../core/types.ts';

/** What a person can look through, and a browser draw. */
const LINES_PER_SECOND = 500;
/** Of a line. */
const SHOWN_BYTES = 4096;
/** What a reader may leave unread. */
const UNREAD_BYTES = 256 * 1024;
const SECOND_MS = 1000;
/** More are no help to anybody, and each costs. */
const MAX_TAILS = 16;

export interface TailSource {
  /** Returns what ends it; undefined: there is no such session. `ended`: the session has ended. */
  tail(session: string, listener: { line(entry: LogEntry): void; ended(): void }): (() => void) | undefined;
}

export function tailRoute(source: TailSource): Router {
  const router = new Router();
  let open = 0;
  router.get('/tail', (context) => {
    if (open >= MAX_TAILS) return refuse(context, 503, `${MAX_TAILS} tails are open, which is the most`);
    const stream = new PassThrough();
    const tail = new TailStream(stream);
    const stop = source.tail(String(context.query['session']), tail);
    if (stop === undefined) {
      tail.close();
      return refuse(context, 404, 'there is no such session');
    }
    open++;
    stream.once('close', () => {
      open--;
      tail.close();
      stop();
    });
    context.type = 'text/event-stream';
    context.body = stream;
    // The answer begins now, not with the first line.
    stream.write(': live\n\n');
  });
  return router;
}

function refuse(context: Context, status: number, error: string): void {
  context.status = status;
  context.body = { error };
}

class TailStream {
  readonly #stream: PassThrough;
  readonly #timer: NodeJS.Timeout;
  /** In this second. */
  #lines = 0;
  #skipped = 0;

  constructor(stream: PassThrough) {
    this.#stream = stream;
    this.#timer = setInterval(() => this.#tick(), SECOND_MS);
  }

  line({ bytes, start, end, source }: LogEntry): void {
    if (this.#lines >= LINES_PER_SECOND || this.#stream.writableLength > UNREAD_BYTES) {
      this.#skipped++;
      return;
    }
    this.#lines++;
    const shown = Math.min(end, start + SHOWN_BYTES);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, shown - start).toString() + (shown < end ? '…' : '');
    this.#send('message', { source, text });
  }

  /** Nothing is written behind the end, however slow the reader is to take it. */
  ended(): void {
    this.close();
    this.#tick();
    this.#send('end', {});
    this.#stream.end();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (this.#skipped > 0) this.#send('skipped', this.#skipped);
    this.#lines = 0;
    this.#skipped = 0;
  }

  #send(event: string, data: unknown): void {
    this.#stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
