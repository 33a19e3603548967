#!/usr/bin/env node
/** The command `nats-log-driver`. */
import { main } from './cli/main.ts';

// An attempt to connect that is under way must not hold up the end of the process.
void main(process.argv.slice(2), process.env).then((code) => process.exit(code));
