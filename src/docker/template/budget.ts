/**
 * What one execution may cost. Everything that takes time or memory is charged here before it happens: nodes visited,
 * bytes read by functions, bytes written. That one rule stops endless ranges, recursion and enormous paddings alike.
 */
import { CallError } from './errors.ts';

/** A few hundred units render a usual tag; this many take well under a second. */
const MAX_COST = 1 << 20;

/** Constructs within constructs, recursive templates included. Keeps the evaluator's recursion far from the stack's end. */
const MAX_DEPTH = 400;

export class Budget {
  #cost = 0;
  #depth = 0;

  /** Throws CallError when this would be too much. */
  spend(units: number): void {
    this.#cost += units;
    if (!(this.#cost <= MAX_COST)) throw new CallError(`the template needs more than ${MAX_COST} steps`);
  }

  /** Runs one level deeper. After an exception the budget is of no more use. */
  nested<T>(run: () => T): T {
    this.spend(1);
    if (this.#depth === MAX_DEPTH) throw new CallError(`exceeded maximum template depth (${MAX_DEPTH})`);
    this.#depth++;
    const result = run();
    this.#depth--;
    return result;
  }
}
