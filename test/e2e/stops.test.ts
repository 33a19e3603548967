import test from 'ava';
import { Site } from '../support/e2e-site.ts';
import { NATS_STATES, stopTimes } from '../support/e2e-stops.ts';

let site: Site;
test.before(async () => {
  site = await Site.open();
});
test.after.always(() => site[Symbol.asyncDispose]());

/** More than json-file takes, on a machine that is busy: a driver that holds up the engine holds it up for longer. */
const MORE_MS = 1000;

test('whatever NATS does, docker stop of a container that floods takes as long as with json-file, and the driver answers at once', async (t) => {
  const { stop, stopLogging, startLogging } = await stopTimes(1, site);
  for (const state of NATS_STATES) {
    t.log(`${state}: docker stop ${stop[state].nats.median} ms, json-file ${stop[state].jsonFile.median} ms, StopLogging ${stopLogging[state].max} ms`);
    t.true(stop[state].nats.median <= stop[state].jsonFile.median + MORE_MS, `NATS is ${state}: ${JSON.stringify(stop[state])}`);
    t.true(stopLogging[state].max <= 1000, `NATS is ${state}: ${JSON.stringify(stopLogging[state])}`);
    t.true(startLogging[state].max <= 1000, `NATS is ${state}: ${JSON.stringify(startLogging[state])}`);
  }
});
