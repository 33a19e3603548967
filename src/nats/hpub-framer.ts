/**
 * Wraps payloads into HPUB commands with the headers that JetStream and its consumers need:
 *
 *   HPUB <subject> <inbox>.<number> <size of the headers> <size of all>
 *   NATS/1.0
 *   Nats-Msg-Id: <session>:<offset>[.<ordinal>.<name>]    the server stores a message once, however often it is sent
 *   Nats-Log-Session: <session>                    tells one run of one container from all others
 *   Nats-Log-Sequence: <number>                    counts the session's messages from 1, without a gap
 *
 * The size of all stands in front and is known last: room for its digits is left, see PubFramer.
 */
import type { ByteWriter } from '../core/byte-writer.ts';
import { lasting } from '../core/lasting.ts';
import { RECORD_ORDINAL, type LogEntry, type Partial } from '../core/types.ts';
import { digitsOf, writeDigits } from './decimal.ts';

/** Of the size of all: nats-server's own limit of max_payload is 64 MiB. */
const SIZE_DIGITS = 9;
const BLANK = 0x20;
const CRLF = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);
const MAX_DIGITS = 16;
/** Ordinal and name with their dots, see nameOf. */
const MAX_NAME = 48;

export class HpubFramer {
  readonly #command: Buffer;
  readonly #identity: Buffer;
  readonly #numbering: Buffer;
  readonly #end: Buffer;
  /** Bytes of the headers apart from the numbers in them. */
  readonly #fixed: number;
  /** Of the message that is open. */
  #headerBytes = 0;

  /** `subject`: a legal literal one. `session`: letters, digits and hyphens. `extra`: whole header lines with their ends. */
  constructor(subject: string, inbox: string, session: string, extra = '') {
    [this.#command, this.#identity, this.#numbering, this.#end] = lasting(
      Buffer.from(`HPUB ${subject} ${inbox}.`),
      Buffer.from(`NATS/1.0\r\nNats-Msg-Id: ${session}:`),
      Buffer.from(`\r\nNats-Log-Session: ${session}\r\nNats-Log-Sequence: `),
      Buffer.from(`\r\n${extra}\r\n`),
    );
    this.#fixed = this.#identity.length + this.#numbering.length + this.#end.length;
  }

  /** No message's headers are larger. */
  get mostHeaderBytes(): number {
    return this.#fixed + 3 * MAX_DIGITS + MAX_NAME;
  }

  /** `number`: of the reply. */
  open(out: ByteWriter, number: number, entry: LogEntry, sequence: number): void {
    const { offset } = entry;
    const name = entry.partial === undefined ? NOTHING : Buffer.from(nameOf(entry, entry.partial), 'latin1');
    this.#headerBytes = this.#fixed + digitsOf(offset) + name.length + digitsOf(sequence);
    out.append(this.#command);
    append(out, number);
    out.ensure(2 + SIZE_DIGITS + MAX_DIGITS);
    out.buffer[out.length++] = BLANK;
    append(out, this.#headerBytes);
    out.buffer.fill(BLANK, out.length, out.length += 1 + SIZE_DIGITS);
    out.append(CRLF);
    out.append(this.#identity);
    append(out, offset);
    out.append(name);
    out.append(this.#numbering);
    append(out, sequence);
    out.append(this.#end);
  }

  /** Ends the command whose payload is the last `size` bytes written. */
  close(out: ByteWriter, size: number): void {
    const all = this.#headerBytes + size;
    writeDigits(out.buffer, all, out.length - all - CRLF.length - 1);
    out.append(CRLF);
  }
}

/**
 * What shares a place is told apart: records of the driver by their ids; pieces by their sizes, too, since a line may be cut otherwise when it is
 * sent again, and the server must not take the one for the other.
 */
function nameOf({ start, end }: LogEntry, { ordinal, id }: Partial): string {
  return `.${ordinal}.${ordinal === RECORD_ORDINAL ? id : end - start}`;
}

function append(out: ByteWriter, value: number): void {
  const digits = digitsOf(value);
  out.ensure(digits);
  out.length += digits;
  writeDigits(out.buffer, value, out.length - 1);
}
