import { expect, test } from 'vitest';
import { catalogue } from '../../../src/cli/catalogue.ts';
import { allCommands } from '../../../src/cli/commands/completion.ts';
import { bashCompletion } from '../../../src/cli/completion/bash.ts';
import type { CompletedCommand } from '../../../src/cli/completion/completed-command.ts';
import { fishCompletion } from '../../../src/cli/completion/fish.ts';
import { zshCompletion } from '../../../src/cli/completion/zsh.ts';
import { createFakeCli, runFake } from './fake-cli.ts';

const PROMISED = [
  ...['up', 'ls', 'ps', 'inspect', 'logs', 'exec', 'shell', 'port', 'stop', 'start', 'restart', 'rm', 'fork'],
  ...[
    'docker',
    'docker-env',
    'context',
    'template',
    'image',
    'host',
    'events',
    'stats',
    'operation',
    'daemon',
    'down',
    'api',
    'version',
    'completion',
  ],
];

test('every promised command is there, under the name of its file', async () => {
  expect(catalogue.map((entry) => entry.name)).toEqual(expect.arrayContaining(PROMISED));
  for (const entry of catalogue) {
    const command = (await entry.load()).define(createFakeCli({}));
    expect(command.name()).toBe(entry.name);
    expect(command.description()).not.toBe('');
  }
});

function leaves(commands: readonly CompletedCommand[], path: readonly string[] = []): string[][] {
  return commands.flatMap((command) => {
    const here = [...path, command.name];
    return command.subcommands.length > 0 ? leaves(command.subcommands, here) : [here];
  });
}

test('the help of every command has examples', async () => {
  const withoutExamples: string[] = [];
  for (const path of leaves(await allCommands(createFakeCli({})))) {
    const { out } = await runFake({}, ...path, '--help');
    if (!out.includes('Examples:')) withoutExamples.push(path.join(' '));
  }
  expect(withoutExamples).toEqual([]);
});

test('lists and inspections have --json; what starts an operation has --timeout', async () => {
  const commands = await allCommands(createFakeCli({}));
  const find = (name: string): CompletedCommand | undefined =>
    commands.find((command) => command.name === name);
  const flags = (command: CompletedCommand | undefined) =>
    (command?.options ?? []).map((option) => option.long);
  for (const name of ['ls', 'ps', 'inspect', 'port', 'events', 'stats', 'version'])
    expect(flags(find(name))).toContain('--json');
  for (const name of ['up', 'fork', 'start', 'stop', 'restart', 'rm', 'down']) {
    expect(flags(find(name))).toEqual(
      expect.arrayContaining(['--json', '--wait', '--no-wait', '--timeout', '--no-autostart']),
    );
  }
});

test.each([
  ['bash', bashCompletion],
  ['zsh', zshCompletion],
  ['fish', fishCompletion],
] as const)('completion for %s has every command, subcommand and option', async (_shell, print) => {
  const commands = await allCommands(createFakeCli({}));
  const script = print(commands);
  for (const command of commands) {
    expect(script).toContain(command.name);
    for (const sub of command.subcommands) expect(script).toContain(sub.name);
    for (const option of command.options) expect(script).toContain((option.long ?? '').replace(/^--/, ''));
  }
});
