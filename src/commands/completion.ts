/** `sluice completion SHELL`: prints what makes a shell complete commands, flags and their values. */
import { LISTED } from "../get/rows.ts";
import { commandText, COMMANDS, helpFor, type Command } from "../settings.ts";
import { flagRowsOf } from "../settings/help.ts";
import { SHORT_FLAGS } from "../settings/table.ts";
import { UserError } from "../support/user-error.ts";
import { ROLLOUT_WORDS } from "./rollout-words.ts";

const SHELLS: Readonly<Record<string, () => string>> = { bash, zsh, fish };
/** Commands that are in no table of flags. */
const OTHERS = ["completion", "help", "version"] as const;

export async function completionCommand(argv: readonly string[]): Promise<void> {
  const [shell, extra] = argv;
  if (argv.includes("--help") || argv.includes("-h")) return void process.stdout.write(helpFor("completion"));
  const script = shell !== undefined && extra === undefined && Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (!script) throw new UserError('For which shell? Write "sluice completion bash", zsh or fish.', 2);
  process.stdout.write(script());
}

/** Words behind a command that are no flags. */
const WORDS: Partial<Record<Command, readonly string[]>> = { get: LISTED, rollout: ROLLOUT_WORDS, secret: ["tls", "htpasswd"] };

/** The first words of command lines, each once. */
export const FIRST_WORDS: readonly string[] = [...new Set(COMMANDS.map((command) => partsOf(command)[0])), ...OTHERS];
/** Commands with subcommands → these. */
export const SUBCOMMANDS: ReadonlyMap<string, readonly string[]> = new Map(
  [...Map.groupBy(COMMANDS.map(partsOf).filter(([, second]) => second !== ""), ([first]) => first)].map(([first, all]) => [first, all.map(([, second]) => second)]),
);

/** Command, and subcommand or "". */
function partsOf(command: Command): readonly [first: string, second: string] {
  const [first = "", second = ""] = commandText(command).split(" ");
  return [first, second];
}

/** Words of few that may follow a command; empty: names, files or none. */
export function wordsBehind(command: string): readonly string[] {
  return command === "completion" ? Object.keys(SHELLS) : (WORDS[command as Command] ?? []);
}

interface Completed {
  readonly flag: string;
  /** Its letter; absent: it has none. */
  readonly short?: string;
  readonly help: string;
  /** A switch takes no value. */
  readonly takesValue: boolean;
  /** Values of which it takes one; empty: it takes all texts. */
  readonly values: readonly string[];
}

export function completedFlags(command: Command): readonly Completed[] {
  const own = flagRowsOf(command).map(({ flag, help, type: { placeholder } }) => ({ flag, ...shortOf(flag), help, takesValue: placeholder !== "", values: /^[a-z]+(?:\|[a-z]+)+$/.test(placeholder) ? placeholder.split("|") : [] }));
  return [...own, { flag: "help", short: "h", help: "Show the flags.", takesValue: false, values: [] }];
}

function shortOf(flag: string): Pick<Completed, "short"> {
  const short = SHORT_FLAGS[flag];
  return short === undefined ? {} : { short };
}

/** A case of a shell's script for each command. */
function cases(of: (command: Command) => string): string {
  return COMMANDS.map((command) => `    ${command === "check" ? "check|lint" : command}) ${of(command)} ;;`).join("\n");
}

function bash(): string {
  const words = (command: Command): string => [...(WORDS[command] ?? []), ...completedFlags(command).map(({ flag, takesValue }) => `--${flag}${takesValue ? "=" : ""}`)].join(" ");
  const pattern = (command: Command, { flag, short }: Completed): string => [`"${command} --${flag}"`, ...(short === undefined ? [] : [`"${command} -${short}"`])].join("|");
  const values = COMMANDS.flatMap((command) => completedFlags(command).flatMap((one) => (one.values.length > 0 ? [`    ${pattern(command, one)}) words="${one.values.join(" ")}" ;;`] : [])));
  return `_sluice() {
  local line=\${COMP_LINE:0:COMP_POINT} command=\${COMP_WORDS[1]} before=\${COMP_WORDS[COMP_CWORD-1]} word words=
  word=\${line##* }
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "${FIRST_WORDS.join(" ")}" -- "$word"))
    return
  fi
${[...SUBCOMMANDS].map(([first, seconds]) => `  if [[ $command == ${first} ]]; then
    if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W "${seconds.join(" ")}" -- "$word")); return; fi
    command=${first}-\${COMP_WORDS[2]}
  fi`).join("\n")}
  if [[ $command == lint ]]; then command=check; fi
  [[ $word == --*=* ]] && before=\${word%%=*}
  case "$command $before" in
${values.join("\n")}
  esac
  if [[ -n $words && $word != -* ]]; then COMPREPLY=($(compgen -W "$words" -- "$word")); return; fi
  if [[ $word == --*=* ]]; then
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
  const spec = ({ flag, short, help, takesValue, values }: Completed): string => {
    const rest = `[${quoted(help)}]${takesValue ? `:value:${values.length > 0 ? `(${values.join(" ")})` : "_files"}` : ""}`;
    return [`'--${flag}${takesValue ? "=" : ""}${rest}'`, ...(short === undefined ? [] : [`'-${short}${rest}'`])].join(" ");
  };
  return `#compdef sluice
_sluice() {
  local -a commands
  commands=(${FIRST_WORDS.join(" ")})
  if (( CURRENT == 2 )); then compadd -a commands; return; fi
  local command="$words[2]"
${[...SUBCOMMANDS].map(([first, seconds]) => `  if [[ $command == ${first} ]]; then
    if (( CURRENT == 3 )); then compadd ${seconds.join(" ")}; return; fi
    command="${first}-$words[3]"
  fi`).join("\n")}
  case "$command" in
${cases((command) => `_arguments ${completedFlags(command).map(spec).join(" ")} '*:word:${WORDS[command] ? `(${WORDS[command].join(" ")})` : "_files"}'`)}
    completion) compadd bash zsh fish ;;
  esac
}
compdef _sluice sluice
`;
}

function fish(): string {
  const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const within = (command: Command): string => commandText(command).split(" ").map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
  const lines = COMMANDS.flatMap((command) => [
    ...(WORDS[command] ? [`complete -c sluice -n '${within(command)}' -f -a ${quoted(WORDS[command].join(" "))}`] : []),
    ...completedFlags(command).map(({ flag, short, help, takesValue, values }) =>
      `complete -c sluice -n '${within(command)}' -l ${flag}${short === undefined ? "" : ` -s ${short}`}${takesValue ? " -r" : ""}${values.length > 0 ? ` -f -a ${quoted(values.join(" "))}` : ""} -d ${quoted(help)}`),
  ]);
  const seconds = [...SUBCOMMANDS].map(([first, all]) => `complete -c sluice -n '__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${all.join(" ")}' -f -a ${quoted(all.join(" "))}`);
  lines.unshift(...seconds);
  return `complete -c sluice -n __fish_use_subcommand -f -a ${quoted(FIRST_WORDS.join(" "))}
${lines.join("\n")}
complete -c sluice -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'
`;
}
