/** The headers that the operator wants every backend, and every client, to get (ConfigMap keys proxy-set-headers, add-headers). */
import type { OperatorHeader, EdgePool, EdgeRoute, Template } from "../program.ts";
import { evaluate } from "../template.ts";
import { options } from "./options.ts";
import { recall, tables } from "./state.ts";
import { isHeaderText } from "./upstream-request.ts";
import { variable } from "./variables.ts";

/** Route and pool of the request, for its labels: in the server rewrite phase nginx's variables of these names are not filled yet. */
let current: EdgeRoute | undefined;
let currentPool: EdgePool | undefined;

function labelled(this: void, name: string): string | undefined {
  const route = current;
  if (route !== undefined) {
    if (name === "namespace") return route.namespace;
    if (name === "ingress_name") return route.ingress;
    if (name === "service_name") return route.service;
    if (name === "service_port") return route.port;
    if (name === "location_path") return route.path;
  }
  if (name === "proxy_upstream_name") return currentPool?.name ?? "-";
  return variable(name);
}

/**
 * Headers to the backend; server rewrite phase, or access phase after the checks. Where the value is empty, or no header can hold it, the header is not
 * sent, and the client's own of that name neither.
 */
export function sendHeaders(headers: OperatorHeader[], route: EdgeRoute, pool: EdgePool | undefined): void {
  current = route;
  currentPool = pool;
  for (const { name, value, sent } of headers) {
    const text = headerText(value);
    if (sent === undefined) ngx.req.set_header(name, text === "" ? undefined : text);
    // The nginx.conf that this worker runs may be older than the setting, and not have the variable.
    else if (options.sent[sent] === true) ngx.var[sent] = text;
  }
}

/** Headers to the client; header filter phase of every location. An empty value removes the header. */
export function addHeaders(): void {
  const headers = tables.settings.responseHeaders;
  if (headers === undefined) return;
  const state = recall();
  current = state?.route;
  currentPool = state?.pool;
  for (const { name, value } of headers) {
    const text = headerText(value);
    ngx.header[name] = text === "" ? undefined : text;
  }
}

/** "" for what no header can hold. A field value neither begins nor ends with a blank (RFC 9113, 8.2.1). */
function headerText(value: Template): string {
  const text = evaluate(value, labelled);
  if (!isHeaderText(text)) return "";
  let from = 0;
  let to = text.length;
  while (from < to && text.charCodeAt(from) === 32) from++;
  while (to > from && text.charCodeAt(to - 1) === 32) to--;
  return from === 0 && to === text.length ? text : text.substring(from, to);
}
