/** The values of `nats-transport`. The schema's enum is the list; the compiler asks for a transport for each. */
import type { Options } from '../core/options.generated.ts';
import type { OutputPlan } from '../core/plan.ts';
import type { SessionId, Transport, TransportListener } from '../core/types.ts';
import type { Connections } from '../nats/connections.ts';
import { CoreTransport } from './core.ts';
import { JetStreamTransport } from './jetstream.ts';

/** `id`: the session's own, with its epoch: offsets and sequence numbers are unique within it. */
export type OpenTransport = (connections: Connections, plan: OutputPlan, id: SessionId, listener: TransportListener) => Transport;

export const transports: Readonly<Record<Options['nats-transport'], OpenTransport>> = {
  core: (connections, plan, _id, listener) => new CoreTransport(connections, plan, listener),
  jetstream: (...args) => new JetStreamTransport(...args),
};
