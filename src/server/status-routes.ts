/** What can be asked of the driver, on whatever socket: GET and HEAD, and nothing is changed by it. */
import Router from 'koa-router';
import { isReady, problemsOf } from '../core/readiness.ts';
import type { DriverStatus } from '../core/status.ts';
import { answerJson } from './json-answer.ts';
import type { Metrics } from './metrics.ts';

export interface StatusSource {
  status(): DriverStatus | Promise<DriverStatus>;
}

/** Loads prom-client when the metrics are asked for the first time: most hosts never do. */
export class LazyMetrics {
  readonly #source: StatusSource;
  readonly #containers: () => number;
  #metrics: Promise<Metrics> | undefined;

  /** `containers`: how many have series of their own. */
  constructor(source: StatusSource, containers: () => number) {
    this.#source = source;
    this.#containers = containers;
  }

  get(): Promise<Metrics> {
    return this.#metrics ??= this.#load();
  }

  async #load(): Promise<Metrics> {
    const { Metrics } = await import('./metrics.ts');
    return new Metrics(() => this.#source.status(), this.#containers);
  }
}

export function statusRoutes(source: StatusSource, metrics: LazyMetrics): Router {
  const router = new Router();
  router.get('/status', async (context) => {
    answerJson(context, await source.status());
  });
  router.get('/metrics', async (context) => {
    const loaded = await metrics.get();
    context.type = loaded.contentType;
    context.body = await loaded.text();
  });
  router.get('/healthz', (context) => {
    answerJson(context, { status: 'ok' });
  });
  router.get('/readyz', async (context) => {
    const problems = problemsOf(await source.status(), Date.now());
    context.status = isReady(problems) ? 200 : 503;
    answerJson(context, { status: isReady(problems) ? 'ready' : 'not-ready', problems });
  });
  return router;
}
