/** What the filters of a rule do with its requests. */
import type { HeaderChange, RedirectTo } from "../../../edge/src/program.ts";
import type { HeaderChanges, RouteFilter } from "../../source/gateway/shared.ts";
import { isToken } from "../grammar/token.ts";
import { normalHost } from "../grammar/host-name.ts";

export interface RuleFilters {
  readonly requestHeaders: readonly HeaderChange[];
  readonly redirect?: RuleRedirect;
}

/** A redirect, as far as the rule says it: the rest is that of the listener and of the request. */
export interface RuleRedirect extends Pick<RedirectTo, "host"> {
  readonly status: number;
  readonly scheme?: "http" | "https";
  readonly port?: number;
}

/** Headers of the connection and of the message itself (RFC 9110, 7.6.1), and the host, which URLRewrite changes. */
const NOT_THEIRS: ReadonlySet<string> = new Set(["host", "connection", "content-length", "transfer-encoding", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"]);

/** The filters; or why they cannot be honoured, a sentence without its full stop. @param field `spec.rules[0].filters` */
export function readFilters(filters: readonly RouteFilter[], field: string): RuleFilters | string {
  const requestHeaders: HeaderChange[] = [];
  let redirect: RuleRedirect | undefined;
  for (const [index, { type = "", requestHeaderModifier, requestRedirect }] of filters.entries()) {
    const where = `${field}[${index}]`;
    if (type === "RequestHeaderModifier" && requestHeaderModifier) {
      const changes = headerChanges(requestHeaderModifier, where);
      if (typeof changes === "string") return changes;
      requestHeaders.push(...changes);
    } else if (type === "RequestRedirect" && requestRedirect) {
      const read = readRedirect(requestRedirect, where);
      if (typeof read === "string") return read;
      redirect = read;
    } else return `${where} is a filter of the type "${type}", which is not supported`;
  }
  return { requestHeaders, ...(redirect ? { redirect } : {}) };
}

function headerChanges({ set = [], add = [], remove = [] }: HeaderChanges, where: string): readonly HeaderChange[] | string {
  const changes: HeaderChange[] = [
    ...set.map(({ name = "", value = "" }) => ({ name, value })),
    ...add.map(({ name = "", value = "" }) => ({ name, value, add: true })),
    ...remove.map((name) => ({ name })),
  ];
  for (const { name, value = "" } of changes) {
    if (!isToken(name)) return `${where} names "${name}", which is no header`;
    if (NOT_THEIRS.has(name.toLowerCase())) return `${where} changes the header "${name}", which belongs to the connection or the routing`;
    if (/\p{Cc}/u.test(value)) return `${where} gives the header "${name}" a value with control characters`;
  }
  return changes;
}

const STATUSES = [301, 302, 303, 307, 308];

function readRedirect({ scheme, hostname, port, statusCode = 302, path }: NonNullable<RouteFilter["requestRedirect"]>, where: string): RuleRedirect | string {
  if (path !== undefined) return `${where}.requestRedirect.path is not supported yet`;
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") return `${where}.requestRedirect.scheme "${scheme}" is neither http nor https`;
  if (!STATUSES.includes(statusCode)) return `${where}.requestRedirect.statusCode ${statusCode} is none of ${STATUSES.join(", ")}`;
  const host = hostname === undefined ? undefined : normalHost(hostname);
  if (hostname !== undefined && (host === undefined || host.startsWith("*."))) return `${where}.requestRedirect.hostname "${hostname}" is no host name`;
  return { status: statusCode, ...(scheme ? { scheme } : {}), ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
}
