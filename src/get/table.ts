/** Rows as a table for people. */
import { cutTo, fittingWidths } from "../support/terminal.ts";
import { printable } from "../support/text.ts";
import type { ListedKind, ListedRow } from "./rows.ts";

/** The columns of a narrow table; a wide one has all that a row has. */
const NARROW: Readonly<Record<ListedKind, readonly string[]>> = {
  routes: ["namespace", "ingress", "host", "path", "target", "endpoints"],
  hosts: ["host", "routes", "tls", "ingresses"],
  backends: ["namespace", "service", "port", "routes", "ready"],
  certs: ["name", "served", "namespace", "secret", "expires", "days"],
  canaries: ["namespace", "ingress", "host", "path", "target", "rule", "share"],
  findings: ["severity", "code", "object", "at", "says"],
  profiles: ["profile", "routes", "settings"],
};

/** Columns that are left out first where a line has no room for all; the target of a route names its namespace, too. */
const SPARE: Partial<Readonly<Record<ListedKind, string>>> = { findings: "at", routes: "namespace", canaries: "namespace" };

const GAP = "   ";
/** A column is not made narrower: what does not fit then goes on in the next line of the terminal. */
const NARROWEST = 10;

/** @param wide with every column, and nothing cut. @param width of a line; a column is left out or long texts are cut until it fits. */
export function tableText(kind: ListedKind, rows: readonly ListedRow[], wide: boolean, width = Infinity): string {
  const [first] = rows;
  if (first === undefined) return `No ${kind}.\n`;
  if (wide) return drawn([...NARROW[kind], ...Object.keys(first).filter((name) => !NARROW[kind].includes(name))], rows, Infinity);
  const all = drawn(NARROW[kind], rows, Infinity);
  if (all.split("\n").every((line) => line.length <= width)) return all;
  return drawn(NARROW[kind].filter((name) => name !== SPARE[kind]), rows, width);
}

function drawn(columns: readonly string[], rows: readonly ListedRow[], width: number): string {
  const cells = [columns.map((name) => name.toUpperCase()), ...rows.map((row) => columns.map((name) => cellText(row[name])))];
  const natural = columns.map((_, index) => cells.reduce((widest, row) => Math.max(widest, row[index]?.length ?? 0), 0));
  const widths = fittingWidths(natural, width, { gap: GAP.length, narrowest: NARROWEST, mayBeCut: () => true });
  const line = (row: readonly string[]): string => row.map((cell, index) => cutTo(cell, widths[index] ?? 0).padEnd(widths[index] ?? 0)).join(GAP).trimEnd();
  return `${cells.map(line).join("\n")}\n`;
}

function cellText(value: ListedRow[string] | undefined): string {
  const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
  return text === "" ? "-" : printable(text);
}
