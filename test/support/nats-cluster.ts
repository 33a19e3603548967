/** A cluster of real nats-servers, all on 127.0.0.1. */
import { readInfo } from './nats-server.ts';
import type { NatsOptions, NatsServer } from './nats-server.ts';
import { freePort, until } from './wait.ts';

export type StartNats = (options: NatsOptions) => Promise<NatsServer>;

/**
 * Resolves when every node tells its clients about all of them. `start` is `startNatsContainer` or `startNatsProcess`; whoever calls
 * stops the nodes.
 */
export async function startNatsCluster(start: StartNats, size = 3, options: NatsOptions = {}): Promise<NatsServer[]> {
  const routes = await Promise.all(Array.from({ length: size }, freePort));
  // One that cannot start must not hide the others from whoever stops them.
  const started = await Promise.allSettled(routes.map((port) => start({ ...options, cluster: { port, routes } })));
  const nodes = started.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
  for (const { port } of nodes) {
    await until(`node ${port} knows ${size} nodes`, async () => (await readInfo(port)).connect_urls?.length === size);
  }
  return nodes;
}
