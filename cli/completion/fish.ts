/** The completion script for fish. */
import { type CommandModel, type Kind, type OptionModel, RUN_IDS } from './model.ts';

export const fishScript = (
  commands: readonly CommandModel[],
): string => `# fish completion of waybill
function __waybill_runs
    command -q timeout; or return
    ${RUN_IDS('waybill')}
end

complete -c waybill -f
${commands.map(one).join('')}`;

function one({ name, description, options, argument }: CommandModel): string {
  const within = `complete -c waybill -n '__fish_seen_subcommand_from ${name}'`;
  const more = argument ? values(argument.kind) : '';
  return [
    `complete -c waybill -n __fish_use_subcommand -a ${name} -d ${quote(description)}\n`,
    ...options.map((option) => `${within} ${optionSpec(option)}\n`),
    ...(more === '' ? [] : [`${within} ${more}\n`]),
  ].join('');
}

function optionSpec({ names, description, value }: OptionModel): string {
  const flags = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  // Only where a path is wanted are files of the folder offered.
  const taken = value === undefined ? [] : [value === 'file' ? '-r' : '-x', values(value)];
  return [...flags, ...taken.filter(Boolean), `-d ${quote(description)}`].join(' ');
}

function values(kind: Kind): string {
  switch (kind) {
    case 'file':
      return '-F';
    case 'folder':
      return "-a '(__fish_complete_directories)'";
    case 'run':
      return "-a '(__waybill_runs)'";
    case 'any':
      return '';
    default:
      return `-a ${quote(kind.join(' '))}`;
  }
}

const quote = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
