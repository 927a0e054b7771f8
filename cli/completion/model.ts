/** The commands of the program as shell completion knows them, read from the program itself. */
import type { Command, Option } from 'commander';
import { own } from '../../shared/lib/values.ts';

/** What may stand somewhere: words of a list, a path, the id of a run, or anything. */
export type Kind = readonly string[] | 'file' | 'folder' | 'run' | 'any';

export interface OptionModel {
  /** `--class`, and `-h` where there is one. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined when it takes no value. */
  readonly value?: Kind;
  readonly isVariadic: boolean;
}

export interface CommandModel {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionModel[];
  /** Its argument; no command has more kinds of them. */
  readonly argument?: { readonly name: string; readonly kind: Kind; readonly isVariadic: boolean };
}

/** What answers ids of runs in every shell; two seconds are the longest that a person would wait. */
export const RUN_IDS = (bin: string): string =>
  `timeout 2 ${bin} runs --json </dev/null 2>/dev/null | grep -o '"runId":"[A-Za-z0-9_-]*"' | cut -d '"' -f 4`;

const FILES: readonly string[] = ['--sizes', '--error', '--summary'];
const FOLDERS: readonly string[] = ['--out'];
const ARGUMENTS: Readonly<Record<string, Kind>> = { manifest: 'file', receipt: 'file', run: 'run' };

export function commandsOf(program: Command): readonly CommandModel[] {
  const help = program.createHelp();
  return help.visibleCommands(program).map((command) => {
    const [argument] = command.registeredArguments;
    return {
      name: command.name(),
      description: command.description(),
      options: help.visibleOptions(command).map(optionOf),
      ...(argument && {
        argument: {
          name: argument.name(),
          kind: argument.argChoices ?? own(ARGUMENTS, argument.name()) ?? 'any',
          isVariadic: argument.variadic,
        },
      }),
    };
  });
}

function optionOf(option: Option): OptionModel {
  const { short, long, description, required, optional, variadic } = option;
  return {
    names: [short, long].filter((name) => name !== undefined && name !== null),
    description,
    isVariadic: variadic,
    ...((required || optional) && { value: kindOf(option) }),
  };
}

function kindOf({ long = '', argChoices }: Option): Kind {
  if (argChoices) return argChoices;
  if (FILES.includes(long)) return 'file';
  return FOLDERS.includes(long) ? 'folder' : 'any';
}
