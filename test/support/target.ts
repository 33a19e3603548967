import type { Target } from '../../src/core/target.ts';

/** What a target has besides its servers, as the options have it by default. */
export const TARGET: Omit<Target, 'servers'> = {
  login: {}, maxReconnect: -1, connectTimeoutMs: 4000, reconnectWaitMs: 10_000, pingIntervalMs: 5000, inboxPrefix: '_INBOX',
};
