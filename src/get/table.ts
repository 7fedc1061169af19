/** Rows as a table for people. */
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

const GAP = "   ";

/** @param wide with every column. */
export function tableText(kind: ListedKind, rows: readonly ListedRow[], wide: boolean): string {
  const [first] = rows;
  if (first === undefined) return `No ${kind}.\n`;
  const all = Object.keys(first);
  const columns = wide ? [...NARROW[kind], ...all.filter((name) => !NARROW[kind].includes(name))] : NARROW[kind];
  const cells = [columns.map((name) => name.toUpperCase()), ...rows.map((row) => columns.map((name) => cellText(row[name])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => (row[index] ?? "").length)));
  // The last column ends where its text does.
  return `${cells.map((row) => row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join(GAP).trimEnd()).join("\n")}\n`;
}

function cellText(value: ListedRow[string] | undefined): string {
  const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
  return text === "" ? "-" : printable(text);
}
