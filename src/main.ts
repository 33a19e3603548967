#!/usr/bin/env node
/** The command `nats-log-driver`, and the program of its threads. */
import { isMainThread } from 'node:worker_threads';
import { main } from './cli/main.ts';

// An attempt to connect that is under way must not hold up the end of the process.
if (isMainThread) void main(process.argv.slice(2), process.env).then((code) => process.exit(code));
else void import('./crew/worker.ts').then(({ work }) => work());
