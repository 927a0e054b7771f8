/** The completion script for bash 3.2 or later. */
import { type CommandModel, type Kind, RUN_IDS } from './model.ts';

export function bashScript(commands: readonly CommandModel[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  return `# bash completion of waybill; load it with: source <(waybill completion bash)
_waybill_runs() {
  command -v timeout >/dev/null 2>&1 || return 0
  ${RUN_IDS('"$1"')}
}

_waybill_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }

_waybill_paths() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$cur"))
}

_waybill() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}" at option=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    _waybill_words '${names} --help --version'
    return
  fi
  # The option whose value this may be: some take more than one.
  for ((at = COMP_CWORD - 1; at > 1; at--)); do
    case "\${COMP_WORDS[at]}" in -*) option="\${COMP_WORDS[at]}"; break ;; esac
  done
  if [ "$at" -eq $((COMP_CWORD - 1)) ]; then
    case "$command $option" in
${values(commands, () => true)}    esac
  fi
  case "$cur" in
    -*)
      case "$command" in
${commands.map(optionNames).join('')}      esac
      return
      ;;
  esac
  case "$command $option" in
${values(commands, (isVariadic) => isVariadic)}  esac
  case "$command" in
${commands.map(argument).join('')}  esac
}

complete -F _waybill waybill
`;
}

function values(
  commands: readonly CommandModel[],
  wanted: (isVariadic: boolean) => boolean,
): string {
  return commands
    .flatMap(({ name, options }) =>
      options.map(({ names, value, isVariadic }) => {
        if (value === undefined || !wanted(isVariadic)) return '';
        const patterns = names.map((option) => `'${name} ${option}'`).join(' | ');
        return `      ${patterns}) ${replies(value)} return ;;\n`;
      }),
    )
    .join('');
}

const optionNames = ({ name, options }: CommandModel): string =>
  `        ${name}) _waybill_words '${options.flatMap(({ names }) => names).join(' ')}' ;;\n`;

const argument = ({ name, argument: given }: CommandModel): string =>
  given === undefined || given.kind === 'any' ? '' : `    ${name}) ${replies(given.kind)} ;;\n`;

function replies(kind: Kind): string {
  switch (kind) {
    case 'file':
      return '_waybill_paths -f;';
    case 'folder':
      return '_waybill_paths -d;';
    case 'run':
      return `_waybill_words "$(_waybill_runs "\${COMP_WORDS[0]}")";`;
    case 'any':
      return '';
    default:
      return `_waybill_words '${kind.join(' ')}';`;
  }
}
