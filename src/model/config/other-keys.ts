/**
 * The keys that ingress-nginx knows and whose values do nothing here: why not, and what does the same.
 *
 * To honour such a key, move its row to `table.ts`.
 */
import { noEffect, refused } from "./row.ts";
import type { OtherRow } from "./row.ts";

const NOR_THERE = "has no effect in ingress-nginx either";
const GONE = "is documented by ingress-nginx but no part of it any more";
const JAEGER = "enable-opentelemetry with otlp-collector-host, which Jaeger takes spans from";
const RAW = "is text for nginx's own configuration, where it could undo what keeps Ingresses apart";
const OBSOLETE_HTTP2 = "sets what nginx has no limit of its own for any more";
const NO_STATUS_PAGE = "opens nginx's status page on the public ports, where Sluice serves nothing but Ingresses";
const ONE_SERVER = "sizes a table of server names, and Sluice's nginx has one name: hosts are data";

const ONE_TRY = "bounds how many endpoints one connection below http is tried with, and here each is tried with one";

export const OTHER_KEYS: readonly OtherRow[] = [
  // Keys about what does not exist here.
  noEffect("proxy-stream-next-upstream-timeout", "600s", ONE_TRY, "proxy-stream-next-upstream"),
  noEffect("proxy-stream-next-upstream-tries", "3", ONE_TRY, "proxy-stream-next-upstream"),
  noEffect("proxy-ssl-location-only", "false", "is how it is anyway: the proxy-ssl annotations of an Ingress never hold for the paths of another one"),
  noEffect("enable-auth-access-log", "false", "logs subrequests to authentication services, and Sluice asks them without one: what fails is in the error log"),
  noEffect("nginx-status-ipv4-whitelist", "127.0.0.1", NO_STATUS_PAGE, "/metrics of the health port, which has the same numbers"),
  noEffect("nginx-status-ipv6-whitelist", "::1", NO_STATUS_PAGE, "/metrics of the health port, which has the same numbers"),
  ...["bind-address", "bind-address-ipv4", "bind-address-ipv6"].map((key) =>
    noEffect(key, "", "is read after the listening sockets are open, and these outlive nginx, so requests come in on every address", "the flag --bind-address")),
  noEffect("forwarded-for-proxy-protocol-header", "X-Forwarded-For-Proxy-Protocol", "names the header that tells nginx who the client is, and Sluice's has a name that no client can send"),
  noEffect("reuse-port", "true", "is about listening sockets of nginx's own, and Sluice's outlive nginx, so that a restart of it refuses no connection"),
  noEffect("lua-shared-dicts", "", "sizes tables of ingress-nginx's own Lua code; Sluice's are bounded, and take memory as they need it"),
  noEffect("server-name-hash-max-size", "1024", ONE_SERVER),
  noEffect("server-name-hash-bucket-size", "0", ONE_SERVER),
  noEffect("opentelemetry-config", "/etc/ingress-controller/telemetry/opentelemetry.toml", "names a file of an nginx module that Sluice does without: spans are sent by the controller"),
  noEffect("enable-ocsp", "false", "asks for stapled OCSP answers, which Sluice does not fetch; browsers take revocations from lists, and several authorities run no OCSP service any more",
    "certificates with a short life"),
  noEffect("use-geoip2", "false", "needs nginx's module libnginx-mod-http-geoip2 and MaxMind databases, and Sluice loads neither; ingress-nginx turns it off as well where a database is missing"),
  noEffect("geoip2-autoreload-in-minutes", "0", "belongs to use-geoip2, which has no effect"),
  noEffect("http2-max-field-size", "", OBSOLETE_HTTP2, "large-client-header-buffers"),
  noEffect("http2-max-header-size", "", OBSOLETE_HTTP2, "large-client-header-buffers"),
  noEffect("http2-max-requests", "0", OBSOLETE_HTTP2, "keep-alive-requests"),

  // Raw text.
  refused("global-auth-snippet", `${RAW}; Sluice asks the authentication service itself, so there is no location for it`, "the other global-auth keys"),
  refused("main-snippet", RAW, "typed keys"),
  refused("http-snippet", RAW, "typed keys"),
  refused("server-snippet", RAW, "typed keys, and annotations of Ingresses"),
  refused("location-snippet", RAW, "typed keys, and annotations of Ingresses"),
  refused("stream-snippet", RAW, "typed keys"),

  // Keys that do nothing in ingress-nginx either.
  noEffect("app-root", "", NOR_THERE, "the annotation"),
  noEffect("upstream-hash-by", "", NOR_THERE, "the annotation"),
  noEffect("upstream-hash-by-subset", "false", NOR_THERE, "the annotation"),
  noEffect("upstream-hash-by-subset-size", "0", NOR_THERE, "the annotation"),
  noEffect("use-geoip", "false", GONE),
  ...["collector-host", "collector-port", "endpoint", "service-name", "propagation-format", "sampler-type", "sampler-param", "sampler-host", "sampler-port",
    "trace-context-header-name", "debug-header", "baggage-header", "trace-baggage-header-prefix"].map((name) => noEffect(`jaeger-${name}`, "", GONE, JAEGER)),
];
