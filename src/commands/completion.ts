/** `sluice completion SHELL`: prints what makes a shell complete commands, flags and their values. */
import { LISTED } from "../get/rows.ts";
import { COMMANDS, type Command } from "../settings.ts";
import { FLAGS } from "../settings/table.ts";
import type { FlagRow } from "../settings/table.ts";
import { UserError } from "../support/user-error.ts";

const HELP = `Usage: sluice completion bash|zsh|fish

Print what makes a shell complete the commands of sluice, their flags and values.

Examples:
  source <(sluice completion bash)                # in ~/.bashrc
  source <(sluice completion zsh)                 # in ~/.zshrc
  sluice completion fish | source                 # in config.fish
`;

const SHELLS: Readonly<Record<string, () => string>> = { bash, zsh, fish };
/** Commands that are in no table of flags. */
const OTHERS = ["completion", "help", "version"] as const;

export async function completionCommand(argv: readonly string[]): Promise<void> {
  const [shell, extra] = argv;
  if (shell === "--help" || shell === "-h") return void process.stdout.write(HELP);
  const script = shell !== undefined && extra === undefined && Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (!script) throw new UserError('For which shell? Write "sluice completion bash", zsh or fish.', 2);
  process.stdout.write(script());
}

/** Words behind a command that are no flags. */
const WORDS: Partial<Record<Command, readonly string[]>> = { get: LISTED };

interface Completed {
  readonly flag: string;
  readonly help: string;
  /** A switch takes no value. */
  readonly takesValue: boolean;
  /** Values of which it takes one; empty: any. */
  readonly values: readonly string[];
}

function flagsOf(command: Command): readonly Completed[] {
  const rows: readonly FlagRow<unknown>[] = Object.values(FLAGS).filter(({ commands }: FlagRow<unknown>) => commands?.includes(command) ?? true);
  const own = rows.map(({ flag, help, type: { placeholder } }) => ({ flag, help, takesValue: placeholder !== "", values: /^[a-z]+(?:\|[a-z]+)+$/.test(placeholder) ? placeholder.split("|") : [] }));
  return [...own, { flag: "help", help: "Show the flags.", takesValue: false, values: [] }];
}

/** A case of a shell's script for each command. */
function cases(of: (command: Command) => string): string {
  return COMMANDS.map((command) => `    "${command}") ${of(command)} ;;`).join("\n");
}

/** The first words of commands. */
const FIRST = [...new Set(COMMANDS.map((command) => command.split(" ")[0] ?? ""))];
/** First words that a second one follows, and which. */
const SECOND = FIRST.flatMap((first) => {
  const seconds = COMMANDS.flatMap((command) => (command.startsWith(`${first} `) ? [command.slice(first.length + 1)] : []));
  return seconds.length > 0 ? [{ first, seconds: seconds.join(" ") }] : [];
});

function bash(): string {
  const words = (command: Command): string => [...(WORDS[command] ?? []), ...flagsOf(command).map(({ flag, takesValue }) => `--${flag}${takesValue ? "=" : ""}`)].join(" ");
  const values = COMMANDS.flatMap((command) => flagsOf(command).flatMap((one) => (one.values.length > 0 ? [`    "${command} --${one.flag}") words="${one.values.join(" ")}" ;;`] : [])));
  return `_sluice() {
  local line=\${COMP_LINE:0:COMP_POINT} command=\${COMP_WORDS[1]} word words=
  word=\${line##* }
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "${[...FIRST, ...OTHERS].join(" ")}" -- "$word"))
    return
  fi
  case "$command" in
${SECOND.map(({ first, seconds }) => `    ${first})
      if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W "${seconds}" -- "$word")); return; fi
      command="${first} \${COMP_WORDS[2]}" ;;`).join("\n")}
  esac
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
  local command="$words[2]"
  commands=(${[...FIRST, ...OTHERS].join(" ")})
  if (( CURRENT == 2 )); then compadd -a commands; return; fi
  case "$command" in
${SECOND.map(({ first, seconds }) => `    ${first})
      if (( CURRENT == 3 )); then compadd ${seconds}; return; fi
      command="${first} $words[3]" ;;`).join("\n")}
  esac
  case "$command" in
${cases((command) => `_arguments ${flagsOf(command).map(spec).join(" ")} '*:word:${WORDS[command] ? `(${WORDS[command].join(" ")})` : "_files"}'`)}
    completion) compadd bash zsh fish ;;
  esac
}
compdef _sluice sluice
`;
}

function fish(): string {
  const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const seen = (command: string): string => quoted(command.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`).join("; and "));
  const seconds = SECOND.map(({ first, seconds: words }) => `complete -c sluice -n ${quoted(`__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${words}`)} -f -a ${quoted(words)}`);
  const lines = COMMANDS.flatMap((command) => [
    ...(WORDS[command] ? [`complete -c sluice -n ${seen(command)} -f -a ${quoted(WORDS[command].join(" "))}`] : []),
    ...flagsOf(command).map(({ flag, help, takesValue, values }) =>
      `complete -c sluice -n ${seen(command)} -l ${flag}${takesValue ? " -r" : ""}${values.length > 0 ? ` -f -a ${quoted(values.join(" "))}` : ""} -d ${quoted(help)}`),
  ]);
  return `complete -c sluice -n __fish_use_subcommand -f -a ${quoted([...FIRST, ...OTHERS].join(" "))}
${[...seconds, ...lines].join("\n")}
complete -c sluice -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'
`;
}
