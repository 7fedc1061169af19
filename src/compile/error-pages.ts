/**
 * Error pages: the locations that ask another backend for the page of a status, one for each status in use.
 *
 * ingress-nginx behaviour: the request keeps its method and gets the path `/` and headers that say what happened; the
 * client gets whatever status the page comes with. Unlike ingress-nginx, Sluice does not send the request's body: it
 * may be what was refused, and a refused client should not make it travel.
 */
import type { Config } from "../model/config/config.ts";
import type { Argument, Directive } from "./directive.ts";
import { block, directive, expression, luaBlock } from "./directive.ts";
import { CLIENT_HOST } from "./asked-origin.ts";
import { quietLog } from "./logs.ts";
import type { EngineFacts } from "./facts.ts";

function nameOf(code: number): string {
  return `@error_${code}`;
}

/** For a location whose answers with this status are replaced. `=` makes the status that of the page. */
export function errorPageDirective(code: number): Directive {
  return directive("error_page", code, "=", nameOf(code));
}

/** @param usual directives about proxying that every location has */
export function errorLocations(codes: Iterable<number>, usual: readonly Directive[], config: Config, facts: EngineFacts): Directive[] {
  return [...new Set(codes)].sort((a, b) => a - b).map((code) =>
    block("location", [nameOf(code)], [
      ...usual,
      ...quietLog(config, facts),
      luaBlock("rewrite_by_lua_block", `sluice.errorPage(${code})`),
      luaBlock("header_filter_by_lua_block", "sluice.respond()"),
      directive("proxy_pass_request_body", "off"),
      ...headers(code, config).map(([name, value]) => directive("proxy_set_header", name, value)),
      directive("proxy_pass", "http://sluice"),
    ]),
  );
}

function headers(code: number, config: Config): readonly (readonly [string, Argument])[] {
  return [
    ["Host", expression(CLIENT_HOST)],
    ["Connection", config.upstreamKeepaliveConnections > 0 ? "" : "close"],
    ["Content-Length", ""],
    ["Proxy", ""],
    ["X-Code", String(code)],
    ["X-Format", expression("$http_accept")],
    ["X-Original-URI", expression("$request_uri")],
    ["X-Namespace", expression("$namespace")],
    ["X-Ingress-Name", expression("$ingress_name")],
    ["X-Service-Name", expression("$service_name")],
    ["X-Service-Port", expression("$service_port")],
    ["X-Request-ID", expression("$req_id")],
    ["X-Forwarded-For", expression("$remote_addr")],
  ];
}
