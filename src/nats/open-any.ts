/** A client for the command line: of the first server that takes it. */
import type { NatsConnectionImpl } from 'nats/lib/nats-base-client/nats.js';
import { serverName, type Target } from '../core/target.ts';
import { describeDialError } from './dial-error.ts';
import { openClient, type LinkSettings } from './link.ts';

/** Why NATS cannot be read from or written to, in words for the user. */
export class NatsFault extends Error {}

/** Rejects with NatsFault, which tells of every server. */
export async function openAny(target: Target, settings: LinkSettings): Promise<NatsConnectionImpl> {
  const failures: string[] = [];
  for (const server of target.servers) {
    try {
      return await openClient(server, target, settings);
    } catch (error) {
      failures.push(`${serverName(server)}: ${describeDialError(error).reason}`);
    }
  }
  throw new NatsFault(`cannot connect to NATS\n${failures.join('\n')}`);
}
