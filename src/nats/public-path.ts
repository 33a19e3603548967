/**
 * The way around the client's inside: encoded commands taken apart again and given to its `publish`. Several times slower, and
 * right with any client; for one whose inside is not the one that is known here, see `isKnown`.
 *
 *   PUB <subject> <size>\r\n<payload>\r\n
 *   HPUB <subject> <reply> <size of the headers> <size of all>\r\n<headers><payload>\r\n
 *
 * Any run of blanks may lie between fields. Source: the NATS client protocol.
 */
import { headers, type MsgHdrs, type NatsConnection } from 'nats';
import type { Receive } from './answer-parser.ts';

const LF = 0x0a;
const CRLF_BYTES = 2;

/** Publishes each of the commands; they are whole. The client keeps parts of the bytes until it has sent them. */
export function publishCommands(client: Pick<NatsConnection, 'publish'>, bytes: Uint8Array): void {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < all.length;) {
    const start = all.indexOf(LF, at) + 1;
    const [verb, subject, ...rest] = all.toString('latin1', at, start - CRLF_BYTES).split(/ +/u) as [string, string, ...string[]];
    const end = start + Number(rest.at(-1));
    if (start === 0 || !(end + CRLF_BYTES <= all.length) || !/^H?PUB$/u.test(verb)) throw new Error(`no command of NATS at ${at} of ${all.length} bytes`);
    if (verb === 'PUB') {
      client.publish(subject, all.subarray(start, end));
    } else {
      const body = start + Number(rest[1]);
      client.publish(subject, all.subarray(body, end), { reply: rest[0] as string, headers: toHeaders(all.toString('utf8', start, body)) });
    }
    at = end + CRLF_BYTES;
  }
}

/** Subscribes to `<inbox>.*`. */
export function subscribeToAnswers(client: Pick<NatsConnection, 'subscribe'>, inbox: string, receive: Receive): void {
  client.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error !== null) return;
      const { subject, data, headers: given } = message;
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
      receive(Number(subject.slice(inbox.length + 1)), bytes, 0, bytes.length, given?.code ?? 0);
    },
  });
}

/** Of the version line and `Name: value` lines. */
function toHeaders(text: string): MsgHdrs {
  const all = headers();
  for (const line of text.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) all.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return all;
}
