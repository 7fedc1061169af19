/**
 * Scheme, host and port that a request is for, as one set of nginx variables: what backends and logs are told.
 * `edge/src/asked-origin.ts` says the same to the edge.
 *
 * - `$own_http_host`: the host that was routed, with the port that the client wrote beside it. A Host header counts
 *   only where it names that host and nothing but a port follows; the host of an absolute request line comes before it
 *   (RFC 9112, 3.2.2), and `$host` stands where neither can be used.
 * - `$best_http_host`: what a trusted proxy says instead, else the same.
 * - `$pass_access_scheme`: the client's scheme, or whatever a trusted proxy says it is.
 * - `$pass_server_port`, `$pass_port`: the port; the second has 443 for the https port that nginx listens on itself.
 */
import type { Config } from "../model/config/config.ts";
import type { Settings } from "../settings.ts";
import type { Argument, Directive } from "./directive.ts";
import { block, directive, expression, map, mapRow } from "./directive.ts";

/** Case counts for neither host; `\1` is the routed one. */
const HEADER_NAMES_HOST = String.raw`~*^([^ ]+) (?<header_authority>\1\.?(?::[0-9]*)?)$`;
const ABSOLUTE_LINE = String.raw`~^[^ ]+ +[A-Za-z][^ /?]*://(?<line_authority>[^ /?]+)`;

/** @param tlsComesFromSocket the nginx below http owns the https port */
export function originMaps(config: Config, settings: Settings, tlsComesFromSocket: boolean): Directive[] {
  return [...hostMaps(config), ...schemeMaps(config), ...portMaps(config, settings, tlsComesFromSocket)];
}

function hostMaps({ useForwardedHeaders: trusted }: Config): Directive[] {
  const best = (target: string, own: string): Directive =>
    trusted
      ? map("http_x_forwarded_host", target, [
          // The first of a list: each proxy on the way appends.
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
    ...(trusted ? [best("passed_host", "$passed_own_host")] : []),
  ];
}

/**
 * In the server block. Nearly all requests come with a Host header that is the routed host and no more; comparing the
 * two costs less than the maps' expressions. The variables `$passed_…`, for what each request sends, build on it: they
 * hold from the location on.
 */
export function noteOddHost(): Directive {
  const differs = [expression("($http_host"), "!=", expression("$host)")];
  return block("if", differs, [directive("set", expression("$sluice_authority"), expression("$own_http_host"))]);
}

/** A proxy that speaks the PROXY protocol and ends TLS on its port 443 passes http on. */
function schemeMaps({ useForwardedHeaders: trusted, useProxyProtocol }: Config): Directive[] {
  const own = useProxyProtocol ? "own_access_scheme" : "pass_access_scheme";
  return [
    trusted
      ? map("http_x_forwarded_proto", own, [["default", expression("$http_x_forwarded_proto")], ["", expression("$scheme")]])
      : map("scheme", own, [["default", expression("$scheme")]]),
    ...(useProxyProtocol ? [map("proxy_protocol_server_port", "pass_access_scheme", [["443", "https"], ["default", expression(`$${own}`)]])] : []),
  ];
}

/** An expression: nginx's maps take texts without case, and `HTTP` means TLS (edge/src/asked-origin.ts). */
const HTTP_ALONE = "~^http$";

type Rows = readonly (readonly [key: Argument, value: Argument])[];

/**
 * The first that is there: a trusted X-Forwarded-Port; 443 where a trusted proxy says that the client's scheme is
 * another than http; the port that the PROXY protocol names; the one that nginx listens on.
 */
function portMaps(config: Config, { httpsPort }: Settings, tlsComesFromSocket: boolean): Directive[] {
  return [
    ...portChain("pass_server_port", [], config, tlsComesFromSocket),
    ...portChain("pass_port", [[String(httpsPort), "443"]], config, tlsComesFromSocket),
  ];
}

/** @param rows what stands for ports that nginx listens on itself */
function portChain(target: string, rows: Rows, { useForwardedHeaders, useProxyProtocol }: Config, tlsComesFromSocket: boolean): Directive[] {
  const own = `own_${target}`;
  const listening = `listening_${target}`;
  // A connection from the nginx below http has no port here, and names one of Sluice's own: it came to the https port.
  const fromSocket: Rows = tlsComesFromSocket ? [["", "443"]] : [];
  return [
    ...(useProxyProtocol
      ? [
          map("server_port", listening, [["default", expression("$server_port")], ...rows]),
          map("proxy_protocol_server_port", `named_${target}`, [["default", expression("$proxy_protocol_server_port")], ["", expression(`$${listening}`)]]),
          map("server_port", own, [["default", expression(`$named_${target}`)], ...fromSocket]),
        ]
      : [map("server_port", own, [["default", expression("$server_port")], ...rows, ...fromSocket])]),
    ...(useForwardedHeaders
      ? [
          map("http_x_forwarded_proto", `scheme_${target}`, [["default", "443"], [expression(HTTP_ALONE), expression(`$${own}`)], ["", expression(`$${own}`)]]),
          map("http_x_forwarded_port", target, [["default", expression("$http_x_forwarded_port")], ["", expression(`$scheme_${target}`)]]),
        ]
      : [map(own, target, [["default", expression(`$${own}`)]])]),
  ];
}

/** What each request to a backend says: without a trusted proxy in front, without its maps, each of which is a look-up. */
export function sentOrigin({ useForwardedHeaders, useProxyProtocol }: Config): { readonly host: string; readonly port: string; readonly scheme: string } {
  return useForwardedHeaders
    ? { host: "$passed_host", port: "$pass_port", scheme: "$pass_access_scheme" }
    : { host: "$passed_own_host", port: "$own_pass_port", scheme: useProxyProtocol ? "$pass_access_scheme" : "$scheme" };
}

/** The host as the client sees it, for what few requests need. */
export const CLIENT_HOST = "$best_http_host";

/** A text of the operator's with nginx variables: `$http_host` stands for the host that was routed, as everywhere. */
export function withRoutedHost(text: string): string {
  return text.replace(/\$(\{?)http_host\b/g, "$$$1own_http_host");
}
