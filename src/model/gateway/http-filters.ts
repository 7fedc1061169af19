/** What the filters of a rule do with its requests and their answers. */
import type { CrossOrigin, HeaderChange } from "../../../edge/src/program.ts";
import type { RouteFilter } from "../../source/gateway/shared.ts";
import { normalHost } from "../grammar/host-name.ts";
import { readCrossOrigin } from "./cross-origin.ts";
import { readHeaderChanges } from "./header-changes.ts";
import type { RouteMatch } from "./route-match.ts";
import { MOST_MIRRORS, readMirror, type RuleMirror } from "./request-mirror.ts";
import { readPathChange, type RulePath } from "./path-changes.ts";

export interface RuleFilters {
  readonly requestHeaders: readonly HeaderChange[];
  readonly responseHeaders: readonly HeaderChange[];
  readonly mirrors: readonly RuleMirror[];
  readonly redirect?: RuleRedirect;
  readonly rewrite?: RuleRewrite;
  readonly crossOrigin?: CrossOrigin;
}

/** What takes the place of the host and the path that the client asked for. */
export interface RuleRewrite {
  readonly host?: string;
  readonly path?: RulePath;
}

export const NO_FILTERS: RuleFilters = { requestHeaders: [], responseHeaders: [], mirrors: [] };

/** A redirect, as far as the rule says it: the rest is that of the listener and of the request. */
export interface RuleRedirect extends RuleRewrite {
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
  ["RequestMirror", ({ requestMirror: mirror }, where) => {
    const read = mirror && readMirror(mirror, `${where}.requestMirror`);
    return typeof read === "object" ? { mirrors: [read] } : read;
  }],
  ["CORS", ({ cors }, where) => {
    const read = cors && readCrossOrigin(cors, `${where}.cors`);
    return typeof read === "object" ? { crossOrigin: read } : read;
  }],
  ["URLRewrite", ({ urlRewrite: rewrite }, where) => {
    const read = rewrite && readTarget(rewrite, `${where}.urlRewrite`);
    return typeof read === "object" ? { rewrite: read } : read;
  }],
]);

/** Filters that act before a backend is chosen. */
const OF_RULES: ReadonlySet<string> = new Set(["CORS"]);

/**
 * The filters; or why they cannot be honoured, a sentence without its full stop.
 * @param field `spec.rules[0].filters` @param matches those of the rule
 */
export function readFilters(filters: readonly RouteFilter[], field: string, matches: readonly RouteMatch[] = [], of: "rule" | "backend" = "rule"): RuleFilters | string {
  if (filters.length === 0) return NO_FILTERS;
  const all: RuleFilters = { ...NO_FILTERS };
  const seen = new Set<string>();
  for (const [index, filter] of filters.entries()) {
    const { type = "" } = filter;
    const where = `${field}[${index}]`;
    const reader = READERS.get(type);
    if (!reader) return `${where} is a filter of the type "${type}", which is not supported: remove it, or use one of ${[...READERS.keys()].join(", ")}`;
    if (of === "backend" && OF_RULES.has(type)) return `${where} is a filter of the type "${type}", which acts before a backend is chosen: move it to the rule`;
    if (seen.has(type) && type !== "RequestMirror") return `${where} is a second filter of the type "${type}": make one of both`;
    seen.add(type);
    const read = reader(filter, where);
    if (read === undefined) return `${where} has the type "${type}" and nothing of it: write what it is to do`;
    if (typeof read === "string") return read;
    Object.assign(all, read, read.mirrors && { mirrors: [...all.mirrors, ...read.mirrors] });
    if (all.mirrors.length > MOST_MIRRORS) return `${where} is one mirror more than ${MOST_MIRRORS}: remove it`;
  }
  return whyTogether(all, field, matches) ?? all;
}

/** What a rule does, then one of its backends: an answer comes by the backend first. Where both rewrite or redirect, the backend has the last word. */
export function together(rule: RuleFilters, backend: RuleFilters): RuleFilters {
  return {
    ...rule, ...backend,
    requestHeaders: [...rule.requestHeaders, ...backend.requestHeaders],
    responseHeaders: [...backend.responseHeaders, ...rule.responseHeaders],
    mirrors: [...rule.mirrors, ...backend.mirrors],
    ...(rule.rewrite ?? backend.rewrite ? { rewrite: { ...rule.rewrite, ...backend.rewrite } } : {}),
  };
}

/** Why the filters cannot be honoured with each other, or with the matches of the rule. */
function whyTogether({ redirect, rewrite }: RuleFilters, field: string, matches: readonly RouteMatch[]): string | undefined {
  if (redirect && rewrite) return `${field} holds a RequestRedirect and a URLRewrite, which exclude each other: remove one of them`;
  const change = redirect?.path ?? rewrite?.path;
  const exact = change && "prefix" in change ? matches.find(({ pathType }) => pathType === "exact") : undefined;
  return exact && `${field} replaces the prefix of a match, and ${exact.field} is for an exact path: match by PathPrefix, or use ReplaceFullPath`;
}

const STATUSES = [301, 302, 303, 307, 308];

function readRedirect({ scheme, port, statusCode = 302, ...target }: NonNullable<RouteFilter["requestRedirect"]>, where: string): RuleRedirect | string {
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") return `${where}.scheme "${scheme}" is not supported: use http or https`;
  if (!STATUSES.includes(statusCode)) return `${where}.statusCode ${statusCode} is not supported: use one of ${STATUSES.join(", ")}`;
  const to = readTarget(target, where);
  return typeof to === "string" ? to : { status: statusCode, ...(scheme ? { scheme } : {}), ...(port === undefined ? {} : { port }), ...to };
}

/** The host and the path of a rewrite or a redirect. */
function readTarget({ hostname, path }: NonNullable<RouteFilter["urlRewrite"]>, where: string): RuleRewrite | string {
  const host = readHost(hostname);
  if (host === "") return `${where}.hostname "${hostname}" is no host name: correct it`;
  const change = path && readPathChange(path, `${where}.path`);
  if (typeof change === "string") return change;
  return { ...(host === undefined ? {} : { host }), ...(change ? { path: change } : {}) };
}

/** "": the text is no name of one host. */
function readHost(hostname: string | undefined): string | undefined {
  const host = hostname === undefined ? undefined : (normalHost(hostname) ?? "");
  return host?.startsWith("*.") === true ? "" : host;
}
