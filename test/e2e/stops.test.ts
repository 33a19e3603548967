import test from 'ava';
import { Site } from '../support/e2e-site.ts';
import { NATS_STATES, stopTimes } from '../support/e2e-stops.ts';

let site: Site;
test.before(async () => {
  site = await Site.open();
});
test.after.always(() => site[Symbol.asyncDispose]());

/** What the driver may add to json-file's own time, and as much again for a machine that is busy. */
const MORE_MS = 600;

test('whatever NATS does, docker stop of a container that floods takes as long as with json-file, and the driver answers at once', async (t) => {
  const { stop, stopLogging, startLogging } = await stopTimes(3, site);
  for (const state of NATS_STATES) {
    t.log(state, stop[state], { stopLogging: stopLogging[state], startLogging: startLogging[state] });
    t.true(stop[state].nats.median <= stop[state].jsonFile.median + MORE_MS, `NATS is ${state}: ${JSON.stringify(stop[state])}`);
    t.true(stopLogging[state].median <= 100 && stopLogging[state].max <= 1000, `NATS is ${state}: ${JSON.stringify(stopLogging[state])}`);
    t.true(startLogging[state].median <= 100, `NATS is ${state}: ${JSON.stringify(startLogging[state])}`);
  }
});
