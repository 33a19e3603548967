import { defineCommand } from '../command.ts';

export const completion = defineCommand({
  name: 'completion',
  summary: 'print the completion script of a shell',
  details: [
    '  bash: nats-log-driver completion bash > /etc/bash_completion.d/nats-log-driver',
    '  zsh:  nats-log-driver completion zsh > "${fpath[1]}/_nats-log-driver"',
    '  fish: nats-log-driver completion fish > ~/.config/fish/completions/nats-log-driver.fish',
  ],
  positionals: [{ name: 'SHELL', isRequired: true, choices: ['bash', 'zsh', 'fish'], help: 'bash, zsh or fish' }],
  options: {},
  exits: { 0: 'printed', 2: 'wrong usage' },
  run: async (_, [shell = ''], { output }) => await (await import('../completion.ts')).completion(shell, output),
});
