/** `npm run build`: the whole program as one file, for hosts that run it as a process of their own. */
import { chmodSync } from 'node:fs';
import { bundle } from './rootfs.ts';

const PROGRAM = 'dist/nats-log-driver.cjs';

await bundle(PROGRAM);
chmodSync(PROGRAM, 0o755);
