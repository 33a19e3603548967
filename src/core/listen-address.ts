/** Where the driver listens for operators: a port of an address, or a unix socket. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** `127.0.0.1:9273`, `[::1]:9273`, `localhost:9273`, `unix:/run/x.sock`, `/run/x.sock`; undefined: none of these. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const path = text.startsWith('unix:') ? text.slice('unix:'.length) : text;
  // As long as a socket's path may be. Source: unix(7), sun_path.
  if (path.startsWith('/')) return Buffer.byteLength(path) <= 107 && !path.includes('\0') ? { path } : undefined;
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(text) ?? [];
  const [host, port] = [bracketed ?? plain, Number(digits)];
  return host === undefined || !(port >= 1 && port <= 65_535) ? undefined : { host, port };
}
