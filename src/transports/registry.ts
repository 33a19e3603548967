/** The values of `nats-transport`. The schema's enum is the list; the compiler asks for a transport for each. */
import type { Options } from '../core/options.generated.ts';
import type { Target } from '../core/target.ts';
import type { Transport, TransportListener } from '../core/types.ts';
import type { Connections } from '../nats/connections.ts';
import { CoreTransport } from './core.ts';

export type OpenTransport = (
  connections: Connections, target: Target, subject: string, listener: TransportListener,
) => Transport;

export const transports: Readonly<Record<Options['nats-transport'], OpenTransport>> = {
  core: (...args) => new CoreTransport(...args),
};
