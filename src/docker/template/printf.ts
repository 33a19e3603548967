/** Go's Sprintf: reads the format and hands each operand to the printer. Source: Go fmt/print.go, doPrintf. */
import { decodeRune } from './bytes.ts';
import { noFlags } from './pad.ts';
import { Printer } from './print.ts';
import type { CallContext, Value } from './values.ts';
import { typeName } from './values.ts';

/** Width, precision and argument numbers beyond this are refused. */
const TOO_LARGE = 1_000_000;

/** Go gives up at a digit behind a number that is already too large, and with it on the rest of the text. */
function parseNumber(text: string, start: number): { value: number | undefined; next: number } {
  let value: number | undefined;
  let next = start;
  for (; /^[0-9]$/.test(text.charAt(next)); next++) {
    if ((value ?? 0) > TOO_LARGE) return { value: undefined, next: text.length };
    value = (value ?? 0) * 10 + Number(text.charAt(next));
  }
  return { value, next };
}

class Formatter {
  readonly #format: string;
  readonly #operands: readonly Value[];
  readonly #printer: Printer;
  #at = 0;
  #operand = 0;
  #reordered = false;
  #goodIndex = true;
  /** An explicit index `[n]` was read and not yet used. */
  #afterIndex = false;

  constructor(format: string, operands: readonly Value[], context: CallContext) {
    this.#format = format;
    this.#operands = operands;
    this.#printer = new Printer(context);
  }

  run(): string {
    for (;;) {
      const percent = this.#format.indexOf('%', this.#at);
      const end = percent < 0 ? this.#format.length : percent;
      this.#printer.write(this.#format.slice(this.#at, end));
      if (percent < 0) break;
      this.#at = end + 1;
      if (!this.#directive()) break;
    }
    if (!this.#reordered && this.#operand < this.#operands.length) this.#extra();
    return this.#printer.text;
  }

  #char(): string {
    return this.#format.charAt(this.#at);
  }

  #directive(): boolean {
    this.#goodIndex = true;
    this.#afterIndex = false;
    this.#readFlags();
    this.#readIndex();
    this.#readWidth();
    this.#readPrecision();
    if (!this.#afterIndex) this.#readIndex();
    if (this.#at >= this.#format.length) {
      this.#printer.write('%!(NOVERB)');
      return false;
    }
    const { size } = decodeRune(this.#format, this.#at);
    const verb = this.#format.slice(this.#at, this.#at + size);
    this.#at += size;
    this.#verb(verb);
    return true;
  }

  #verb(verb: string): void {
    const operand = this.#operands[this.#operand];
    if (verb === '%') this.#printer.write('%');
    else if (!this.#goodIndex) this.#printer.write(`%!${verb}(BADINDEX)`);
    else if (operand === undefined) this.#printer.write(`%!${verb}(MISSING)`);
    else {
      if (verb === 'v') this.#useGoSyntax();
      this.#printer.print(operand, verb);
      this.#operand++;
    }
  }

  #useGoSyntax(): void {
    const { flags } = this.#printer;
    this.#printer.flags = { ...flags, sharpV: flags.sharp, sharp: false, plusV: flags.plus, plus: false };
  }

  #readFlags(): void {
    const flags = noFlags();
    this.#printer.flags = flags;
    for (; ; this.#at++) {
      switch (this.#char()) {
        case '#': flags.sharp = true; break;
        case '+': flags.plus = true; break;
        case ' ': flags.space = true; break;
        case '0': flags.zero = !flags.minus; break;
        case '-':
          flags.minus = true;
          flags.zero = false;
          break;
        default: return;
      }
    }
  }

  /** `[n]`, counted from 1. */
  #readIndex(): void {
    this.#afterIndex = false;
    if (this.#char() !== '[') return;
    this.#reordered = true;
    const close = this.#format.indexOf(']', this.#at + 1);
    const content = close < 0 ? '' : this.#format.slice(this.#at + 1, close);
    this.#at = close < 0 ? this.#at + 1 : close + 1;
    const { value, next } = parseNumber(content, 0);
    const index = value !== undefined && next === content.length ? value - 1 : undefined;
    const fits = index !== undefined && index >= 0 && index < this.#operands.length;
    this.#afterIndex = index !== undefined;
    if (fits) this.#operand = index;
    else this.#goodIndex = false;
  }

  #readNumber(): number | undefined {
    const { value, next } = parseNumber(this.#format, this.#at);
    this.#at = next;
    return value;
  }

  /** `*`: the operand is the number. */
  #readOperandNumber(): number | undefined {
    const operand = this.#operands[this.#operand];
    if (operand === undefined) return undefined;
    this.#operand++;
    if (operand.kind !== 'int' && operand.kind !== 'uint') return undefined;
    const number = Number(operand.value);
    return Math.abs(number) > TOO_LARGE ? undefined : number;
  }

  #readWidth(): void {
    const { flags } = this.#printer;
    if (this.#char() !== '*') {
      flags.width = this.#readNumber();
      if (this.#afterIndex && flags.width !== undefined) this.#goodIndex = false;
      return;
    }
    this.#at++;
    const width = this.#readOperandNumber();
    if (width === undefined) this.#printer.write('%!(BADWIDTH)');
    flags.width = width === undefined ? undefined : Math.abs(width);
    if (width !== undefined && width < 0) {
      flags.minus = true;
      flags.zero = false;
    }
    this.#afterIndex = false;
  }

  #readPrecision(): void {
    if (this.#char() !== '.' || this.#at + 1 >= this.#format.length) return;
    this.#at++;
    if (this.#afterIndex) this.#goodIndex = false;
    this.#readIndex();
    const { flags } = this.#printer;
    if (this.#char() !== '*') {
      flags.precision = this.#readNumber() ?? 0;
      return;
    }
    this.#at++;
    const precision = this.#readOperandNumber();
    flags.precision = precision === undefined || precision < 0 ? undefined : precision;
    if (flags.precision === undefined) this.#printer.write('%!(BADPREC)');
    this.#afterIndex = false;
  }

  #extra(): void {
    this.#printer.flags = noFlags();
    this.#printer.write('%!(EXTRA ');
    this.#operands.slice(this.#operand).forEach((operand, index) => {
      if (index > 0) this.#printer.write(', ');
      if (operand.kind !== 'invalid') this.#printer.write(`${typeName(operand)}=`);
      this.#printer.print(operand, 'v');
    });
    this.#printer.write(')');
  }
}

export function sprintf(format: string, operands: readonly Value[], context: CallContext): string {
  context.spend(format.length);
  return new Formatter(format, operands, context).run();
}
