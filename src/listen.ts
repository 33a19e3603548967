/** Listens: on unix sockets only for root, and never in the place of another running process. */
import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { ListenAddress } from './core/listen-address.ts';

/** Longer than the engine keeps idle connections (30 s): a connection it is about to use must not be closed. */
const KEEP_ALIVE_MS = 120_000;
/** For a request to arrive whole; the engine sends it in one go. */
const REQUEST_TIMEOUT_MS = 30_000;

/** An HTTP server as the engine needs it. Requests wait for their listener, so that it can be dialled before that is loaded. */
export function createHttpServer(listener: Promise<RequestListener>): Server {
  const server = createServer({ requireHostHeader: false, keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void listener.then((answer) => answer(request, response));
  });
  server.maxConnections = 256;
  return server;
}

/** Rejects with an Error that names the path. */
export async function listen(server: Server, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await removeStale(path);
  const mask = process.umask(0o177);
  try {
    await listening(server, { path });
  } finally {
    process.umask(mask);
  }
}

/** Rejects with an Error that names the address. */
export async function listenAt(server: Server, address: ListenAddress): Promise<void> {
  await ('path' in address ? listen(server, address.path) : listening(server, address));
}

function listening(server: Server, address: ListenAddress): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A socket that nobody listens on was left by a driver that was killed. */
async function removeStale(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new Error(`${path} exists and is not a socket`);
  if (await isAnswered(path)) throw new Error(`another process listens on ${path}`);
  unlinkSync(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // A driver that is too busy to accept lives, too.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'));
  });
}
