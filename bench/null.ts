/** `node bench/null.ts SOCKET`: a log driver that throws everything away, for what the engine itself takes with a plugin. */
import { constants, openSync } from 'node:fs';
import { createServer } from 'node:http';
import { Socket } from 'node:net';
import { json } from 'node:stream/consumers';

/** One buffer for all: nobody looks at it. */
const buffer = Buffer.alloc(64 * 1024);
const fifos = new Map<string, Socket>();

function answer(path: string, file: string): object {
  if (path === '/LogDriver.StartLogging') {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    fifos.set(file, new Socket({ fd, readable: true, writable: false, onread: { buffer, callback: () => true } }));
  }
  if (path === '/LogDriver.StopLogging') {
    fifos.get(file)?.destroy();
    fifos.delete(file);
  }
  return { Err: '' };
}

const server = createServer((request, response) => {
  const { url = '' } = request;
  const asked = /Logging$/.test(url) ? json(request) as Promise<{ File: string }> : Promise.resolve({ File: '' });
  void asked.then(({ File }) => response.end(JSON.stringify(url === '/Plugin.Activate' ? { Implements: ['LogDriver'] } : answer(url, File))));
});
server.listen(process.argv[2]);
