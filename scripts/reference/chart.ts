/** The values of the Helm chart, read from its values.yaml; where a value sets a flag, the table of flags has the words. */
import { readFileSync } from "node:fs";
import { isMap, isScalar, parseDocument, type Node, type Pair, type YAMLMap } from "yaml";
import { FLAGS, type FlagRow } from "../../src/settings/table.ts";
import { code, page, table } from "./markdown.ts";

const FILE = new URL("../../deploy/chart/values.yaml", import.meta.url);

export function chartPage(): string {
  const { contents } = parseDocument(readFileSync(FILE, "utf8"));
  if (!isMap(contents)) throw new Error("values.yaml is no map");
  return page("Helm chart", "deploy/chart/values.yaml and src/settings/table.ts", [
    "Values of `deploy/chart`. Names and meanings are those of ingress-nginx's chart, so that a file of values made for it works; values that are not in this list have no effect. "
      + "[How to install](../guide/install.md).",
    table(["value", "default", "what it does"], rowsOf(contents, "")),
  ]);
}

function rowsOf(map: YAMLMap, prefix: string): string[][] {
  return map.items.flatMap((pair) => {
    const key = isScalar(pair.key) ? pair.key : undefined;
    const path = `${prefix}${String(key?.value)}`;
    const { value } = pair;
    if (isMap(value) && value.items.some((inner) => commentOf(inner, value) !== "")) return rowsOf(value, `${path}.`);
    return [[code(path), code(JSON.stringify((value as Node | null)?.toJSON() ?? "")), inWords(commentOf(pair, map))]];
  });
}

/** The comment above a key. The parser attaches the one above the first key of a map to the map. */
function commentOf({ key }: Pair, map: YAMLMap): string {
  const own = isScalar(key) ? key.commentBefore : undefined;
  const first = map.items[0]?.key === key ? map.commentBefore : undefined;
  // Paragraphs further above are about the file.
  const nearest = (own ?? first ?? "").split(/\n\s*\n/).at(-1) ?? "";
  return nearest.split("\n").map((line) => line.trim()).join(" ");
}

/** A comment as the page has it: `flag: NAME` becomes the help of that flag, with what follows in the comment. */
function inWords(comment: string): string {
  const [, name, more = ""] = /^flag: ([\w-]+)\.?\s*(.*)$/.exec(comment) ?? [];
  if (name === undefined) return comment || "Kubernetes' field of this name.";
  const row = Object.values<FlagRow<unknown>>(FLAGS).find(({ flag }) => flag === name);
  if (!row) throw new Error(`values.yaml names a flag that does not exist: --${name}`);
  return [row.help, more, `(${code(`--${name}`)})`].filter(Boolean).join(" ");
}
