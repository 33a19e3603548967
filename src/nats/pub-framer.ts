/**
 * Wraps payloads into PUB commands of the NATS protocol. The size stands before the payload and is known only after
 * it, so room for its digits is left and filled from the right: the server allows any run of blanks between fields.
 */
import type { ByteWriter } from '../core/byte-writer.ts';
import { lasting } from '../core/lasting.ts';
import type { CommandShape } from '../core/line-kernel.ts';
import type { PayloadShape } from '../core/types.ts';

/** Payloads are below 1 GiB by far: nats-server's own limit of max_payload is 64 MiB. */
const DIGITS = 9;
const ZERO = 0x30;
const CR = 0x0d;
const LF = 0x0a;
const CR_LF = Buffer.from([CR, LF]);

export class PubFramer {
  readonly #head: Buffer;

  /** `subject`: a legal literal subject. */
  constructor(subject: string) {
    [this.#head] = lasting(Buffer.from(`PUB ${subject} ${' '.repeat(DIGITS)}\r\n`));
  }

  open(out: ByteWriter): void {
    out.append(this.#head);
  }

  /** Ends the command whose payload is the last `size` bytes written. */
  close(out: ByteWriter, size: number): void {
    // The last digit stands before the CR LF that ends the head.
    let at = out.length - size - 3;
    let rest = size;
    do {
      out.buffer[at--] = ZERO + rest % 10;
      rest = (rest / 10) | 0;
    } while (rest > 0);
    out.ensure(2);
    out.buffer[out.length++] = CR;
    out.buffer[out.length++] = LF;
  }

  /** The shape of a whole command around such a payload. */
  around({ head, timeAt, stdoutTail, stderrTail }: PayloadShape): CommandShape {
    const before = this.#head.length;
    const [whole, out, err] = lasting(Buffer.concat([this.#head, head]), Buffer.concat([stdoutTail, CR_LF]), Buffer.concat([stderrTail, CR_LF]));
    return { head: whole, sizeAt: before - 3, timeAt: before + timeAt, stdoutTail: out, stderrTail: err };
  }
}
