/**
 * Who the client is, and the headers that every backend gets (ingress-nginx behaviour: "headers always sent
 * upstream"). All of this is done with nginx's own variables and maps: no Lua per request.
 */
import type { Config } from "../model/config/config.ts";
import type { Settings } from "../settings.ts";
import type { Argument, Directive } from "./directive.ts";
import { block, directive, expression, map, mapRow } from "./directive.ts";
import { originMaps, type FromSocket, sentOrigin, sentRoutedOrigin, type SentOrigin } from "./asked-origin.ts";
import { ownHeaderDirectives, ownHeaderMaps } from "./own-header.ts";
import { reasonHeader } from "./reasons.ts";
import { replacedHeaders } from "../model/config/named.ts";

export function variableMaps(config: Config, settings: Settings, fromSocket: FromSocket = "none"): Directive[] {
  return [
    // h2c would make the connection a tunnel past every rule about paths (nginx itself never speaks it upstream).
    map("http_upgrade", "safe_upgrade", [
      ["", ""],
      [expression("~*h2c"), ""],
      ["default", expression("$http_upgrade")],
    ]),
    map("safe_upgrade", "connection_upgrade", [
      ["default", "upgrade"],
      ["", config.upstreamKeepaliveConnections > 0 ? "" : "close"],
    ]),
    ...idMaps(config),
    ...originMaps(config, settings, fromSocket),
    // The edge sets it together with $limit_rate.
    map("sluice_limit_rate_after", "limit_after", [["", `${config.limitRateAfter}k`], ["default", expression("$sluice_limit_rate_after")]]),
    // What the edge sets for a request with filters; otherwise the same as for every request.
    chosenMap("sluice_vhost", "upstream_host", expression(replacedHeaders(config).has("host") ? `$${sentVariable("Host")}` : sentOrigin(config).host)),
    chosenMap("sluice_connection", "upstream_connection", expression("$connection_upgrade")),
    ...(config.hsts ? [...ownHeaderMaps(HSTS, "own_hsts", hstsValue(config)), map("scheme", "hsts", [["default", ""], ["https", expression("$own_hsts")]])] : []),
    ...(config.useForwardedHeaders ? trustedPeers(config, fromSocket === "tls") : []),
  ];
}

/** What the edge chose, else what is usual. `volatile` has nginx look anew where a backend sends a request on to another route. */
function chosenMap(chosen: string, target: string, usual: Argument): Directive {
  return block("map", [expression(`$${chosen}`), expression(`$${target}`)], [directive("volatile"), mapRow("", usual), mapRow("default", expression(`$${chosen}`))]);
}

/**
 * The client's X-Request-ID, else an id of the edge's: `$passed_request_id` for backends, `$req_id` for everything else.
 * nginx's own id costs much more. It is used only for requests that never get to the edge (unreadable ones), and no
 * backend sees such a request.
 */
function idMaps({ generateRequestId }: Config): Directive[] {
  const given = (target: string, otherwise: string): Directive =>
    map("http_x_request_id", target, [["default", expression("$http_x_request_id")], ...(generateRequestId ? [["", expression(otherwise)] as const] : [])]);
  return [
    map("sluice_request_id", "made_request_id", [["default", expression("$sluice_request_id")], ["", expression("$request_id")]]),
    given("req_id", "$made_request_id"),
    given("passed_request_id", "$sluice_request_id"),
  ];
}

/** Where trusted proxies are believed: the address that connected, the whole X-Forwarded-For chain, and whether the address is a trusted proxy's. */
function trustedPeers(config: Config, tlsComesFromSocket: boolean): Directive[] {
  const hop = tlsComesFromSocket ? "$own_peer" : "$realip_remote_addr";
  const peer = config.useProxyProtocol ? "$proxy_protocol_addr" : hop;
  return [
    // A connection from the nginx below http says by the PROXY protocol who connected there.
    ...(peer === "$own_peer" ? [map("realip_remote_addr", "own_peer", [["unix:", expression("$proxy_protocol_addr")], ["default", expression("$realip_remote_addr")]])] : []),
    ...(config.computeFullForwardedFor
      ? [map("http_x_forwarded_for", "full_x_forwarded_for", [["default", expression(`$http_x_forwarded_for, ${peer}`)], ["", expression(peer)]])]
      : []),
    block("geo", [expression(peer), expression("$from_trusted_proxy")], [mapRow("default", 0), ...config.proxyRealIpCidr.map((cidr) => mapRow(cidr, 1))]),
  ];
}

function hstsValue(config: Config): string {
  const subdomains = config.hstsIncludeSubdomains ? "; includeSubDomains" : "";
  return `max-age=${config.hstsMaxAge}${subdomains}${config.hstsPreload ? "; preload" : ""}`;
}

function fullForwardedFor(config: Config): boolean {
  return config.useForwardedHeaders && config.computeFullForwardedFor;
}

/** The header that the edge tells nginx the client's address in (edge/src/phases/proxies.ts). */
const CLIENT = "sluice%3aclient";

function believesHeader(config: Config): boolean {
  return config.useForwardedHeaders || config.enableRealIp;
}

/**
 * Whether the client is looked for both in the PROXY protocol and in a header. Not where nginx accepts invalid header
 * names: a client could then send the edge's own header, so the PROXY protocol alone is believed.
 */
export function followsBoth(config: Config): boolean {
  return config.useProxyProtocol && believesHeader(config) && config.ignoreInvalidHeaders;
}

