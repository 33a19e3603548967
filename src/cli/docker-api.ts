/** The engine's API, where the docker CLI would look for it. */
import { readFileSync } from 'node:fs';
import { request as requestPlain, type RequestOptions } from 'node:http';
import { request as requestTls } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';

const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const TIMEOUT_MS = 3000;

/** In words for the user. */
export class EngineFault extends Error {}

export function engineHost(env: NodeJS.ProcessEnv): string {
  return env['DOCKER_HOST'] || DEFAULT_HOST;
}

/** Rejects with EngineFault. Source of the variables: docs.docker.com/reference/cli/docker, environment variables. */
export async function askEngine(env: NodeJS.ProcessEnv, path: string): Promise<unknown> {
  const host = engineHost(env);
  const isSecure = (env['DOCKER_TLS_VERIFY'] ?? '') !== '';
  const options: RequestOptions = { ...addressOf(host), path, timeout: TIMEOUT_MS, ...(isSecure ? certificates(env) : {}) };
  const text = await new Promise<string>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(new EngineFault(`${host}: ${error.code === 'EACCES' ? 'only root, or the group of the socket, may ask the engine' : error.code === 'ENOENT' ? 'the socket does not exist' : error.message}`));
    const call = (isSecure ? requestTls : requestPlain)(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString());
        else reject(new EngineFault(`${host}: answered with status ${response.statusCode}`));
      });
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    call.on('error', fail);
    call.end();
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new EngineFault(`${host}: what answers is no Docker Engine`);
  }
}

function addressOf(host: string): RequestOptions {
  const url = URL.parse(host);
  if (url?.protocol === 'unix:') return { socketPath: url.pathname };
  if (url?.protocol === 'tcp:') return { host: url.hostname, port: url.port || 2375 };
  throw new EngineFault(`${host}: only unix:// and tcp:// can be asked`);
}

function certificates(env: NodeJS.ProcessEnv): { ca: Buffer; cert: Buffer; key: Buffer } {
  const folder = env['DOCKER_CERT_PATH'] || join(homedir(), '.docker');
  try {
    const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(folder, name))) as [Buffer, Buffer, Buffer];
    return { ca, cert, key };
  } catch (error) {
    throw new EngineFault(`DOCKER_TLS_VERIFY is set: ${error instanceof Error ? error.message : String(error)}`);
  }
}
