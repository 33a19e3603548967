/** Asks a driver to read its configuration again, as the command does: what it answers in `Err`. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';

export function askReload(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/reload', method: 'POST' }, (response) => {
      text(response).then((body) => resolve((JSON.parse(body) as { Err: string }).Err), reject);
    });
    asked.once('error', reject).end();
  });
}
