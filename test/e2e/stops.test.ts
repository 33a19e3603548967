import { Site } from '../support/e2e-site.ts';
import { NATS_STATES, StopBench } from '../support/e2e-stops.ts';
import test from '../support/e2e-test.ts';

let site: Site;
test.before(async () => {
  site = await Site.open();
});
test.after.always(() => site[Symbol.asyncDispose]());

/**
 * The driver answers after 50 ms, whatever NATS does. Whoever waits for NATS waits for longer than this: for the answer to a PING that
 * does not come, or for a server that is not there. How long `docker stop` itself takes is for `npm run bench:stops`: most of it is the engine's.
 */
const ANSWER_MS = 1000;

test('whatever NATS does, a container that floods is stopped while it does it, and the driver answers at once', async (t) => {
  await using bench = await StopBench.open(site.docker);
  for (const state of NATS_STATES) {
    const stopMs = await bench.stop('flood', state);
    const [[startLogging = Number.NaN], [stopLogging = Number.NaN]] = [bench.take('StartLogging'), bench.take('StopLogging')];
    t.log(`NATS is ${state}: docker stop ${stopMs.toFixed()} ms, StopLogging ${stopLogging.toFixed()} ms`);
    t.true(startLogging <= ANSWER_MS, `NATS is ${state}: StartLogging took ${startLogging} ms`);
    t.true(stopLogging <= ANSWER_MS, `NATS is ${state}: StopLogging took ${stopLogging} ms`);
  }
});
