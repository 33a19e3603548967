/** `test` of the end-to-end tests: after each of them, the books of every driver that it could have used must balance. */
import { existsSync } from 'node:fs';
import test from 'ava';
import type { DriverStatus } from '../../src/core/status.ts';
import { faultsOfLog, faultsOfStatus } from './books.ts';
import { drivers } from './e2e-drivers.ts';
import { get } from './http.ts';

test.afterEach.always('the books of the drivers balance', async (t) => {
  for (const { socket, log } of drivers) {
    const faults = [...await faultsOf(socket), ...faultsOfLog(log())];
    t.deepEqual(faults, [], `the books of the driver at ${socket} do not balance`);
  }
});

/** A driver that was ended has only said what it has to say in its log. */
async function faultsOf(socket: string): Promise<string[]> {
  if (!existsSync(socket)) return [];
  try {
    return faultsOfStatus(JSON.parse((await get(socket, '/status')).body) as DriverStatus);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return [];
    throw error;
  }
}

export default test;
