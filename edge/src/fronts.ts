/**
 * Decides requests that come in where Gateways listen: which listener they belong to, and which of its routes takes them.
 *
 * Contract: that of `decide` (match.ts), to which every request goes on that comes in elsewhere.
 */
import { isHostName } from "./host-name.ts";
import { decide, decision, endWithReason, isDeclared, type Decision } from "./match.ts";
import type { EdgeFront, EdgeHost, EdgeRoute } from "./program.ts";
import { CATCH_ALL } from "./program.ts";
import type { RequestView } from "./request-view.ts";
import { decideRule } from "./rule.ts";
import { serverName } from "./server-name.ts";
import { findFalling, GAVE_UP, NONE } from "./routes.ts";
import type { Site, Tables } from "./tables.ts";

/** As `decide`. */
export function decideAtFront(tables: Tables, request: RequestView, name: string, path: string, https: boolean | undefined): Decision {
  let port = request.variable("server_port") ?? "";
  let address = request.variable("server_addr") ?? "";
  // A connection that was handed on over a unix socket says where it came in.
  if (port === "") {
    port = request.variable("proxy_protocol_server_port") ?? "";
    address = request.variable("proxy_protocol_server_addr") ?? "";
  }
  const listener = listenerAt(tables, request, address, port, name);
  if (listener === undefined) return decide(tables, request, name, path, https);
  decision.host = undefined;
  decision.route = undefined;
  if (!isHostName(name)) return endWithReason(400, "bad-request");
  if (listener === NO_LISTENER) return endWithReason(404, "no-route");
  // Over TLS, the connection was made for a name of another listener (RFC 9110, 15.5.20).
  if (request.variable("https") === "on" && listenerAt(tables, request, address, port, serverName(request.variable("ssl_server_name"))) !== listener) return endWithReason(421, "misdirected");
  const site = tables.sites[listener] as Site | undefined;
  return site === undefined ? endWithReason(404, "no-route") : decideAtSite(tables, site, request, name, path);
}

/** Whether no Ingress is served there: the address is a Gateway's own, or nginx listens on the port for Gateways only. */
function isGatewaysAlone({ fronts, frontSockets }: Tables, address: string, port: string): boolean {
  return fronts[address + " *"] !== undefined || frontSockets[port] === true || frontSockets[address + " " + port] === true;
}

/** In place of a listener: none has the name, and no Ingress is served there. */
export const NO_LISTENER = "";

/**
 * The listener that a connection or a request for this name belongs to; NO_LISTENER; undefined: it belongs to Ingresses, whose names stay
 * theirs where Gateways share an address and a port with them.
 * @param address as `$server_addr`
 */
export function listenerAt(tables: Tables, request: RequestView, address: string, port: string, name: string): string | undefined {
  const { fronts } = tables;
  const own = fronts[address + " " + port] as EdgeFront | undefined;
  const front = own ?? (fronts["* " + port] as EdgeFront | undefined);
  const alone = isGatewaysAlone(tables, address, port);
  if (!alone && (front === undefined || isDeclared(tables, request, name))) return undefined;
  const listener = front === undefined ? undefined : listenerOf(front, name);
  return listener ?? (alone ? NO_LISTENER : undefined);
}

/** The more labels of a name a wildcard has, the earlier it comes. */
export function listenerOf(front: EdgeFront, name: string): string | undefined {
  const exact = front[name] as string | undefined;
  if (exact !== undefined) return exact;
  let dot = name.indexOf(".");
  while (dot >= 0) {
    const found = front["*" + name.slice(dot)] as string | undefined;
    if (found !== undefined) return found;
    dot = name.indexOf(".", dot + 1);
  }
  return front[CATCH_ALL];
}

/** Routes whose own host name is more specific come first, and what none of these takes falls on to the others. */
function decideAtSite(tables: Tables, { hosts, wildcards }: Site, request: RequestView, name: string, path: string): Decision {
  let found = findIn(hosts[name], path, request);
  let dot = name.indexOf(".");
  while (found === NONE && dot >= 0) {
    found = findIn(wildcards[name.slice(dot)], path, request);
    dot = name.indexOf(".", dot + 1);
  }
  if (found === NONE) found = findIn(hosts[CATCH_ALL], path, request);
  if (found === GAVE_UP) return endWithReason(500, "path-too-hard");
  const { host } = decision;
  return found === NONE || host === undefined ? endWithReason(404, "no-route") : decideRule(tables, request, host.routes[found] as EdgeRoute, path);
}

function findIn(host: EdgeHost | undefined, path: string, request: RequestView): number {
  if (host === undefined) return NONE;
  decision.host = host;
  return findFalling(host, path, request);
}
