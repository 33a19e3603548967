import { newTally } from '../../src/core/tally.ts';
import type { Tally } from '../../src/core/types.ts';

/** Zero for what is not given. */
export function tallyOf(counts: Partial<Tally>): Tally {
  return { ...newTally(), ...counts };
}
