/** Differences for people: by host, one line each, what is added in green and what is removed in red. */
import type { Paint } from "../support/terminal.ts";
import { printable } from "../support/text.ts";
import type { ChangeKind, Detail, Difference } from "./compare.ts";

const SIGN: Readonly<Record<ChangeKind, string>> = { added: "+", removed: "-", changed: "~" };
const COLOUR = { added: "green", removed: "red", changed: "yellow" } as const;
const TITLES: Readonly<Record<Exclude<Difference["what"], "host" | "route">, string>> = {
  alias: "Further names", certificate: "Certificates", listener: "Ports below http", setting: "Settings of the controller", users: "Users", finding: "Findings",
};

/** @param paint of lines that change. */
export function differencesText(differences: readonly Difference[], paint: Paint): string {
  if (differences.length === 0) return "Nothing changes for those who ask.\n";
  const lines: string[] = [];
  for (const [host, ofHost] of Map.groupBy(differences.filter(({ what }) => what === "host" || what === "route"), (one) => one.host)) {
    const own = ofHost.find(({ what }) => what === "host");
    lines.push(paint(COLOUR[own?.change ?? "changed"], printable(`${own ? SIGN[own.change] : " "} ${host ?? ""}`)), ...(own?.details ?? []).map(detailText));
    for (const route of ofHost.filter(({ what }) => what === "route")) lines.push(...linesOf(route, paint));
  }
  for (const [what, title] of Object.entries(TITLES)) {
    const some = differences.filter((one) => one.what === what);
    if (some.length > 0) lines.push(title, ...some.flatMap((one) => linesOf(one, paint)));
  }
  return `${lines.join("\n")}\n`;
}

function linesOf({ change, name, before, after, details }: Difference, paint: Paint): string[] {
  const [old, now] = shortened(before, after);
  const value = old !== undefined && now !== undefined && before !== after ? `${old} → ${now}` : (now ?? old ?? "");
  return [paint(COLOUR[change], printable(`  ${SIGN[change]} ${name}  ${value}`).trimEnd()), ...details.map(detailText)];
}

function detailText({ what, before, after }: Detail): string {
  const [old, now] = shortened(before, after);
  return `      ${printable(before === undefined && after === undefined ? what : `${what}: ${now ?? "absent"}, was ${old ?? "absent"}`)}`;
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
