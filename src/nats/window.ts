/** What was sent over a link and is not confirmed yet, in the order in which it was sent. */
import type { Tally } from '../core/types.ts';

/** What one session has in a parcel. */
export interface Share<Owner> {
  readonly owner: Owner;
  /** Everything of the session before this offset is in this parcel or an earlier one. */
  watermark: number;
  readonly tally: Tally;
}

/** What one write carried. */
export interface Parcel<Owner> {
  /** Counts the parcels of an outbox, over all its links. */
  readonly number: number;
  readonly bytes: number;
  readonly shares: readonly Share<Owner>[];
}

export class Window<Owner> {
  /** Unconfirmed bytes. */
  bytes = 0;
  #parcels: Parcel<Owner>[] = [];

  get parcels(): number {
    return this.#parcels.length;
  }

  add(parcel: Parcel<Owner>): void {
    this.#parcels.push(parcel);
    this.bytes += parcel.bytes;
  }

  /** The parcels up to `number` are confirmed: removes and returns them, the oldest first. */
  confirm(number: number): readonly Parcel<Owner>[] {
    const count = this.#parcels.findIndex((parcel) => parcel.number > number);
    const confirmed = this.#parcels.splice(0, count < 0 ? this.#parcels.length : count);
    for (const parcel of confirmed) this.bytes -= parcel.bytes;
    return confirmed;
  }

  /** The link is lost: nothing will be confirmed any more. */
  clear(): void {
    this.#parcels = [];
    this.bytes = 0;
  }
}
