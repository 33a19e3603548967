/** Tests that replace timers do so for a whole process: one after the other, with `test.serial`. */
import { mock } from 'node:test';
import type { ExecutionContext } from 'ava';

export function withTimers(run: (t: ExecutionContext) => Promise<void>) {
  return async (t: ExecutionContext): Promise<void> => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      await run(t);
    } finally {
      mock.timers.reset();
    }
  };
}
