import test from 'ava';
import { workerCount, workerOf } from '../../src/crew/spread.ts';
import { sessionKey } from '../../src/journal/session-records.ts';

for (const [cores, workers] of [[1, 1], [2, 1], [4, 1], [7, 1], [8, 2], [12, 3], [16, 4], [32, 8], [128, 8]] as const) {
  test(`on ${cores} cores there are ${workers} workers, unless the operator says otherwise`, (t) => {
    t.is(workerCount(undefined, cores), workers);
    t.is(workerCount(3, cores), 3);
  });
}

test('a session has the same worker in each process, as long as there are as many', (t) => {
  const key = sessionKey('/run/docker/logging/1234');
  t.is(key.slice(0, 8), 'c99dbe47');
  t.deepEqual([1, 2, 3, 8].map((count) => workerOf(key, count)), [0, 1, 1, 7]);
});

test('sessions are spread evenly', (t) => {
  const shares = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) {
    const worker = workerOf(sessionKey(`/run/docker/logging/${i}`), 4);
    shares[worker] = (shares[worker] ?? 0) + 1;
  }
  t.true(shares.every((share) => share > 900 && share < 1100), shares.join(' '));
});

test('whatever lies in the state folder belongs to one of the workers', (t) => {
  for (const path of ['/state/sessions/stray', '/state/sessions/', '世']) t.true([0, 1, 2].includes(workerOf(path, 3)));
});
