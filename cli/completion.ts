/** `waybill completion <shell>`: a script made from the program itself, so that it knows every option. */
import type { Command } from 'commander';
import { bashScript } from './completion/bash.ts';
import { fishScript } from './completion/fish.ts';
import { commandsOf } from './completion/model.ts';
import { zshScript } from './completion/zsh.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
export type Shell = keyof typeof SCRIPTS;
export const SHELLS = Object.keys(SCRIPTS) as readonly Shell[];

export const completionScript = (shell: Shell, program: Command): string =>
  SCRIPTS[shell](commandsOf(program));
