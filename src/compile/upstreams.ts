/**
 * How nginx sends the requests of a profile to backends: upstream blocks, the directive that passes a request on, TLS,
 * mirrors.
 *
 * Isolation: nginx keeps idle backend connections by address alone: a plain request went out on a TLS connection to the
 * same port (tried on 1.22.1). So each protocol has an upstream block of its own. A profile with an identity of its own
 * (client certificate, CA certificates, name), or one that takes its scheme from the client, uses the one block that
 * keeps no connection. TLS sessions are never resumed: a resumed session is not verified, and nginx keeps sessions by
 * upstream block.
 *
 * Tried on nginx 1.22.1: `proxy_ssl_certificate` and its key from a variable that holds `data:` and PEM (empty: none);
 * `grpc_pass`, `fastcgi_pass` and `mirror` in a location that `set_uri` chose; a mirror's subrequest shares the
 * variables of its request, runs the server rewrite phase once more, and is balanced by its own upstream block.
 */
import type { Config } from "../model/config/config.ts";
import type { Protocol, UpstreamTls } from "../model/shapes/routing.ts";
import type { Directive } from "./directive.ts";
import { block, directive, expression, luaBlock } from "./directive.ts";
import { filteredHeaders, upstreamHeaders } from "./forwarding.ts";
import type { Profile } from "./profiles.ts";
import { forFastcgi, forGrpc } from "./protocols.ts";

/** Directives of the modules that pass requests on begin with one of these. */
type Family = "proxy" | "grpc" | "fastcgi";

interface Kind {
  readonly family: Family;
  /** The scheme in the URL of `proxy_pass`. */
  readonly scheme: string;
  /** Upstream block that keeps idle connections; absent: never. */
  readonly kept?: string;
  readonly tls: boolean;
}

const SINGLE = "sluice_single";
const MIRROR = "sluice_mirror";

const KINDS: Readonly<Record<Protocol, Kind>> = {
  HTTP: { family: "proxy", scheme: "http", kept: "sluice", tls: false },
  HTTPS: { family: "proxy", scheme: "https", kept: "sluice_https", tls: true },
  AUTO_HTTP: { family: "proxy", scheme: "$scheme", tls: true },
  GRPC: { family: "grpc", scheme: "grpc", kept: "sluice_grpc", tls: false },
  GRPCS: { family: "grpc", scheme: "grpcs", kept: "sluice_grpcs", tls: true },
  // No connection is kept, as in ingress-nginx: php-fpm would reserve a process for each.
  FCGI: { family: "fastcgi", scheme: "", tls: false },
};

/** Whether nginx sends its own URI with this protocol, so that the location has to restore the path (edge/src/phases/upstream.ts). */
export function takesOwnPath({ protocol }: Pick<Profile, "protocol">): boolean {
  return KINDS[protocol].family !== "proxy";
}

function upstreamOf({ protocol, tls }: Profile): string {
  return tls === undefined ? (KINDS[protocol].kept ?? SINGLE) : SINGLE;
}

/** The upstream blocks that these profiles need. The block of plain http is always among them. */
export function upstreamBlocks(config: Config, profiles: Iterable<Profile>): Directive[] {
  const all = [...profiles];
  const names = [...new Set(all.map(upstreamOf))].filter((name) => name !== "sluice").sort();
  return [
    balanced("sluice", "sluice.balance()", keepAlive(config)),
    ...names.map((name) => balanced(name, "sluice.balance()", name === SINGLE ? [] : keepAlive(config))),
    ...(all.some(hasMirror) ? [balanced(MIRROR, "sluice.balanceMirror()", [])] : []),
  ];
}

/** Whether an Ingress has requests mirrored; Gateways have copies (copies.ts). */
function hasMirror({ mirror }: Profile): boolean {
  return mirror === "whole" || mirror === "bodiless";
}

/** An upstream block whose address 0.0.0.1 the balancer replaces by the endpoint of each request. */
function balanced(name: string, code: string, more: readonly Directive[]): Directive {
  return block("upstream", [name], [directive("server", "0.0.0.1"), luaBlock("balancer_by_lua_block", code), ...more]);
}

function keepAlive(config: Config): Directive[] {
  const keepalive = config.upstreamKeepaliveConnections;
  if (keepalive === 0) return [];
  return [
    directive("keepalive", keepalive),
    directive("keepalive_time", config.upstreamKeepaliveTime),
    directive("keepalive_timeout", `${config.upstreamKeepaliveTimeout}s`),
    directive("keepalive_requests", config.upstreamKeepaliveRequests),
  ];
}

/**
 * A profile's directives, translated for the module that passes its requests on, and the directive that passes them on.
 * @param trustFile gives the path of the CA certificates with this id.
 */
