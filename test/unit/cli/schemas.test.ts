/** The committed JSON Schemas tell every command that prints JSON. */
import { readdirSync } from 'node:fs';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { OUTPUTS } from '../../../cli/outputs.ts';
import { createProgram } from '../../../cli/program.ts';
import { schemaFiles } from '../../../scripts/cli-schemas.ts';

it('no other files lie there', () => {
  expect(readdirSync('docs/schemas/cli').sort()).toEqual([...schemaFiles().keys()].sort());
});

it('every command with --json has one', () => {
  const { stdin, stdout, stderr } = process;
  const program = createProgram({ env: {}, stdin, stdout, stderr, exitsWith: () => {} });
  const nameOf = (command: Command): string =>
    [command.parent === program ? '' : command.parent?.name(), command.name()].join(' ').trim();
  const all = program.commands.flatMap((command) => [command, ...command.commands]);
  const withJson = all
    .filter(({ options }) => options.some(({ long }) => long === '--json'))
    .map(nameOf);
  expect(withJson.sort()).toEqual(Object.keys(OUTPUTS).sort());
});
