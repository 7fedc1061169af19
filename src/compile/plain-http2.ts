/**
 * HTTP/2 without TLS for Gateways, where nginx's sockets take it or HTTP/1.1, but not both (before 1.25.1): connections that begin with it are handed
 * on within nginx, to a unix socket that takes HTTP/2 alone (edge/src/phases/plain-http2.ts).
 *
 * Clients of HTTP/1.1 pay nothing for it, and no port changes hands. Not where somebody in front is believed about the client, because the
 * connection that is handed on comes from nginx itself, and not beside passthrough of TLS, which has sockets of its own.
 */
import { BAD_REQUEST } from "../../edge/src/bad-request.ts";
import type { Config } from "../model/config/config.ts";
import type { Settings } from "../settings.ts";
import type { Directive } from "./directive.ts";
import { block, directive, luaBlock, luaString } from "./directive.ts";
import type { EngineFacts } from "./facts.ts";
import { http2OverTlsAlone } from "./machine.ts";

export function handsOnHttp2(config: Config, { gatewayApi, enableSslPassthrough }: Pick<Settings, "gatewayApi" | "enableSslPassthrough">, facts: EngineFacts): boolean {
  const believes = config.useProxyProtocol || config.useForwardedHeaders || config.enableRealIp;
  return gatewayApi && http2OverTlsAlone(config, facts) && !believes && !enableSslPassthrough && facts.httpsBelow !== true;
}

/** The socket that takes HTTP/2 alone, and the way to it. @param logs Lua calls of the log phase */
export function handingOn(socket: string, logs: string, quiet: readonly Directive[]): readonly Directive[] {
  return [
    directive("listen", `unix:${socket}`, "http2", "proxy_protocol"),
    directive("error_page", 400, BAD_REQUEST),
    block("location", ["=", BAD_REQUEST], [
      directive("internal"),
      ...quiet,
      luaBlock("content_by_lua_block", `sluice.handOn(${luaString(`unix:${socket}`)})`),
      luaBlock("log_by_lua_block", `if not sluice.isPreface() then ${logs} end`),
    ]),
  ];
}