/** Where the client's address comes from when a proxy stands in front. */
export function clientAddress(config: Config, fromSocket: FromSocket = "none"): Directive[] {
  // ingress-nginx behaviour: where TLS may be passed through, only the PROXY protocol is believed about the client.
  const forwarded = believesHeader(config) && fromSocket === "none";
  if (!forwarded && !config.useProxyProtocol && fromSocket === "none") return [];
  if (forwarded && config.useProxyProtocol) {
    // Every proxy that connects is believed about its own peer. Whom to believe about clients further away, the edge decides.
    const header = followsBoth(config) ? CLIENT : "proxy_protocol";
    return [directive("real_ip_header", header), directive("set_real_ip_from", "0.0.0.0/0"), directive("set_real_ip_from", "::/0")];
  }
  return [
    directive("real_ip_header", forwarded ? config.forwardedForHeader : "proxy_protocol"),
    directive("real_ip_recursive", "on"),
    ...(fromSocket === "none" ? [] : [directive("set_real_ip_from", "unix:")]),
    ...(forwarded || config.useProxyProtocol ? config.proxyRealIpCidr.map((cidr) => directive("set_real_ip_from", cidr)) : []),
  ];
}

/** Like `forwardedHeaders`, for the locations of routes with filters, where the edge may choose some of the values. */
export function filteredHeaders(config: Config): readonly (readonly [string, Argument])[] {
  const chosen: Readonly<Record<string, Argument>> = { Host: expression("$upstream_host"), Connection: expression("$upstream_connection") };
  return forwardedHeaders(config).map(([name, value]) => [name, chosen[name] ?? value] as const);
}

/** For the location of requests whose Host header is the routed host and no more: all headers that every backend gets. */
export function routedHostHeaders(config: Config): Directive[] {
  return forwardedHeaders(config, sentRoutedOrigin(config)).map(([name, value]) => directive("proxy_set_header", name, value));
}

/** The headers that every backend gets, name and value, whatever its protocol. */
export function forwardedHeaders(config: Config, { host, port, scheme }: SentOrigin = sentOrigin(config)): readonly (readonly [string, Argument])[] {
  const variable = (header: string): string => `$${headerVariable(header)}`;
  const headers: readonly (readonly [string, string])[] = [
    ["Host", host],
    ["Upgrade", "$safe_upgrade"],
    ["Connection", "$connection_upgrade"],
    ["X-Request-ID", "$passed_request_id"],
    ["X-Real-IP", "$remote_addr"],
    ["X-Forwarded-For", fullForwardedFor(config) ? "$full_x_forwarded_for" : "$remote_addr"],
    ["X-Forwarded-Host", host],
    ["X-Forwarded-Port", port],
    ["X-Forwarded-Proto", scheme],
    ["X-Forwarded-Scheme", scheme],
    ["X-Scheme", scheme],
    ["X-Original-Forwarded-For", variable(config.forwardedForHeader)],
    ["X-Original-Forwarded-Host", variable(config.forwardedHostHeader)],
    ...(config.proxyAddOriginalUriHeader ? [["X-Original-URI", "$request_uri"] as const] : []),
  ];
  // A client's Proxy header would become HTTP_PROXY in a CGI backend (httpoxy).
  const replaced = replacedHeaders(config);
  const sent = headers.map(([name, value]) => {
    const replacement = replaced.has(name.toLowerCase()) ? sentVariable(name) : undefined;
    return [name, expression(replacement === undefined ? value : `$${replacement}`)] as const;
  });
  return [...sent, ["Proxy", ""], ...(followsBoth(config) ? [[CLIENT, ""] as const] : [])];
}

export function headerVariable(header: string): string {
  return `http_${header.toLowerCase().replaceAll("-", "_")}`;
}

/** Headers that Sluice sends itself and that proxy-set-headers can replace, in lower case. */
const REPLACEABLE: ReadonlySet<string> = new Set(
  `host x-request-id x-real-ip x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-forwarded-scheme x-scheme
  x-original-forwarded-for x-original-forwarded-host x-original-uri`.split(/\s+/),
);

/** The variable with the value that proxy-set-headers has for a header of Sluice's own; undefined: it cannot be replaced. */
export function sentVariable(header: string): string | undefined {
  const name = header.toLowerCase();
  return REPLACEABLE.has(name) ? `sluice_sent_${name.replaceAll("-", "_")}` : undefined;
}

/** All such variables that this Config needs. */
export function sentVariables(config: Config): readonly string[] {
  return [...replacedHeaders(config)].flatMap((name) => sentVariable(name) ?? []).sort();
}

export function upstreamHeaders(config: Config): Directive[] {
  return [
    ...forwardedHeaders(config).map(([name, value]) => directive("proxy_set_header", name, value)),
    ...config.hideHeaders.map((name) => directive("proxy_hide_header", name)),
    // Where server-tokens is off, no Server header is sent: the edge removes nginx's own only, so a backend's must not be passed on.
    ...(config.allowBackendServerHeader && config.serverTokens ? [directive("proxy_pass_header", "Server")] : []),
    ...hsts(config),
    ...reasonHeader(config),
  ];
}

const HSTS = "Strict-Transport-Security";

/** Over TLS the controller's policy replaces the backend's; over http the header means nothing (RFC 6797, 7.2). */
function hsts(config: Config): Directive[] {
  return config.hsts ? ownHeaderDirectives(HSTS, "$hsts") : [];
}
