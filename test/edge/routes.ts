/** Edge tables for tests, each made in one line. */
import { admission, type ClientView } from "../../edge/src/client-auth.ts";
import type { EdgeCanary, Frame, EdgeHost, EdgeRoute } from "../../edge/src/program.ts";
import { newStaging, newTables, take, type Tables } from "../../edge/src/tables.ts";
import type { RequestView } from "../../edge/src/request-view.ts";

export function route(pool: string, more: Partial<EdgeRoute> = {}): EdgeRoute {
  return { path: "/", pool, namespace: "", ingress: "", service: "", port: "", ...more };
}

export function canary(pool: string, more: Partial<EdgeCanary> = {}): EdgeCanary {
  return { pool, from: 0, to: 0, name: pool, ...more };
}

/** @param paths `=/exact` or `/prefix/` → route. There must be a route for `/`. */
export function host(name: string, paths: Readonly<Record<string, EdgeRoute>>): EdgeHost {
  const table: EdgeHost = { name, routes: [], exact: {}, prefix: {}, lengths: [], root: 0 };
  for (const [path, one] of Object.entries(paths)) {
    const index = table.routes.push(one) - 1;
    if (path.startsWith("=")) table.exact[path.slice(1)] = index;
    else table.prefix[path] = index;
  }
  table.lengths = [...new Set(Object.keys(table.prefix).map((path) => path.length))].filter((length) => length > 1).sort((a, b) => b - a);
  table.root = table.prefix["/"] ?? 0;
  return table;
}

/** Tables with these hosts, pools of one endpoint each (none where the name begins with `empty`), and server names with a certificate. */
export function tablesWith(hosts: readonly EdgeHost[], pools: readonly string[], certified: readonly string[] = []): Tables {
  const tables = newTables();
  const staging = newStaging();
  const frames: Frame[] = [
    ...hosts.map((one): Frame => ({ op: "set", kind: "host", id: one.name, value: one })),
    ...pools.map((id): Frame => ({ op: "set", kind: "pool", id, value: { name: id, endpoints: id.startsWith("empty") ? [] : [["10.0.0.1", 80]] } })),
    ...certified.map((id): Frame => ({ op: "set", kind: "tls", id, value: "c" })),
    { op: "commit", generation: 1, digest: "" },
  ];
  for (const frame of frames) take(tables, staging, frame, (text) => JSON.parse(text) as Frame);
  return tables;
}

/**
 * A request with these variables of nginx and this draw. Patterns run as JavaScript's; the pattern `(` cannot be run. The
 * variables `context` and `result` stand for the context and the verification's result of its TLS handshake.
 */
export function asked(variables: Readonly<Record<string, string>> = {}, draw = (total: number): number => total): RequestView & ClientView {
  const client: ClientView = {
    variable: (name) => variables[name],
    matches: (text, pattern) => regex(pattern)?.test(text),
    handshakeWas: (context) => context === variables["context"],
    verifyResult: () => Number(variables["result"] ?? 0),
  };
  return {
    ...client,
    address: () => undefined,
    gaveUp: (pattern) => pattern.startsWith("(?i)^/slow"),
    searchUntil: () => Infinity,
    isPast: () => false,
    stick: () => {},
    capture: (text, pattern) => {
      const runnable = regex(pattern);
      if (!runnable) return false;
      const found = runnable.exec(text);
      return found ? Object.fromEntries([...found.entries(), ...Object.entries(found.groups ?? {})]) : undefined;
    },
    draw,
    admit: (one, clients) => admission(clients, one.handshake, client),
  };
}

function regex(pattern: string): RegExp | undefined {
  if (pattern.endsWith("(") || pattern.startsWith("(?i)^/slow")) return undefined;
  return pattern.startsWith("(?i)") ? new RegExp(pattern.slice(4), "i") : new RegExp(pattern);
}
