/** What the filters of a rule do with its requests and their answers. */
import type { HeaderChange, RedirectTo } from "../../../edge/src/program.ts";
import type { RouteFilter } from "../../source/gateway/shared.ts";
import { normalHost } from "../grammar/host-name.ts";
import { readHeaderChanges } from "./header-changes.ts";

export interface RuleFilters {
  readonly requestHeaders: readonly HeaderChange[];
  readonly responseHeaders: readonly HeaderChange[];
  readonly redirect?: RuleRedirect;
}

/** A redirect, as far as the rule says it: the rest is that of the listener and of the request. */
export interface RuleRedirect extends Pick<RedirectTo, "host"> {
  readonly status: number;
  readonly scheme?: "http" | "https";
  readonly port?: number;
}

/** What a filter of a type does; a text: why it cannot be honoured; undefined: the field of its type is missing. */
type Reader = (filter: RouteFilter, where: string) => Partial<RuleFilters> | string | undefined;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["RequestHeaderModifier", ({ requestHeaderModifier: changes }, where) => {
    const read = changes && readHeaderChanges(changes, where, "request");
    return typeof read === "object" ? { requestHeaders: read } : read;
  }],
  ["ResponseHeaderModifier", ({ responseHeaderModifier: changes }, where) => {
    const read = changes && readHeaderChanges(changes, where, "answer");
    return typeof read === "object" ? { responseHeaders: read } : read;
  }],
  ["RequestRedirect", ({ requestRedirect: redirect }, where) => {
    const read = redirect && readRedirect(redirect, `${where}.requestRedirect`);
    return typeof read === "object" ? { redirect: read } : read;
  }],
]);

/** The filters; or why they cannot be honoured, a sentence without its full stop. @param field `spec.rules[0].filters` */
export function readFilters(filters: readonly RouteFilter[], field: string): RuleFilters | string {
  const all: RuleFilters = { requestHeaders: [], responseHeaders: [] };
  const seen = new Set<string>();
  for (const [index, filter] of filters.entries()) {
    const { type = "" } = filter;
    const where = `${field}[${index}]`;
    const reader = READERS.get(type);
    if (!reader) return `${where} is a filter of the type "${type}", which is not supported: remove it, or use one of ${[...READERS.keys()].join(", ")}`;
    if (seen.has(type)) return `${where} is a second filter of the type "${type}": make one of both`;
    seen.add(type);
    const read = reader(filter, where);
    if (read === undefined) return `${where} has the type "${type}" and nothing of it: write what it is to do`;
    if (typeof read === "string") return read;
    Object.assign(all, read);
  }
  return all;
}

const STATUSES = [301, 302, 303, 307, 308];

function readRedirect({ scheme, hostname, port, statusCode = 302, path }: NonNullable<RouteFilter["requestRedirect"]>, where: string): RuleRedirect | string {
  if (path !== undefined) return `${where}.path is not supported yet: remove it`;
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") return `${where}.scheme "${scheme}" is not supported: use http or https`;
  if (!STATUSES.includes(statusCode)) return `${where}.statusCode ${statusCode} is not supported: use one of ${STATUSES.join(", ")}`;
  const host = hostname === undefined ? undefined : normalHost(hostname);
  if (hostname !== undefined && (host === undefined || host.startsWith("*."))) return `${where}.hostname "${hostname}" is no host name: correct it`;
  return { status: statusCode, ...(scheme ? { scheme } : {}), ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
}
