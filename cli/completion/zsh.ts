/** The completion script for zsh: a file `_waybill` in a folder of `fpath`. */
import { type CommandModel, type Kind, type OptionModel, RUN_IDS } from './model.ts';

export const zshScript = (commands: readonly CommandModel[]): string => `#compdef waybill
# zsh completion of waybill; write it as _waybill into a folder of fpath

_waybill_runs() {
  (( $+commands[timeout] )) || return 0
  local -a runs
  runs=(\${(f)"$(${RUN_IDS('$waybill')})"})
  compadd -a runs
}

_waybill() {
  local waybill=$words[1] curcontext=$curcontext state line
  local -a known
  typeset -A opt_args
  known=(
${commands.map(({ name, description }) => `    ${quote(`${name}:${description.replaceAll(':', '\\:')}`)}\n`).join('')}  )
  _arguments -C '(- *)'{-h,--help}'[tell the usage]' '(- *)'{-V,--version}'[tell the version]' \\
    '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command known ;;
    argument)
      case $line[1] in
${commands.map(one).join('')}      esac
      ;;
  esac
}

if [ "$funcstack[1]" = _waybill ]; then
  _waybill "$@"
else
  compdef _waybill waybill
fi
`;

function one({ name, options, argument }: CommandModel): string {
  const specs = [
    ...options.flatMap(optionSpecs),
    ...(argument
      ? [`${argument.isVariadic ? '*' : '1'}:${argument.name}:${action(argument.kind)}`]
      : []),
  ];
  return `        ${name}) _arguments ${specs.map(quote).join(' ')} ;;\n`;
}

const optionSpecs = ({ names, description, value, isVariadic }: OptionModel): readonly string[] =>
  names.map((name) => {
    const told = description.replaceAll(/[[\]\\]/g, '\\$&');
    const taken = value === undefined ? '' : `:${name.replace(/^-+/, '')}:${action(value)}`;
    return `${isVariadic ? '*' : ''}${name}[${told}]${taken}`;
  });

function action(kind: Kind): string {
  switch (kind) {
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'run':
      return '_waybill_runs';
    case 'any':
      return '';
    default:
      return `(${kind.join(' ')})`;
  }
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
