/** What a goal has begun, and how it ends. */
const ENDS: (() => unknown)[] = [];

export function atEnd(end: () => unknown): void {
  ENDS.push(end);
}

/** Ends everything that the goal has begun, the latest first; what fails does not hold up the rest, and is told. */
export async function cleanUp(): Promise<void> {
  for (const end of ENDS.splice(0).reverse()) {
    try {
      await end();
    } catch (error) {
      console.error(`chaos: clean-up: ${String(error)}`);
    }
  }
}
