/** The manual page, in the language of man(7): commands, flags, exit codes and examples, made from the tables of the help. */
import { readFileSync } from "node:fs";
import { commandText } from "../../src/settings.ts";
import { defaultOf, flagRowsOf, flagText } from "../../src/settings/help.ts";
import { COMMANDS, FLAGS, GROUPS, type FlagRow } from "../../src/settings/table.ts";
import { COMMAND_TEXTS, type DescribedCommand } from "../../src/settings/texts.ts";

const DESCRIBED: readonly DescribedCommand[] = [...COMMANDS, "completion"];

const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ["KUBECONFIG", "How to reach the cluster, where --kubeconfig does not say it."],
  ["XDG_RUNTIME_DIR", "The folder in which the runtime folder is, where --runtime-dir does not say it."],
  ["NO_COLOR", "Nothing has colours."],
  ["FORCE_COLOR", "Texts have colours where they go to no terminal, too; 0: nowhere. NO_COLOR wins."],
  ["COLUMNS", "Characters of a line, in place of those of the terminal."],
  ["SLUICE_DEBUG", "Mistakes are told with the place in the program."],
];

export function manPage(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { readonly version: string };
  return [
    '.\\" Made from src/settings/ by "npm run docs:reference": change it there.',
    `.TH SLUICE 1 "" "Sluice ${manText(version)}" "User Commands"`,
    ".nh",
    ".ad l",
    ".SH NAME",
    "sluice \\- a Kubernetes Ingress controller with nginx as its engine",
    ".SH SYNOPSIS",
    ...unfilled(DESCRIBED.flatMap((command) => COMMAND_TEXTS[command].usage.split("\n").map((line) => line.trim()))),
    ".SH DESCRIPTION",
    ...paragraph("sluice makes nginx serve the Ingresses of a cluster, or of a folder of manifests, with the annotations, settings and defaults of ingress-nginx, and shows what is served, why, and what is wrong. Under the name kubectl-sluice it is a plugin of kubectl: \"kubectl sluice get\", logs, wait and \"explain --live\" ask the controller of a cluster in place of that of this machine."),
    ...paragraph("A flag takes its value behind = or as the next word; a switch takes none, or =false."),
    ".SH COMMANDS",
    ...DESCRIBED.flatMap(commandLines),
    ".SH FLAGS",
    ...GROUPS.flatMap(groupLines),
    ...paragraph("Every flag of ingress-nginx is accepted; what has no effect here is said once at start, with the reason."),
    ".SH EXIT STATUS",
    ...paragraph("It is 0 when a command did what it is for, 2 when its command line is wrong, and 130 when it was interrupted. What else there is:"),
    ...DESCRIBED.flatMap((command) => COMMAND_TEXTS[command].exits.filter(([code]) => code !== 0 && code !== 2).flatMap(([code, meaning]) => tagged(`sluice ${commandText(command)}: ${code}`, `${meaning}.`))),
    ".SH ENVIRONMENT",
    ...ENVIRONMENT.flatMap(([name, meaning]) => tagged(name, meaning)),
    ".SH EXAMPLES",
    ...unfilled(DESCRIBED.flatMap((command) => COMMAND_TEXTS[command].examples)),
    ".SH SEE ALSO",
    ...paragraph("kubectl(1), nginx(8), htpasswd(1); the guides in docs/guide/ of the project."),
    "",
  ].join("\n");
}

function commandLines(command: DescribedCommand): readonly string[] {
  const { usage, summary, about = [], exits } = COMMAND_TEXTS[command];
  const flags = flagRowsOf(command).map(({ flag }) => `--${flag}`);
  return [
    `.SS ${manText(commandText(command))}`,
    ...unfilled(usage.split("\n").map((line) => line.trim())),
    ...paragraph(summary),
    ...about.flatMap(paragraph),
    ...(flags.length === 0 ? [] : paragraph(`Flags: ${flags.join(", ")}.`)),
    ...paragraph(`Exit status: ${exits.map(([code, meaning]) => `${code} ${meaning}`).join("; ")}.`),
  ];
}

function groupLines(group: (typeof GROUPS)[number]): readonly string[] {
  const rows: readonly FlagRow<unknown>[] = Object.values(FLAGS);
  return [`.SS ${manText(group)}`, ...rows.filter((row) => row.group === group).flatMap(manFlagLines)];
}

function manFlagLines(row: FlagRow<unknown>): readonly string[] {
  const [ofRun, ofDemo] = [defaultOf(row, "run"), row.demoDefault === undefined ? "" : `${defaultOf(row, "demo")} for demo`];
  const otherwise = [ofRun, ofDemo].filter((one) => one !== "").join(", ");
  const commands = row.commands === undefined ? "All commands" : `Commands: ${row.commands.map(commandText).join(", ")}`;
  return tagged(flagText(row), `${row.help}${otherwise === "" ? "" : ` Default: ${otherwise}.`} ${commands}.`);
}

/** A term, and what is said of it. */
function tagged(term: string, text: string): readonly string[] {
  return [".TP", `\\fB${manText(term)}\\fR`, manText(text)];
}

function paragraph(text: string): readonly string[] {
  return [".PP", manText(text)];
}

/** Lines that stay as they are. */
function unfilled(lines: readonly string[]): readonly string[] {
  return [".PP", ".nf", ".RS 2", ...lines.map(manText), ".RE", ".fi"];
}

/** Characters that troff would take for its own, or typeset as others. */
const TROFF: Readonly<Record<string, string>> = { "\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", '"': "\\(dq", "…": "..." };

/** A text as a line of a manual page shows it, whatever is in it. Parts in backquotes come out bold. */
export function manText(text: string): string {
  const escaped = (part: string): string => part.replaceAll(/[\\\-'`^~"…]/g, (c) => TROFF[c] ?? c).replaceAll(/[^\0-\x7f]/gu, (c) => `\\[u${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`);
  const pieces = text.replaceAll("\n", " ").split(/`([^`]*)`/);
  const line = pieces.map((piece, index) => (index % 2 === 1 ? `\\fB${escaped(piece)}\\fR` : escaped(piece))).join("");
  return line.startsWith(".") ? `\\&${line}` : line;
}
