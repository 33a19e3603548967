/**
 * The plugin's HTTP side: the only place where a request or a response is seen.
 *
 * The engine sends POST with a JSON body and no content type over a unix socket; a body may be empty, even where one
 * belongs (its own retries lose it). It reads `Err` from a 200 as the text for the user, and calls any other status
 * a broken plugin. Source: moby pkg/plugins/client.go, daemon/logger/proxy.go.
 */
import type { IncomingMessage, RequestListener } from 'node:http';
import Koa from 'koa';
import Router from 'koa-router';
import type { Log } from '../core/log.ts';
import { answerJson } from './json-answer.ts';
import { RequestError, type LogDriver } from './log-driver.ts';
import { statusRoutes, type LazyMetrics, type StatusSource } from './status-routes.ts';

/** Bodies hold all labels and the whole environment of a container; the engine sets no limit. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

export interface PluginSettings {
  readonly driver: LogDriver & StatusSource;
  /** Reads the configuration again. An error's message is shown to the user. */
  readonly reload: () => void;
  readonly metrics: LazyMetrics;
  readonly log: Log;
}

/** Answers the engine's requests. */
export function requestListener({ driver, reload, metrics, log }: PluginSettings): RequestListener {
  const app = new Koa();
  const router = new Router();
  router.post('/Plugin.Activate', (context) => {
    answerJson(context, { Implements: ['LogDriver'] });
  });
  router.post('/LogDriver.Capabilities', (context) => {
    // The engine then keeps a local copy that serves `docker logs`.
    answerJson(context, { Cap: { ReadLogs: false }, Err: '' });
  });
  router.post('/LogDriver.StartLogging', async (context) => {
    const request = await readRequest(context.req, 'StartLogging');
    await driver.startLogging(fileOf(request), request['Info']);
    answerJson(context, { Err: '' });
  });
  router.post('/LogDriver.StopLogging', async (context) => {
    await driver.stopLogging(fileOf(await readRequest(context.req, 'StopLogging')));
    answerJson(context, { Err: '' });
  });
  router.post('/reload', (context) => {
    reload();
    answerJson(context, { Err: '' });
  });
  app.use(async (context, next) => {
    try {
      await next();
    } catch (error) {
      const expected = error instanceof RequestError;
      if (!expected) log.error('request failed', { path: context.path, error: error instanceof Error ? error.stack ?? error.message : String(error) });
      context.status = expected ? 200 : 500;
      answerJson(context, { Err: expected ? error.message : 'nats: internal error, see the log of the plugin' });
      return;
    }
    if (context.body === undefined) {
      context.status = 404;
      answerJson(context, { Err: `nats: ${context.method} ${context.path.slice(0, 100)} is no request of a log driver` });
    }
  });
  app.use(router.routes());
  app.use(statusRoutes(driver, metrics).routes());
  // A connection that broke off; what a request did wrong was answered above.
  app.on('error', (error: Error) => log.limited('warn', 'http', 'plugin socket', { error: error.message }));
  const answer = app.callback();
  return (request, response) => void answer(request, response);
}

/** The body as an object. Engines send exactly one JSON value. */
async function readRequest(request: IncomingMessage, method: string): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) throw new RequestError(`nats: ${method}: the request has ${size} bytes, at most ${MAX_BODY_BYTES} are taken`);
  if (size === 0) throw new RequestError(`nats: ${method}: the request came without its body, as a repeated request of the engine does; start the container again`);
  const value = parseJson(Buffer.concat(chunks).toString());
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RequestError(`nats: ${method}: expected a JSON object as the request`);
  return value as Readonly<Record<string, unknown>>;
}

/** The text holds a container's environment and appears in no error. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fileOf(request: Readonly<Record<string, unknown>>): string {
  const file = request['File'];
  if (typeof file === 'string' && file !== '') return file;
  throw new RequestError('nats: expected the path of a log FIFO as File');
}
