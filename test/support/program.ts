/** What the tests run as a process of its own. */
import { join } from 'node:path';

/** Where `npm test` tells of the program that it has bundled, as it is installed: it starts in a third of the time that the sources take. */
export const PROGRAM_VARIABLE = 'NLD_TEST_PROGRAM';

export const MAIN = process.env[PROGRAM_VARIABLE] ?? join(import.meta.dirname, '../../src/main.ts');
