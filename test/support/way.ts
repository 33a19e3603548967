/** A way for a session's lines that leads to a transport of the test's own. */
import { Books } from '../../src/core/account.ts';
import { MAIN_OUTPUT } from '../../src/core/plan.ts';
import type { Transport, TransportListener } from '../../src/core/types.ts';
import type { Way } from '../../src/way.ts';
import { TARGET } from './target.ts';

export function makeWay(openTransport: (listener: TransportListener, epoch: number) => Transport, name = MAIN_OUTPUT, subject = 'logs'): Way {
  return {
    plan: {
      name, subject, target: { ...TARGET, servers: [] }, format: 'json', transport: 'core', oversize: 'split',
      facts: { id: 'a', name: 'web', imageId: '', imageName: '', hostname: '', tag: '', attributes: new Map() },
    },
    formatter: { format: () => 'whole', formatGap: () => 'whole' },
    openTransport,
    isParked: false,
    books: new Books(),
  };
}
