/** `sluice completion SHELL`: prints what makes a shell complete commands, flags and their values. */
import { LISTED } from "../get/rows.ts";
import { COMMANDS, helpFor, type Command } from "../settings.ts";
import { flagRowsOf } from "../settings/help.ts";
import { UserError } from "../support/user-error.ts";

const SHELLS: Readonly<Record<string, () => string>> = { bash, zsh, fish };
/** Commands that are in no table of flags. */
const OTHERS = ["completion", "help", "version"] as const;

export async function completionCommand(argv: readonly string[]): Promise<void> {
  const [shell, extra] = argv;
  if (shell === "--help" || shell === "-h") return void process.stdout.write(helpFor("completion"));
  const script = shell !== undefined && extra === undefined && Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (!script) throw new UserError('For which shell? Write "sluice completion bash", zsh or fish.', 2);
  process.stdout.write(script());
}

/** Words behind a command that are no flags. */
const WORDS: Partial<Record<Command, readonly string[]>> = { get: LISTED, secret: ["tls", "htpasswd"] };

/** Every command that people write. */
export const COMPLETED_COMMANDS: readonly string[] = [...COMMANDS, ...OTHERS];

/** Words of few that may follow a command; empty: names, files or none. */
export function wordsBehind(command: string): readonly string[] {
  return command === "completion" ? Object.keys(SHELLS) : (WORDS[command as Command] ?? []);
}

interface Completed {
  readonly flag: string;
  readonly help: string;
  /** A switch takes no value. */
  readonly takesValue: boolean;
  /** Values of which it takes one; empty: any. */
  readonly values: readonly string[];
}

export function completedFlags(command: Command): readonly Completed[] {
  const own = flagRowsOf(command).map(({ flag, help, type: { placeholder } }) => ({ flag, help, takesValue: placeholder !== "", values: /^[a-z]+(?:\|[a-z]+)+$/.test(placeholder) ? placeholder.split("|") : [] }));
  return [...own, { flag: "help", help: "Show the flags.", takesValue: false, values: [] }];
}

/** A case of a shell's script for each command. */
function cases(of: (command: Command) => string): string {
  return COMMANDS.map((command) => `    ${command}) ${of(command)} ;;`).join("\n");
}

function bash(): string {
  const words = (command: Command): string => [...(WORDS[command] ?? []), ...completedFlags(command).map(({ flag, takesValue }) => `--${flag}${takesValue ? "=" : ""}`)].join(" ");
  const values = COMMANDS.flatMap((command) => completedFlags(command).flatMap((one) => (one.values.length > 0 ? [`    "${command} --${one.flag}") words="${one.values.join(" ")}" ;;`] : [])));
  return `_sluice() {
  local line=\${COMP_LINE:0:COMP_POINT} command=\${COMP_WORDS[1]} word words=
  word=\${line##* }
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "${COMPLETED_COMMANDS.join(" ")}" -- "$word"))
    return
  fi
  if [[ $word == --*=* ]]; then
    case "$command \${word%%=*}" in
${values.join("\n")}
    esac
    if [[ -n $words ]]; then COMPREPLY=($(compgen -W "$words" -- "\${word#*=}")); else mapfile -t COMPREPLY < <(compgen -f -- "\${word#*=}"); fi
    return
  fi
  case "$command" in
${cases((command) => `words="${words(command)}"`)}
    completion) words="bash zsh fish" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ \${#COMPREPLY[@]} -eq 0 && $word != -* ]]; then compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word"); fi
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
  return 0
}
complete -F _sluice sluice
`;
}

function zsh(): string {
  const quoted = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(/([[\]:])/g, "\\$1");
  const spec = ({ flag, help, takesValue, values }: Completed): string => `'--${flag}${takesValue ? "=" : ""}[${quoted(help)}]${takesValue ? `:value:${values.length > 0 ? `(${values.join(" ")})` : "_files"}` : ""}'`;
  return `#compdef sluice
_sluice() {
  local -a commands
  commands=(${COMPLETED_COMMANDS.join(" ")})
  if (( CURRENT == 2 )); then compadd -a commands; return; fi
  case "$words[2]" in
${cases((command) => `_arguments ${completedFlags(command).map(spec).join(" ")} '*:word:${WORDS[command] ? `(${WORDS[command].join(" ")})` : "_files"}'`)}
    completion) compadd bash zsh fish ;;
  esac
}
compdef _sluice sluice
`;
}

function fish(): string {
  const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = COMMANDS.flatMap((command) => [
    ...(WORDS[command] ? [`complete -c sluice -n '__fish_seen_subcommand_from ${command}' -f -a ${quoted(WORDS[command].join(" "))}`] : []),
    ...completedFlags(command).map(({ flag, help, takesValue, values }) =>
      `complete -c sluice -n '__fish_seen_subcommand_from ${command}' -l ${flag}${takesValue ? " -r" : ""}${values.length > 0 ? ` -f -a ${quoted(values.join(" "))}` : ""} -d ${quoted(help)}`),
  ]);
  return `complete -c sluice -n __fish_use_subcommand -f -a ${quoted(COMPLETED_COMMANDS.join(" "))}
${lines.join("\n")}
complete -c sluice -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'
`;
}
