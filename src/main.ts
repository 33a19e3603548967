#!/usr/bin/env node
/** The command `nats-log-driver`. */
import { main } from './cli/main.ts';

process.exitCode = await main(process.argv.slice(2), process.env);