export function passDirectives(profile: Profile, own: readonly Directive[], config: Config, trustFile: (id: string) => string): Directive[] {
  const { family, scheme } = KINDS[profile.protocol];
  const upstream = upstreamOf(profile);
  const tls = tlsDirectives(profile, trustFile);
  // Only locations of routes with filters have headers that the edge may choose.
  const chosen = profile.filtered ? filteredHeaders(config).map(([name, value]) => directive("proxy_set_header", name, value)) : [];
  if (family === "proxy") return [...own, ...chosen, ...tls, directive("proxy_pass", expression(`${scheme}://${upstream}$sluice_uri`))];
  const usual = upstreamHeaders(config).filter(({ name }) => name.startsWith("proxy_") && !(profile.filtered && name === "proxy_set_header"));
  const inherited = [...timeouts(config), ...usual, ...chosen];
  const restore = luaBlock("rewrite_by_lua_block", "sluice.restore()");
  const all = [...inherited, ...own, ...tls];
  if (family === "grpc") return [restore, ...grpcBuffer(forGrpc(all), config), directive("grpc_pass", `${scheme}://${upstream}`)];
  return [restore, ...forFastcgi(all, profile.fastcgiParams), directive("fastcgi_pass", upstream)];
}

function grpcBuffer(directives: readonly Directive[], { grpcBufferSizeKb: size }: Config): readonly Directive[] {
  if (size === 0) return directives;
  return [...directives.filter(({ name }) => name !== "grpc_buffer_size"), directive("grpc_buffer_size", `${size}k`)];
}

export function timeouts(config: Config): Directive[] {
  return [
    directive("proxy_connect_timeout", `${config.proxyConnectTimeout}s`),
    directive("proxy_send_timeout", `${config.proxySendTimeout}s`),
    directive("proxy_read_timeout", `${config.proxyReadTimeout}s`),
  ];
}

function tlsDirectives({ protocol, tls }: Profile, trustFile: (id: string) => string): Directive[] {
  if (!KINDS[protocol].tls) return [];
  const noResuming = directive("proxy_ssl_session_reuse", "off");
  if (tls === undefined) return [noResuming, directive("proxy_ssl_protocols", "TLSv1.2", "TLSv1.3")];
  return [noResuming, ...identity(tls, trustFile)];
}

function identity({ verify, verifyDepth, ciphers, protocols, serverName, trust }: UpstreamTls, trustFile: (id: string) => string): Directive[] {
  return [
    directive("proxy_ssl_protocols", ...protocols),
    directive("proxy_ssl_ciphers", ciphers),
    directive("proxy_ssl_name", expression("$sluice_tls_name")),
    directive("proxy_ssl_server_name", serverName ? "on" : "off"),
    directive("proxy_ssl_certificate", expression("$sluice_tls_certificate")),
    directive("proxy_ssl_certificate_key", expression("$sluice_tls_key")),
    directive("proxy_ssl_verify", verify ? "on" : "off"),
    directive("proxy_ssl_verify_depth", verifyDepth),
    ...(trust === "" ? [] : [directive("proxy_ssl_trusted_certificate", trustFile(trust))]),
  ];
}

/** Internal locations of mirrored requests, where profiles need them. Their target is in variables. */
export function mirrorLocations(profiles: Iterable<Profile>): Directive[] {
  const kinds = new Set([...profiles].map(({ mirror }) => mirror));
  const out: Directive[] = [];
  if (kinds.has("whole")) out.push(mirrorLocation("whole", []));
  // A Content-Length without a body would leave the target waiting for the body.
  if (kinds.has("bodiless")) out.push(mirrorLocation("bodiless", [directive("proxy_pass_request_body", "off"), directive("proxy_set_header", "Content-Length", "")]));
  return out;
}

function mirrorLocation(kind: string, more: readonly Directive[]): Directive {
  return block("location", ["=", `mirror:${kind}`], [
    directive("internal"),
    // The target has no endpoint now.
    block("if", [expression("($sluice_mirror_pool"), "!~", ".)"], [directive("return", 204)]),
    directive("proxy_set_header", "Host", expression("$sluice_mirror_host")),
    ...more,
    directive("proxy_ssl_session_reuse", "off"),
    directive("proxy_ssl_name", expression("$sluice_mirror_name")),
    directive("proxy_ssl_server_name", "on"),
    directive("proxy_pass", expression(`$sluice_mirror_scheme://${MIRROR}$sluice_mirror_uri`)),
  ]);
}

/** Variables that the edge sets for these profiles. */
export function upstreamVariables(profiles: Iterable<Profile>): string[] {
  const all = [...profiles];
  const params = Math.max(0, ...all.map(({ fastcgiParams }) => fastcgiParams.length));
  const needs = (names: readonly string[], some: (profile: Profile) => boolean): readonly string[] => (all.some(some) ? names : []);
  return [
    ...needs(["sluice_path", "sluice_script"], takesOwnPath),
    ...needs(["sluice_tls_name", "sluice_tls_certificate", "sluice_tls_key"], ({ tls }) => tls !== undefined),
    ...needs(["sluice_mirror_pool", "sluice_mirror_scheme", "sluice_mirror_name", "sluice_mirror_host", "sluice_mirror_uri"], hasMirror),
    ...needs(["sluice_transaction"], ({ transactionId }) => transactionId),
    ...Array.from({ length: params }, (_, i) => `sluice_param_${i}`),
  ];
}
