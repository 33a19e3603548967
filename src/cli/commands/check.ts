import { defineCommand } from '../command.ts';

export const check = defineCommand({
  name: 'check',
  summary: 'judge a YAML file: what is wrong in it, and what will not work',
  details: [
    'Errors: the driver refuses the file. Warnings: it takes the file, and something will not work as written, for instance a',
    'template that gives the sample container an illegal subject. Each with its file, line and column.',
  ],
  positionals: [{ name: 'FILE', isRequired: false, complete: 'file', help: 'the file, or - for standard input; default: the one that the driver would read' }],
  options: {
    strict: { type: 'boolean', help: 'warnings count as errors' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  exits: { 0: 'the driver takes the file', 1: 'it has errors; with --strict: or warnings', 2: 'wrong usage' },
  examples: ['/etc/nats-log-driver/config.yaml', '- < config.yaml'],
  run: async (values, positionals, { env, output }) => await (await import('../check.ts')).check(values, positionals, env, output),
});
