/** A proxy that speaks TLS from the first byte on and passes what is inside to a server, as `handshake_first` and load balancers do. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Certificates, CertificateName } from './certificates.ts';

export interface TlsProxy {
  readonly port: number;
  /** Handshakes that succeeded. */
  readonly accepted: number;
  /** Server names that clients have asked for; false: none. */
  readonly names: readonly (string | false | null)[];
  stop(): void;
}

/** In front of `serverPort` of 127.0.0.1. It says nothing before the handshake. */
export async function startTlsProxy(serverPort: number, certificates: Certificates, name: CertificateName): Promise<TlsProxy> {
  const names: TlsProxy['names'][number][] = [];
  const sockets = new Set<Socket>();
  const listener = createServer({ cert: readFileSync(certificates.pem(name)), key: readFileSync(certificates.key(name)) }, (client: TLSSocket) => {
    names.push(client.servername as TlsProxy['names'][number]);
    const server = connect(serverPort, '127.0.0.1');
    for (const [from, to] of [[client, server], [server, client]] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.once('close', () => to.destroy());
    }
  });
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    names,
    get accepted() {
      return names.length;
    },
    stop() {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
