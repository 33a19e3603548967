/** Answers in JSON. */
import type { Context } from 'koa';

/**
 * Sets the body. Koa looks at an object first whether it is a `Response` of the web, and Node loads all of its HTTP client to know that
 * class: 50 ms and some megabytes, for the first container. A text it takes as it is.
 */
export function answerJson(context: Pick<Context, 'type' | 'body'>, body: object): void {
  context.type = 'json';
  context.body = JSON.stringify(body);
}
