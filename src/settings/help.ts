/** The text of `sluice <command> --help`, made from the tables of flags and of commands. */
import { wrapped } from "../support/text.ts";
import { inOwnName } from "./program-name.ts";
import { FLAGS, GROUPS, SHORT_FLAGS } from "./table.ts";
import type { Command, FlagRow } from "./table.ts";
import { COMMAND_TEXTS } from "./texts.ts";
import type { CommandText, DescribedCommand } from "./texts.ts";

/** The flags of a command, in the order of the table. */
export function flagRowsOf(command: DescribedCommand): readonly FlagRow<unknown>[] {
  const rows: readonly FlagRow<unknown>[] = Object.values(FLAGS);
  return command === "completion" ? [] : rows.filter((row) => row.commands?.includes(command) ?? true);
}

/** Groups that "sluice run" has, which are long and known, come behind what is about the command. */
const OF_RUN: ReadonlySet<string> = new Set(flagRowsOf("run").map(({ group }) => group));
const ORDER = [...GROUPS].sort((a, b) => Number(OF_RUN.has(a)) - Number(OF_RUN.has(b)));

/** The complete text, with a newline at its end. */
export function helpFor(command: DescribedCommand): string {
  const text = COMMAND_TEXTS[command];
  const rows = flagRowsOf(command);
  const groups = ORDER.flatMap((group) => {
    const own = rows.filter((row) => row.group === group);
    return own.length > 0 ? ["", `${group}:`, ...own.flatMap((row) => flagLines(row, command))] : [];
  });
  const about = command === "run" ? ABOUT_INGRESS_NGINX : [];
  const lines = [`Usage: ${inOwnName(text.usage)}`, "", inOwnName(text.summary), ...partsOf(text), ...groups, ...about, "", "Examples:", ...text.examples.map((line) => `  ${inOwnName(line)}`)];
  return `${lines.join("\n")}\n`;
}

/** What stands between the summary and the flags: paragraphs, exit codes. */
function partsOf({ about = [], exits }: CommandText): readonly string[] {
  return [
    ...about.flatMap((text) => ["", ...paragraph(text, "")]),
    "",
    ...paragraph(`Exit codes: ${exits.map(([code, meaning]) => `${code} ${meaning}`).join("; ")}.`, ""),
  ];
}

/** The usual number of columns of a terminal. */
const WIDTH = 80;
const INDENT = "      ";

function flagLines(row: FlagRow<unknown>, command: DescribedCommand): string[] {
  const head = `  ${flagText(row)}`;
  const value = command === "completion" ? "" : defaultOf(row, command);
  // A switch that is not given is off.
  const fallback = value === "false" ? "" : value;
  return [head, ...paragraph(`${row.help}${fallback === "" ? "" : ` Default: ${fallback}.`}`)];
}

function paragraph(text: string, indent: string = INDENT): string[] {
  return wrapped(inOwnName(text), WIDTH, indent);
}

/** `-o, --output=text|json`. */
export function flagText({ flag, type: { placeholder } }: FlagRow<unknown>): string {
  const short = SHORT_FLAGS[flag];
  return `${short === undefined ? "" : `-${short}, `}--${flag}${placeholder === "" ? "" : `=${placeholder}`}`;
}

const ABOUT_INGRESS_NGINX = [
  "",
  "Every flag of ingress-nginx is accepted; what has no effect here is said once at",
  "start, with the reason, and in docs/reference/flags.md.",
];

/** The default as text; empty where there is nothing to say. */
export function defaultOf(row: FlagRow<unknown>, command: Command): string {
  const ofDemo = command === "demo" ? row.demoDefault : undefined;
  if (ofDemo === undefined && row.defaultText !== undefined) return row.defaultText;
  const value = ofDemo ?? row.default;
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
