/** Keeps packets from a port of 127.0.0.1, as a firewall before the server does. Needs root. */
import { output } from '../../plugin/command.ts';

/** `REJECT` tells who dials; `DROP` tells nobody. Connections that are there hear no more either way. */
export type Refusal = 'REJECT' | 'DROP';

export class Firewall {
  readonly #rule: readonly string[];
  #isUp = false;

  constructor(port: number, refusal: Refusal) {
    this.#rule = ['INPUT', '--in-interface', 'lo', '--protocol', 'tcp', '--dport', String(port), '--jump', refusal];
  }

  async raise(): Promise<void> {
    await output('iptables', ['--wait', '--insert', ...this.#rule]);
    this.#isUp = true;
  }

  /** Twice is safe. */
  async lower(): Promise<void> {
    if (!this.#isUp) return;
    this.#isUp = false;
    await output('iptables', ['--wait', '--delete', ...this.#rule]);
  }
}
