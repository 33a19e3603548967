/**
 * `GET /tail?session=ID`: the lines of a session as they come, as server-sent events, for the status page. Bounded: a
 * busy container is shown in part, and it is said how many lines are not; a reader that is slow holds up nobody.
 * Source of the format: HTML Standard, server-sent events.
 */
import { PassThrough } from 'node:stream';
import type { Context } from 'koa';
import Router from 'koa-router';
import type { Source } from '../core/types.ts';
import type { StopViewing, Viewer } from '../core/viewer.ts';
import { answerJson } from './json-answer.ts';

/** What a reader may leave unread. */
const UNREAD_BYTES = 256 * 1024;
/** More are no help to anybody, and each costs. */
const MAX_TAILS = 16;

export interface TailSource {
  /** undefined: there is no such session. */
  tail(session: string, viewer: Viewer): StopViewing | undefined | Promise<StopViewing | undefined>;
}

export function tailRoute(source: TailSource): Router {
  const router = new Router();
  let open = 0;
  router.get('/tail', async (context) => {
    if (open >= MAX_TAILS) return refuse(context, 503, `${MAX_TAILS} tails are open, which is the most`);
    open++;
    const stream = new PassThrough();
    const stop = await source.tail(String(context.query['session']), new TailStream(stream));
    if (stop === undefined) {
      open--;
      return refuse(context, 404, 'there is no such session');
    }
    stream.once('close', () => {
      open--;
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
  answerJson(context, { error });
}

class TailStream implements Viewer {
  readonly #stream: PassThrough;
  /** That the reader was not told of yet. */
  #skipped = 0;

  constructor(stream: PassThrough) {
    this.#stream = stream;
    stream.on('drain', () => this.#tell());
  }

  line(source: Source, text: string): void {
    if (this.#stream.writableLength > UNREAD_BYTES) {
      this.#skipped++;
      return;
    }
    this.#send('message', { source, text });
  }

  skipped(lines: number): void {
    this.#skipped += lines;
    if (this.#stream.writableLength <= UNREAD_BYTES) this.#tell();
  }

  /** Nothing is written behind the end, however slow the reader is to take it. */
  ended(): void {
    this.#tell();
    this.#send('end', {});
    this.#stream.end();
  }

  #tell(): void {
    if (this.#skipped > 0) this.#send('skipped', this.#skipped);
    this.#skipped = 0;
  }

  #send(event: string, data: unknown): void {
    this.#stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
