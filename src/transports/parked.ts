/** For a session whose credentials are not known as long as the configuration is refused: its lines wait in the journal. */
import type { Transport } from '../core/types.ts';

function refuse(): never {
  throw new Error('written to a transport that is never ready');
}

export const parked: Transport = {
  isReady: false,
  isAway: true,
  hasGivenUp: false,
  wait: () => undefined,
  write: refuse,
  writeDeadLetter: refuse,
  commit: () => undefined,
  close: () => undefined,
};
