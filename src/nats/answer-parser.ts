/**
 * Takes the answers of JetStream out of what a server sends, and passes the rest on to the client. The client makes
 * half a dozen objects of each message, which is most of what an answer costs; an answer is one number and one letter.
 *
 *   MSG <inbox>.<number> <sid> <size>\r\n<data>\r\n
 *   HMSG <inbox>.<number> <sid> <size of the headers> <size of all>\r\n<headers><data>\r\n
 *
 * Source: the NATS client protocol.
 */

/** The answer to message `number` is bytes[start, end); `status` is that of its headers, 0 without any. */
export type Receive = (number: number, bytes: Buffer, start: number, end: number, status: number) => void;

const CR = 0x0d;
const LF = 0x0a;
const BLANK = 0x20;
const ZERO = 0x30;
const M = 0x4d;
const H = 0x48;
const EMPTY = Buffer.alloc(0);
/** Of `NATS/1.0 503` before the status. */
const VERSION_BYTES = 'NATS/1.0 '.length;

export class AnswerParser {
  readonly #inbox: Buffer;
  readonly #receive: Receive;
  readonly #passOn: (bytes: Buffer) => void;
  /** The beginning of a line or message whose rest has not come. */
  #carry: Buffer = EMPTY;
  /** Bytes of a message for the client that have not come. */
  #passing = 0;

  constructor(inbox: string, receive: Receive, passOn: (bytes: Buffer) => void) {
    this.#inbox = Buffer.from(`${inbox}.`);
    this.#receive = receive;
    this.#passOn = passOn;
  }

  /** The bytes may be cut anywhere; they are not kept. */
  push(chunk: Buffer): void {
    const bytes = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    this.#carry = EMPTY;
    let at = Math.min(this.#passing, bytes.length);
    this.#passing -= at;
    /** Where the bytes begin that are to be passed on. */
    let from = 0;
    while (at < bytes.length) {
      const lineEnd = bytes.indexOf(LF, at);
      const size = lineEnd < 0 ? -1 : messageSize(bytes, at, lineEnd);
      const isAnswer = lineEnd >= 0 && size >= 0 && this.#isOurs(bytes, at);
      if (lineEnd < 0 || (isAnswer && lineEnd + size + 3 > bytes.length)) {
        this.#carry = Buffer.from(bytes.subarray(at));
        break;
      }
      const next = lineEnd + 1 + (size < 0 ? 0 : size + 2);
      if (isAnswer) {
        if (at > from) this.#passOn(bytes.subarray(from, at));
        this.#answer(bytes, at, lineEnd + 1, next - 2);
        from = next;
      }
      this.#passing = Math.max(0, next - bytes.length);
      at = next;
    }
    const to = Math.min(at, bytes.length);
    if (to > from) this.#passOn(bytes.subarray(from, to));
  }

  #isOurs(bytes: Buffer, at: number): boolean {
    const start = at + (bytes[at] === M ? 4 : 5);
    for (let i = 0; i < this.#inbox.length; i++) if (bytes[start + i] !== this.#inbox[i]) return false;
    return true;
  }

  #answer(bytes: Buffer, at: number, start: number, end: number): void {
    const hasHeaders = bytes[at] === H;
    let number = 0;
    for (let i = at + (hasHeaders ? 5 : 4) + this.#inbox.length; bytes[i] !== BLANK; i++) number = number * 10 + (bytes[i] as number) - ZERO;
    if (!hasHeaders) return this.#receive(number, bytes, start, end, 0);
    // The headers' size stands before that of all, which ends the line.
    const line = bytes.toString('latin1', at, start - 2).split(' ');
    const status = Number(bytes.toString('latin1', start + VERSION_BYTES, start + VERSION_BYTES + 3));
    this.#receive(number, bytes, start + Number(line.at(-2)), end, Number.isNaN(status) ? 0 : status);
  }
}

/** Bytes behind the line that belong to it, without their CR LF; -1: none, it is no MSG or HMSG. */
function messageSize(bytes: Buffer, at: number, lineEnd: number): number {
  const first = bytes[at];
  // MSG and HMSG, and neither of the others begins like that.
  if (first !== M && first !== H) return -1;
  let size = 0;
  let scale = 1;
  for (let i = lineEnd - (bytes[lineEnd - 1] === CR ? 2 : 1); i > at && bytes[i] !== BLANK; i--) {
    size += ((bytes[i] as number) - ZERO) * scale;
    scale *= 10;
  }
  return size;
}
