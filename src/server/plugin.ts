/**
 * The plugin's HTTP side: the only place where a request or a response is seen.
 *
 * The engine sends POST with a JSON body and no content type over a unix socket; a body may be empty, even where one
 * belongs (its own retries lose it). It reads `Err` from a 200 as the text for the user, and calls any other status
 * a broken plugin. Source: moby pkg/plugins/client.go, daemon/logger/proxy.go.
 */
import type { RequestListener } from 'node:http';
import Koa from 'koa';
import Router from 'koa-router';
import type { Log } from '../core/log.ts';
import { answerJson } from './json-answer.ts';
import { RequestError, type LogDriver } from './log-driver.ts';
import { BrokenRequest, RequestBodies } from './request-body.ts';
import { statusRoutes, type LazyMetrics, type StatusSource } from './status-routes.ts';

/** PATH_MAX of Linux, without the byte that ends a path. */
const MAX_PATH_BYTES = 4095;

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
  const bodies = new RequestBodies();
  router.post('/Plugin.Activate', (context) => {
    answerJson(context, { Implements: ['LogDriver'] });
  });
  router.post('/LogDriver.Capabilities', (context) => {
    // The engine then keeps a local copy that serves `docker logs`.
    answerJson(context, { Cap: { ReadLogs: false }, Err: '' });
  });
  router.post('/LogDriver.StartLogging', async (context) => {
    const request = await bodies.read(context.req, 'StartLogging');
    await driver.startLogging(fileOf(request), request['Info']);
    answerJson(context, { Err: '' });
  });
  router.post('/LogDriver.StopLogging', async (context) => {
    await driver.stopLogging(fileOf(await bodies.read(context.req, 'StopLogging')));
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
      if (error instanceof BrokenRequest) return log.limited('warn', 'http', 'plugin socket', { error: error.message });
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

function fileOf(request: Readonly<Record<string, unknown>>): string {
  const file = request['File'];
  if (typeof file !== 'string' || file === '') throw new RequestError(`nats: expected the path of a log FIFO as File, got ${file === '' ? 'nothing' : kindOf(file)}`);
  const bytes = Buffer.byteLength(file);
  if (bytes > MAX_PATH_BYTES) throw new RequestError(`nats: expected the path of a log FIFO as File, of at most ${MAX_PATH_BYTES} bytes, got ${bytes}`);
  return file;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
