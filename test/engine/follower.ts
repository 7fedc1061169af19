/** A subscriber of the ledger, as each worker is one: its tables, its staged frames, and a print of what the tables hold. */
import type { Frame } from "../../edge/src/program.ts";
import { discard, newStaging, newTables, take, type Tables } from "../../edge/src/tables.ts";
import type { Part } from "../../src/compile/program.ts";

export interface Follower {
  readonly tables: Tables;
  hear(lines: readonly string[]): void;
  /** The connection is lost, and the staged frames with it. */
  lose(): void;
}

export function follower(): Follower {
  const tables = newTables();
  const staging = newStaging();
  const read = (line: string): Frame => JSON.parse(line) as Frame;
  return {
    tables,
    hear: (lines) => lines.forEach((line) => take(tables, staging, read(line), read)),
    lose: () => discard(staging),
  };
}

/** What tables hold: `kind id` → JSON, for comparison with `holdingsOf`. Settings are left out, because they are never dropped. */
export function holdings({ hosts, wildcards, aliases, pools, certificates, names, wildcardNames, users, trusts }: Tables): Record<string, string> {
  const rows = (kind: string, table: Record<string, unknown>, prefix = "", own?: typeof withoutOwn): [string, string][] =>
    Object.entries(table).flatMap(([id, value]) => (value === undefined ? [] : [[`${kind} ${prefix}${id}`, JSON.stringify(value, own)]]));
  return Object.fromEntries([
    ...rows("host", hosts, "", withoutOwn), ...rows("host", wildcards, "*", withoutOwn),
    ...rows("alias", aliases.exact), ...rows("alias", aliases.parents, "*"), ...rows("pool", pools, "", withoutId), ...rows("certificate", certificates),
    ...rows("tls", names), ...rows("tls", wildcardNames, "*"), ...rows("users", users), ...rows("trust", trusts),
  ]);
}

/** For JSON.stringify: leaves out the field that the edge adds to routes for itself. */
function withoutOwn(key: string, value: unknown): unknown {
  return key === "host" ? undefined : value;
}

/** For JSON.stringify: leaves out the field that the edge adds to pools for itself. */
function withoutId(key: string, value: unknown): unknown {
  return key === "id" ? undefined : value;
}

export function holdingsOf(parts: Iterable<Part>): Record<string, string> {
  const rows = [...parts].filter(({ kind }) => kind !== "settings").map(({ key, frame }) => {
    const { value } = JSON.parse(frame.reveal().toString("latin1")) as { value: unknown };
    return [key, JSON.stringify(value)];
  });
  return Object.fromEntries(rows) as Record<string, string>;
}
