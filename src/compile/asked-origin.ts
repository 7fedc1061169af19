/**
 * Scheme, host and port that a request is for, as one set of nginx variables: what backends and logs are told.
 * `edge/src/asked-origin.ts` says the same to the edge.
 *
 * - `$own_http_host`: the routed host, with the port that the client wrote beside it. A Host header counts only where
 *   it names that host and nothing but a port follows; the host of an absolute request line comes before it (RFC 9112,
 *   3.2.2), and `$host` stands where neither can be used.
 * - `$best_http_host`: the host that a trusted proxy forwards, else `$own_http_host`.
 * - `$passed_own_host`: the same as `$own_http_host` for the price of a map without expressions. In nearly all requests the
 *   Host header is the routed host and no more; for the others the edge sets `$sluice_authority` (edge/src/phases/rewrite.ts).
 * - `$pass_access_scheme`: the client's scheme, or whatever a trusted proxy says it is.
 * - `$pass_server_port`, `$pass_port`: the port; the second has 443 for the https port that nginx listens on itself.
 */
import type { Config } from "../model/config/config.ts";
import type { Settings } from "../settings.ts";
import type { Argument, Directive } from "./directive.ts";
import { block, expression, map, mapRow } from "./directive.ts";

/** Matches without regard to case; `\1` is the routed host. */
const HEADER_NAMES_HOST = String.raw`~*^([^ ]+) (?<header_authority>\1\.?(?::[0-9]*)?)$`;
const ABSOLUTE_LINE = String.raw`~^[^ ]+ +[A-Za-z][^ /?]*://(?<line_authority>[^ /?]+)`;

/** Whose connections come over a unix socket, with their addresses in the PROXY protocol: those with TLS, or those that begin with HTTP/2 without it. */
export type FromSocket = "none" | "tls" | "plain";

export function originMaps(config: Config, settings: Settings, fromSocket: FromSocket): Directive[] {
  return [...hostMaps(config), ...schemeMaps(config), ...portMaps(config, settings, fromSocket)];
}

function hostMaps({ useForwardedHeaders: trusted }: Config): Directive[] {
  const best = (target: string, own: string): Directive =>
    trusted
      ? map("http_x_forwarded_host", target, [
          // The first entry of a list: the one nearest to the client, because each proxy on the way appends.
          [expression("~^(?<first_forwarded_host>[^, ]+)"), expression("$first_forwarded_host")],
          ["default", expression(own)],
        ])
      : map(own.slice(1), target, [["default", expression(own)]]);
  return [
    block("map", [expression("$host $http_host"), expression("$header_http_host")], [
      mapRow(expression(HEADER_NAMES_HOST), expression("$header_authority")),
      mapRow("default", expression("$host")),
    ]),
    map("request", "own_http_host", [[expression(ABSOLUTE_LINE), expression("$line_authority")], ["default", expression("$header_http_host")]]),
    best("best_http_host", "$own_http_host"),
    map("sluice_authority", "passed_own_host", [["", expression("$host")], ["default", expression("$sluice_authority")]]),
    ...(trusted ? [best("passed_host", "$passed_own_host"), best("routed_host", "$host")] : []),
  ];
}

/** With the PROXY protocol, port 443 of the proxy means https: a proxy that ends TLS there passes http on. */
function schemeMaps({ useForwardedHeaders: trusted, useProxyProtocol }: Config): Directive[] {
  const own = useProxyProtocol ? "own_access_scheme" : "pass_access_scheme";
  return [
    trusted
      ? map("http_x_forwarded_proto", own, [["default", expression("$http_x_forwarded_proto")], ["", expression("$scheme")]])
      : map("scheme", own, [["default", expression("$scheme")]]),
    ...(useProxyProtocol ? [map("proxy_protocol_server_port", "pass_access_scheme", [["443", "https"], ["default", expression(`$${own}`)]])] : []),
  ];
}

/** An expression and not a text, because nginx's maps compare texts without regard to case, and `HTTP` means TLS (edge/src/asked-origin.ts). */
const HTTP_ALONE = "~^http$";

type Rows = readonly (readonly [key: Argument, value: Argument])[];

/**
 * The client's port is the first of these that exists: a trusted X-Forwarded-Port; 443 where a trusted proxy says that
 * the client's scheme is another than http; the port that the PROXY protocol names; the port that nginx listens on.
 */
function portMaps(config: Config, { httpsPort }: Settings, fromSocket: FromSocket): Directive[] {
  return [
    ...portChain("pass_server_port", [], config, fromSocket),
    ...portChain("pass_port", [[String(httpsPort), "443"]], config, fromSocket),
  ];
}

/** @param rows what is told in place of ports that nginx listens on itself */
function portChain(target: string, rows: Rows, { useForwardedHeaders, useProxyProtocol }: Config, fromSocket: FromSocket): Directive[] {
  const own = `own_${target}`;
  const listening = `listening_${target}`;
  // A connection that comes over a unix socket has no port here. Where it has TLS, the client came to the https port; else the PROXY protocol says which.
  const portless: Rows = fromSocket === "none" ? [] : [["", fromSocket === "tls" ? "443" : expression("$proxy_protocol_server_port")]];
  return [
    ...(useProxyProtocol
      ? [
          map("server_port", listening, [["default", expression("$server_port")], ...rows]),
          map("proxy_protocol_server_port", `named_${target}`, [["default", expression("$proxy_protocol_server_port")], ["", expression(`$${listening}`)]]),
          map("server_port", own, [["default", expression(`$named_${target}`)], ...portless]),
        ]
      : [map("server_port", own, [["default", expression("$server_port")], ...rows, ...portless])]),
    ...(useForwardedHeaders
      ? [
          map("http_x_forwarded_proto", `scheme_${target}`, [["default", "443"], [expression(HTTP_ALONE), expression(`$${own}`)], ["", expression(`$${own}`)]]),
          map("http_x_forwarded_port", target, [["default", expression("$http_x_forwarded_port")], ["", expression(`$scheme_${target}`)]]),
        ]
      : [map(own, target, [["default", expression(`$${own}`)]])]),
  ];
}

/** nginx variables. */
export interface SentOrigin {
  readonly host: string;
  readonly port: string;
  readonly scheme: string;
}

/**
 * The variables that each request to a backend sends. Where no proxy in front is trusted, they are variables that need
 * fewer maps, because each map costs a look-up.
 */
export function sentOrigin({ useForwardedHeaders, useProxyProtocol }: Config): SentOrigin {
  return useForwardedHeaders
    ? { host: "$passed_host", port: "$pass_port", scheme: "$pass_access_scheme" }
    : { host: "$passed_own_host", port: "$own_pass_port", scheme: useProxyProtocol ? "$pass_access_scheme" : "$scheme" };
}

/** The same for requests whose Host header is the routed host and no more: the usual case is spared one more map. */
export function sentRoutedOrigin(config: Config): SentOrigin {
  return { ...sentOrigin(config), host: config.useForwardedHeaders ? "$routed_host" : "$host" };
}

/** The host as the client sees it, for the few requests that need it. */
export const CLIENT_HOST = "$best_http_host";

/** A text of the operator's with nginx variables: `$http_host` stands for the routed host, as everywhere. */
export function withRoutedHost(text: string): string {
  return text.replace(/\$(\{?)http_host\b/g, "$$$1own_http_host");
}
