/** `waybill completion <shell>`: prints a completion script made from the program, so it knows every option. */
import { Argument, type Command } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { commandsOf } from '../completion/model.ts';
import { zshScript } from '../completion/zsh.ts';
import { EXIT } from '../io/failure.ts';
import { type CommandIo, exitsWith } from '../io/options.ts';

export function addCompletion(program: Command, io: CommandIo): void {
  program
    .command('completion')
    .description('print what lets a shell complete commands, options and runs')
    .addArgument(new Argument('<shell>', 'for which shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  source <(npx waybill completion bash)
  npx waybill completion zsh > ~/.zfunc/_waybill
  npx waybill completion fish > ~/.config/fish/completions/waybill.fish`,
    )
    .action(
      exitsWith(io, async (shell: Shell) => {
        io.stdout.write(completionScript(shell, program));
        return EXIT.ok;
      }),
    );
}

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
export type Shell = keyof typeof SCRIPTS;
export const SHELLS = Object.keys(SCRIPTS) as readonly Shell[];

export const completionScript = (shell: Shell, program: Command): string =>
  SCRIPTS[shell](commandsOf(program));
