/** HTTP over a unix socket, as an operator's tools use it. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';

export interface HttpReply { readonly status: number; readonly body: string }

export async function get(socketPath: string, path: string): Promise<HttpReply> {
  const asked = request({ socketPath, path, agent: false });
  asked.end();
  const [response] = await once(asked, 'response') as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
  return { status: response.statusCode ?? 0, body };
}
