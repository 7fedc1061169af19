/** What a route's filters change about the request that its backend gets. Runs before the jump into its profile. */
import { pathText, type PathText } from "../path-text.ts";
import { isSubstitute } from "../match.ts";
import type { EdgeFilters, EdgePool, EdgeRoute, HeaderChange } from "../program.ts";
import { evaluate } from "../template.ts";
import { capture } from "./pattern.ts";
import { recall, tables } from "./state.ts";
import { variable } from "./variables.ts";

/** @param pool undefined for a request that is refused. */
export function prepareRequest(route: EdgeRoute, filters: EdgeFilters, pool: EdgePool | undefined): void {
  const vars = ngx.var;
  if (filters.vhost !== undefined) {
    const host = evaluate(filters.vhost, variable);
    if (isHeaderText(host)) vars.sluice_vhost = host;
  }
  if (filters.changes !== undefined) changeHeaders(filters.changes);
  if (filters.prefix !== undefined) setPrefix(filters.prefix, route.namespace);
  if (filters.quiet === true) vars.sluice_quiet = "1";
  if (isSubstitute(tables, route, pool)) nameError(route);
}

function changeHeaders(changes: HeaderChange[]): void {
  let given: Record<string, string | string[]> | undefined;
  for (const { name, value, add, sent } of changes) {
    if (sent !== undefined) {
      ngx.var[sent] = value;
      continue;
    }
    if (given === undefined) {
      given = ngx.req.get_headers(0);
      const state = recall();
      if (state !== undefined) state.given = given;
    }
    const before = add === true ? ngx.req.get_headers(0)[name] : undefined;
    if (before === undefined || value === undefined) ngx.req.set_header(name, value);
    else ngx.req.set_header(name, typeof before === "string" ? [before, value] : [...before, value]);
  }
}

/** Where the text is empty, or no header can hold it, the header is removed, the client's own too. */
function setPrefix(prefix: PathText, namespace: string): void {
  const groups = capture(ngx.var.uri as string, prefix.pattern, namespace);
  const text = pathText(prefix, groups === false ? undefined : groups, variable);
  ngx.req.set_header("X-Forwarded-Prefix", text !== "" && isHeaderText(text) ? text : undefined);
}

/** Whether a header can hold a text. Variables may hold what a client wrote, and no control character may get into a header. */
export function isHeaderText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 32 || c === 127) return false;
  }
  return true;
}

/** What ingress-nginx tells a default backend about the request that its own pool could not take. */
function nameError(route: EdgeRoute): void {
  const set = ngx.req.set_header;
  set("X-Code", "503");
  set("X-Format", ngx.var.http_accept);
  set("X-Namespace", route.namespace);
  set("X-Ingress-Name", route.ingress);
  set("X-Service-Name", route.service);
  set("X-Service-Port", route.port);
}
