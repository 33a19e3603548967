import { defineCommand } from '../command.ts';

export const schema = defineCommand({
  name: 'schema',
  summary: 'print a JSON Schema, for editors and for readers of the messages',
  details: [
    'An editor with the YAML language server checks and completes the YAML file when its first line is',
    '  # yaml-language-server: $schema=/etc/nats-log-driver/config.schema.json',
    'and that file was made by: nats-log-driver schema config > /etc/nats-log-driver/config.schema.json',
  ],
  positionals: [{ name: 'WHICH', isRequired: false, choices: ['config', 'options', 'message'], help: 'config: the YAML file (default); options: all options; message: what is published' }],
  options: {},
  exits: { 0: 'printed', 2: 'wrong usage' },
  run: async (_, [which = 'config'], { output }) => await (await import('../schema.ts')).schema(which, output),
});
