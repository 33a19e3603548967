/** Where the socket of the running driver is, and what is asked over it. */
import { globSync } from 'node:fs';
import { request } from 'node:http';
import { DEFAULT_SOCKET } from './default-paths.ts';

/** Of managed plugins: the engine makes a folder for each. */
const MANAGED = '/run/docker/plugins/*/nats.sock';

const TIMEOUT_MS = 5000;
/** Of an answer, in bytes: the status of 10,000 sessions has about 10 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** The driver cannot be asked; in words for the user, who may read it. */
export class DriverFault extends Error {}

/** Those that exist, of a process of the host first. */
export function findSockets(): readonly string[] {
  return [...globSync(DEFAULT_SOCKET), ...globSync(MANAGED).sort()];
}

/** The one that is meant when none is named. Throws DriverFault. */
export function theSocket(named: string | undefined, found: readonly string[] = findSockets()): string {
  if (named !== undefined) return named;
  const [only, ...others] = found;
  if (only === undefined) throw new DriverFault(`no driver found: neither ${DEFAULT_SOCKET} nor ${MANAGED} is there; does it run, and are you root?`);
  if (others.length > 0) throw new DriverFault(`several drivers found, choose one with --socket:\n${found.map((path) => `  ${path}`).join('\n')}`);
  return only;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Resolves with what the process behind the socket answers, JSON understood. Rejects with DriverFault. */
export function ask(socketPath: string, method: 'GET' | 'POST', path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => reject(new DriverFault(`${socketPath}: ${reason}`));
    const call = request({ socketPath, method, path, headers: { host: 'plugin', 'content-length': '0' }, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) call.destroy(new Error(`more than ${MAX_ANSWER_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString()) }));
      response.on('error', (error) => fail(error.message));
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s: the driver hangs`)));
    call.on('error', (error) => fail(describe(error)));
    call.end();
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describe(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT': return 'the socket does not exist; does the driver run?';
    case 'ECONNREFUSED': return 'nobody listens; does the driver run?';
    case 'EACCES': return 'only root may ask the driver';
    default: return error.message;
  }
}

/** For a path that the driver does not know, since it is older, or another program. */
export function expectOk({ status, body }: Answer, socketPath: string): unknown {
  if (status === 200) return body;
  const reason = typeof body === 'object' && body !== null && 'Err' in body ? `: ${String(body.Err)}` : '';
  throw new DriverFault(`${socketPath}: answered with status ${status}${reason}`);
}
