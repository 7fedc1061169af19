/** Differences for people: by host, one line each, what is added in green and what is removed in red. */
import type { Paint } from "../support/terminal.ts";
import { printable } from "../support/text.ts";
import type { ChangeKind, Detail, Difference } from "./compare.ts";

const NOTHING = "Nothing changes for those who ask.\n";
const SIGN: Readonly<Record<ChangeKind, string>> = { added: "+", removed: "-", changed: "~" };
const COLOUR = { added: "green", removed: "red", changed: "yellow" } as const;
const TITLES: Readonly<Record<Exclude<Difference["what"], "host" | "route">, string>> = {
  alias: "Further names", certificate: "Certificates", listener: "Ports below http", setting: "Settings of the controller", users: "Users", finding: "Findings",
};

/** A line about one change; without one, a heading or a detail of the change above it. */
interface Line {
  readonly change?: ChangeKind;
  readonly indent: string;
  readonly text: string;
}

/** @param paint of lines that change. */
export function differencesText(differences: readonly Difference[], paint: Paint): string {
  if (differences.length === 0) return NOTHING;
  const line = ({ change, indent, text }: Line): string => (change ? paint(COLOUR[change], `${indent}${SIGN[change]} ${text}`) : `${indent}${text}`);
  return `${linesOf(differences).map(line).join("\n")}\n`;
}

/** Signs of the language `diff`, which code hosts colour. */
const MARKDOWN_SIGN: Readonly<Record<ChangeKind, string>> = { added: "+", removed: "-", changed: "!" };
/** Characters: GitHub takes 65536 in a comment. */
const MOST_MARKDOWN = 60_000;

/** For a comment on a pull request, or the summary of a job: counts, and the differences as a block that code hosts colour. */
export function differencesMarkdown(differences: readonly Difference[]): string {
  if (differences.length === 0) return `**Sluice:** ${NOTHING}`;
  const all = linesOf(differences).map(({ change, indent, text }) => `${change ? MARKDOWN_SIGN[change] : " "} ${indent}${text}`.trimEnd());
  let room = MOST_MARKDOWN;
  const shown = all.filter((line) => (room -= line.length + 1) > 0);
  const more = all.length - shown.length;
  const fence = "`".repeat(Math.max(3, ...shown.flatMap((line) => line.match(/`+/g) ?? []).map((run) => run.length + 1)));
  return [`**Sluice:** ${countsText(differences)}`, "", `${fence}diff`, ...shown, fence, ...(more > 0 ? ["", `… and ${more} more lines: see the output of \`sluice diff\`.`] : []), ""].join("\n");
}

/** `1 host added, 2 routes changed, 1 finding added`. */
function countsText(differences: readonly Difference[]): string {
  const groups = Map.groupBy(differences, ({ what, change }) => `${what} ${change}`);
  return [...groups.values()].flatMap(([first, ...more]) => (first ? [`${more.length + 1} ${plural(first.what, more.length + 1)} ${first.change}`] : [])).join(", ");
}

function plural(what: Difference["what"], count: number): string {
  if (count === 1 || what === "users") return what;
  return what === "alias" ? "aliases" : `${what}s`;
}

function linesOf(differences: readonly Difference[]): Line[] {
  const lines: Line[] = [];
  for (const [host, ofHost] of Map.groupBy(differences.filter(({ what }) => what === "host" || what === "route"), (one) => one.host)) {
    const own = ofHost.find(({ what }) => what === "host");
    lines.push({ ...(own ? { change: own.change } : {}), indent: own ? "" : "  ", text: printable(host ?? "") }, ...(own?.details ?? []).map(detailLine));
    for (const route of ofHost.filter(({ what }) => what === "route")) lines.push(...linesOfOne(route));
  }
  for (const [what, title] of Object.entries(TITLES)) {
    const some = differences.filter((one) => one.what === what);
    if (some.length > 0) lines.push({ indent: "", text: title }, ...some.flatMap(linesOfOne));
  }
  return lines;
}

function linesOfOne({ change, name, before, after, details }: Difference): Line[] {
  const [old, now] = shortened(before, after);
  const value = old !== undefined && now !== undefined && before !== after ? `${old} → ${now}` : (now ?? old ?? "");
  return [{ change, indent: "  ", text: printable(`${name}  ${value}`).trimEnd() }, ...details.map(detailLine)];
}

function detailLine({ what, before, after }: Detail): Line {
  const [old, now] = shortened(before, after);
  return { indent: "      ", text: printable(before === undefined && after === undefined ? what : `${what}: ${now ?? "absent"}, was ${old ?? "absent"}`) };
}

const LONGEST = 80;
/** Characters in front of the first that differ. */
const LEAD = 20;

/** Two long texts from a little in front of where they differ. */
function shortened(before: string | undefined, after: string | undefined): readonly [string | undefined, string | undefined] {
  if (before === undefined || after === undefined || before === after || Math.max(before.length, after.length) <= LONGEST) return [before, after];
  let same = 0;
  while (same < before.length && before[same] === after[same]) same++;
  const from = leadStart(before, same);
  const cut = (text: string): string => `${from > 0 ? "…" : ""}${text.slice(from, from + LONGEST)}${text.length > from + LONGEST ? "…" : ""}`;
  return [cut(before), cut(after)];
}

/** Where the text in front of character `same` begins: at a word, if a word begins near. */
function leadStart(text: string, same: number): number {
  const near = Math.max(0, same - LEAD);
  const word = near === 0 ? 0 : text.lastIndexOf(" ", near) + 1;
  return near - word < LEAD ? word : near;
}
