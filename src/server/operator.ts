/**
 * Metrics, health and status over HTTP, for operators: off by default, read-only, and without secrets. A web page
 * elsewhere must not reach it through the browser of somebody who may: names that are none of this machine's are
 * refused (DNS rebinding), and so are requests that a browser makes for another site.
 */
import { isIP } from 'node:net';
import type { RequestListener } from 'node:http';
import Koa, { type Context, type Next } from 'koa';
import type { Log } from '../core/log.ts';
import { answerJson } from './json-answer.ts';
import { PAGE, SCRIPT_HASH, STYLE_HASH } from './page.generated.ts';
import { tailRoute, type TailSource } from './tail-route.ts';
import { statusRoutes, type LazyMetrics, type StatusSource } from './status-routes.ts';

const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': 'default-src \'none\'; frame-ancestors \'none\'; base-uri \'none\'; form-action \'none\'',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** The page loads nothing but the status, from where it came from itself. */
const PAGE_POLICY = `default-src 'none'; script-src ${SCRIPT_HASH}; style-src ${STYLE_HASH}; connect-src 'self'; img-src data:; `
  + 'frame-ancestors \'none\'; base-uri \'none\'; form-action \'none\'';

export interface OperatorSettings {
  readonly source: StatusSource;
  readonly metrics: LazyMetrics;
  /** By which it may be addressed, besides `localhost` and any address; undefined: by whatever name. */
  readonly names: readonly string[] | undefined;
  /** undefined: lines are not shown here. */
  readonly tail: TailSource | undefined;
  readonly log: Log;
}

/** Answers requests of operators and their tools. */
export function operatorListener({ source, metrics, names, tail, log }: OperatorSettings): RequestListener {
  const app = new Koa();
  app.use(async (context, next) => {
    context.set(HEADERS);
    try {
      await next();
    } catch (error) {
      log.error('request failed', { path: context.path, error: error instanceof Error ? error.stack ?? error.message : String(error) });
      context.status = 500;
      answerJson(context, { error: 'internal error, see the log of the driver' });
    }
  });
  app.use((context, next) => guard(context, next, names));
  app.use(statusRoutes(source, metrics).routes());
  if (tail !== undefined) app.use(tailRoute(tail).routes());
  app.use((context) => {
    if (context.path === '/tail') return refuse(context, 403, 'lines are not shown at this address (nats-log-http-tail)');
    if (context.path !== '/') return refuse(context, 404, 'there is /, /metrics, /healthz, /readyz, /status and /tail');
    context.set('Content-Security-Policy', PAGE_POLICY);
    context.type = 'html';
    context.body = PAGE;
  });
  app.on('error', (error: Error) => log.limited('warn', 'operator http', 'operator listener', { error: error.message }));
  const answer = app.callback();
  return (request, response) => void answer(request, response);
}

async function guard(context: Context, next: Next, names: readonly string[] | undefined): Promise<void> {
  if (context.method !== 'GET' && context.method !== 'HEAD') {
    context.set('Allow', 'GET, HEAD');
    return refuse(context, 405, 'only GET and HEAD are answered');
  }
  if (names !== undefined && !isOwnName(context.get('Host'), names)) {
    return refuse(context, 421, 'the Host of the request is no name of this machine (nats-log-http-names)');
  }
  // A browser says what a request is made for. Source: W3C Fetch Metadata.
  const site = context.get('Sec-Fetch-Site');
  if (!['', 'none', 'same-origin'].includes(site)) return refuse(context, 403, 'the request was made for another site');
  await next();
}

function refuse(context: Context, status: number, error: string): void {
  context.status = status;
  answerJson(context, { error });
}

/** An address cannot be rebound, a name can. */
function isOwnName(host: string, names: readonly string[]): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host) ?? [];
  const name = (bracketed ?? plain ?? '').toLowerCase();
  return isIP(name) !== 0 || name === 'localhost' || names.includes(name);
}
