/** Listens: on unix sockets only for root, and never in the place of another running process. */
import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer, maxHeaderSize, STATUS_CODES, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import type { ListenAddress } from './core/listen-address.ts';

/** Longer than the engine keeps idle connections (30 s): a connection it is about to use must not be closed. */
const KEEP_ALIVE_MS = 120_000;
/** For a request to arrive whole; the engine sends it in one go. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How exactly that is kept. */
const CHECK_MS = 5000;

/**
 * An HTTP server as the engine needs it. Requests wait for their listener, so that it can be dialled before that is loaded. `timeoutMs`: for a
 * request to arrive whole.
 */
export function createHttpServer(listener: Promise<RequestListener>, timeoutMs = REQUEST_TIMEOUT_MS): Server {
  const timeouts = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: timeoutMs, headersTimeout: timeoutMs, connectionsCheckingInterval: Math.min(timeoutMs, CHECK_MS) };
  const answers = new WeakMap<Duplex, ServerResponse>();
  const server = createServer({ requireHostHeader: false, ...timeouts }, (request, response) => {
    answers.set(request.socket, response);
    void listener.then((answer) => answer(request, response));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const answer = answers.get(socket);
    const isAnswering = answer?.headersSent === true && !answer.writableFinished;
    if (socket.writable && !isAnswering) socket.write(answerTo(error.code, timeoutMs));
    socket.destroy();
  });
  server.maxConnections = 256;
  return server;
}

/** What is sent where no request could be made of what came. */
function answerTo(code: string | undefined, timeoutMs: number): string {
  const [status, reason] = refusalOf(code, timeoutMs);
  const body = JSON.stringify({ Err: `nats: ${reason}` });
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function refusalOf(code: string | undefined, timeoutMs: number): readonly [status: number, reason: string] {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT': return [408, `the request did not arrive whole within ${timeoutMs / 1000} s`];
    case 'HPE_HEADER_OVERFLOW': return [431, `the headers of the request have more than ${maxHeaderSize} bytes`];
    default: return [400, `expected a request of HTTP/1.1, got something else (${code ?? 'no code'})`];
  }
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
