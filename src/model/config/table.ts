/**
 * Every ConfigMap key that Sluice honours: name, type, default, documentation. Parsing, `lint` and the reference page
 * read this one table.
 *
 * ingress-nginx behaviour: names and defaults are its own, except where a row says so.
 */
import { configErrorCodes, cookieDomain, cookiePath, redirectText } from "../annotations/response-types.ts";
import { nextUpstream, onOff, sizeBetween } from "../annotations/value-types.ts";
import type { Config } from "../config.ts";
import * as auth from "./external-auth.ts";
import * as type from "./value-types.ts";
import type { ConfigType } from "./value-types.ts";

export interface ConfigRow<T> {
  readonly key: string;
  readonly type: ConfigType<T>;
  /** As it would stand in the ConfigMap. */
  readonly default: string;
  readonly doc: string;
}

const KIB = 1024;
const MIB = 1024 ** 2;

function row<T>(key: string, valueType: ConfigType<T>, defaultText: string, doc: string): ConfigRow<T> {
  return { key, type: valueType, default: defaultText, doc };
}

const yesNo = (key: string, value: boolean, doc: string): ConfigRow<boolean> => row(key, type.boolean, String(value), doc);
const seconds = (key: string, min: 0 | 1, value: number, doc: string): ConfigRow<number> =>
  row(key, type.seconds(min), String(value), doc);
const count = (key: string, min: number, max: number, value: number, doc: string): ConfigRow<number> =>
  row(key, type.integer(min, max), String(value), doc);

const TLS_WORD = /^TLSv1(?:\.[123])?$/;
const MEDIA_TYPE = /^(?:\*|[A-Za-z0-9][A-Za-z0-9.+-]*\/[A-Za-z0-9*][A-Za-z0-9.+_-]*)$/;

const CIPHERS = [
  "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
  "DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES128-GCM-SHA256",
].join(":");

const GZIP_TYPES =
  "application/atom+xml application/javascript application/x-javascript application/json application/rss+xml " +
  "application/vnd.ms-fontobject application/x-font-ttf application/x-web-app-manifest+json application/xhtml+xml " +
  "application/xml font/opentype image/svg+xml image/x-icon text/css text/javascript text/plain text/x-component";

const LOG_FORMAT =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ' +
  "$request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr " +
  "$upstream_response_length $upstream_response_time $upstream_status $req_id";

export const CONFIG_TABLE: { readonly [K in keyof Config]: ConfigRow<Config[K]> } = {
  sslRedirect: yesNo("ssl-redirect", true, "Redirect http to https where the host has a certificate."),
  forceSslRedirect: yesNo("force-ssl-redirect", false, "Redirect http to https even without a certificate."),
  preserveTrailingSlash: yesNo("preserve-trailing-slash", false, "Keep the trailing / of the URI in redirects to https."),
  httpRedirectCode: row("http-redirect-code", type.oneOf(301, 302, 307, 308), "308", "Status of redirects to https."),
  noTlsRedirectLocations: row("no-tls-redirect-locations", type.pathPrefixes, "/.well-known/acme-challenge",
    "Ingress paths that start with one of these are never redirected to https."),
  prefixSlashRedirect: yesNo("prefix-slash-redirect", true,
    "Sluice's own: a Prefix path /foo/ answers /foo with 301 (true, as nginx does) or serves it (false, as the Kubernetes API says)."),
  relativeRedirects: yesNo("relative-redirects", false, "Redirects within a host name no scheme and host; annotations cannot turn it off."),
  usePortInRedirects: yesNo("use-port-in-redirects", false, "Redirects within a host, and to https, name the port."),

  hsts: yesNo("hsts", true, "Send Strict-Transport-Security over TLS."),
  hstsMaxAge: row("hsts-max-age", type.digits, "31536000", "Its max-age, in seconds."),
  hstsIncludeSubdomains: yesNo("hsts-include-subdomains", true, "Its includeSubDomains."),
  hstsPreload: yesNo("hsts-preload", false, "Its preload."),
  serverTokens: yesNo("server-tokens", false, "Name nginx's version in the Server header; false removes the header."),
  hideHeaders: row("hide-headers", type.headerNames, "", "Response headers of backends that clients do not get."),
  generateRequestId: yesNo("generate-request-id", true, "Make an X-Request-ID for requests that bring none."),
  proxyAddOriginalUriHeader: yesNo("proxy-add-original-uri-header", false, "Send X-Original-URI to backends."),

  useForwardedHeaders: yesNo("use-forwarded-headers", false, "Trust X-Forwarded-* of clients: only behind another proxy."),
  computeFullForwardedFor: yesNo("compute-full-forwarded-for", false, "Append to X-Forwarded-For instead of replacing it."),
  forwardedForHeader: row("forwarded-for-header", type.headerName, "X-Forwarded-For", "The header that names the client's address."),
  enableRealIp: yesNo("enable-real-ip", false, "Take the client's address from forwarded-for-header, trust nothing else."),
  proxyRealIpCidr: row("proxy-real-ip-cidr", type.networks, "0.0.0.0/0",
    "Proxies that are believed about the client's address. Set it: the default believes everybody."),
  useProxyProtocol: yesNo("use-proxy-protocol", false, "Expect the PROXY protocol on the http and https ports."),

  sslProtocols: row("ssl-protocols", type.words("TLS versions out of TLSv1 TLSv1.1 TLSv1.2 TLSv1.3, separated by spaces", TLS_WORD),
    "TLSv1.2 TLSv1.3", "TLS versions."),
  sslCiphers: row("ssl-ciphers", type.ciphers, CIPHERS, "Cipher suites up to TLS 1.2; empty: OpenSSL's default."),
  sslEcdhCurve: row("ssl-ecdh-curve", type.curves, "auto", "Curves for key exchange."),
  sslSessionCache: yesNo("ssl-session-cache", true, "Keep TLS sessions in a cache that all workers share."),
  sslSessionCacheSize: row("ssl-session-cache-size", type.sizeText(64 * KIB, 1024 * MIB), "10m", "Size of that cache."),
  sslSessionTimeout: row("ssl-session-timeout", type.duration(), "10m", "How long a TLS session can be resumed."),
  sslSessionTickets: yesNo("ssl-session-tickets", false, "Let clients keep their TLS session in a ticket."),
  sslBufferSize: row("ssl-buffer-size", type.sizeText(512, MIB), "4k", "Size of TLS records that are sent."),
  sslRejectHandshake: yesNo("ssl-reject-handshake", false, "End TLS handshakes for names that no Ingress declares."),

  allowCrossNamespaceResources: yesNo("allow-cross-namespace-resources", false,
    "Annotations may name Secrets and ConfigMaps of other namespaces than their Ingress's."),
  allowSnippetAnnotations: yesNo("allow-snippet-annotations", false,
    "Let Ingresses put text into nginx's configuration, where annotations-risk-level is Critical too."),
  annotationsRiskLevel: row("annotations-risk-level", type.riskLevel, "High", "An Ingress with an annotation of a higher risk is refused."),
  strictValidatePathType: yesNo("strict-validate-path-type", true,
    "The admission webhook refuses Exact and Prefix paths that hold more than letters, digits and / . _ -; without a webhook it has no effect."),
  annotationValueWordBlocklist: row("annotation-value-word-blocklist", type.anyWords, "",
    "An Ingress with one of these words in the value of an annotation is refused."),
  globalAllowedResponseHeaders: row("global-allowed-response-headers", type.headerNames, "",
    "Response headers that custom-headers may set."),
  noAuthLocations: row("no-auth-locations", type.pathPrefixes, "/.well-known/acme-challenge",
    "Ingress paths that start with one of these are never asked for a password (auth-type) or by external authentication."),
  whitelistSourceRange: row("whitelist-source-range", type.onlyNetworks, "",
    "Networks whose clients may pass, where an Ingress says nothing itself; empty: all. If no piece of it is valid, nobody may."),
  denylistSourceRange: row("denylist-source-range", type.networks, "",
    "Networks whose clients may not pass, where an Ingress says nothing itself."),
  limitRate: count("limit-rate", 0, 2 ** 30, 0, "Kilobytes per second of each buffered response, where an Ingress says nothing itself; 0: no limit."),
  limitRateAfter: count("limit-rate-after", 0, 2 ** 30, 0, "Kilobytes of each response before limit-rate holds."),
  limitConnZoneVariable: row("limit-conn-zone-variable", type.variables, "$binary_remote_addr",
    "What limit-connections, limit-rps and limit-rpm tell clients apart by; a request for which it is empty is not limited."),
  limitReqStatusCode: count("limit-req-status-code", 400, 599, 503, "Status of requests over limit-rps or limit-rpm."),
  limitConnStatusCode: count("limit-conn-status-code", 400, 599, 503, "Status of requests over limit-connections."),

  globalAuthUrl: row("global-auth-url", auth.globalUrl, "",
    "Ask this URL about every request of every Ingress without an auth-url of its own; empty: nobody is asked."),
  globalAuthMethod: row("global-auth-method", auth.globalMethod, "", "As the annotation auth-method."),
  globalAuthSignin: row("global-auth-signin", auth.globalSignin, "", "As the annotation auth-signin."),
  globalAuthSigninRedirectParam: row("global-auth-signin-redirect-param", auth.globalText, "", "As the annotation; empty: rd."),
  globalAuthResponseHeaders: row("global-auth-response-headers", auth.globalHeaders, "", "As the annotation auth-response-headers."),
  globalAuthRequestRedirect: row("global-auth-request-redirect", auth.globalText, "", "As the annotation auth-request-redirect; may hold variables."),
  globalAuthCacheKey: row("global-auth-cache-key", auth.globalText, "", "As the annotation auth-cache-key."),
  globalAuthCacheDuration: row("global-auth-cache-duration", auth.globalLifetimes, "",
    "As the annotation auth-cache-duration; empty: the service's own cache headers alone decide."),
  globalAuthAlwaysSetCookie: yesNo("global-auth-always-set-cookie", false, "As the annotation auth-always-set-cookie."),

  proxyCookieDomain: row("proxy-cookie-domain", cookieDomain, "off", "Two domains: cookies of the first are given the second."),
  proxyCookiePath: row("proxy-cookie-path", cookiePath, "off",
    "Two paths: cookies whose path begins with the first get the second there."),
  proxyRedirectFrom: row("proxy-redirect-from", redirectText, "off",
    "The beginning of backends' Location and Refresh headers that proxy-redirect-to replaces."),
  proxyRedirectTo: row("proxy-redirect-to", redirectText, "off", "What replaces it."),
  customHttpErrors: row("custom-http-errors", configErrorCodes, "",
    "Statuses whose answers are replaced by pages of the default backend."),
  disableProxyInterceptErrors: yesNo("disable-proxy-intercept-errors", false, "Replace only errors that do not come from a backend."),

  proxyConnectTimeout: seconds("proxy-connect-timeout", 1, 5, "Seconds to connect to a backend."),
  proxySendTimeout: seconds("proxy-send-timeout", 1, 60, "Longest pause, in seconds, between two writes to a backend."),
  proxyReadTimeout: seconds("proxy-read-timeout", 1, 60, "Longest pause, in seconds, between two reads from a backend."),
  proxyBodySize: row("proxy-body-size", sizeBetween(0, Number.MAX_SAFE_INTEGER), "1m", "Largest request body; 0: no limit."),
  proxyBuffering: row("proxy-buffering", onOff, "off", "Read responses ahead of the client."),
  proxyRequestBuffering: row("proxy-request-buffering", onOff, "on", "Read a request's body as a whole before passing it on."),
  proxyBufferSize: row("proxy-buffer-size", sizeBetween(256, 16 * MIB), "4k", "Size of a response buffer; headers must fit in one."),
  proxyBuffersNumber: count("proxy-buffers-number", 3, 1024, 4, "How many response buffers a request may use."),
  proxyNextUpstream: row("proxy-next-upstream", nextUpstream, "error timeout", "When another endpoint is tried."),
  proxyNextUpstreamTimeout: seconds("proxy-next-upstream-timeout", 0, 0, "Seconds during which another one may be tried; 0: no limit."),
  proxyNextUpstreamTries: count("proxy-next-upstream-tries", 0, 1000, 3, "How many endpoints may be tried; 0: no limit."),
  retryNonIdempotent: yesNo("retry-non-idempotent", false, "Try another endpoint for POST, LOCK and PATCH too."),
  proxyHttpVersion: row("proxy-http-version", type.oneOf("1.0", "1.1"), "1.1", "HTTP version spoken to backends."),
  proxyBusyBuffersSize: row("proxy-busy-buffers-size", type.orEmpty(sizeBetween(256, 1024 * MIB), 0), "",
    "How much of a response may be on its way to the client while the rest is read; empty: two buffers. It is kept between one buffer and all but one."),
  proxyMaxTempFileSize: row("proxy-max-temp-file-size", sizeBetween(0, Number.MAX_SAFE_INTEGER), "1024m",
    "Largest part of a response that is kept in a file while the client is slow; 0: none."),
  proxySslLocationOnly: yesNo("proxy-ssl-location-only", false,
    "Known, without effect: with Sluice the proxy-ssl annotations of an Ingress never hold for the paths of another one."),

  enableModsecurity: yesNo("enable-modsecurity", false, "Inspect every request with ModSecurity; without its nginx module everything answers 503."),
  enableOwaspCrs: yesNo("enable-owasp-modsecurity-crs", false, "With the OWASP core rules, where enable-modsecurity is on."),

  loadBalance: row("load-balance", type.oneOf("round_robin", "ewma"), "round_robin",
    "How requests choose an endpoint where the Ingress does not say: in turn, or by recent response times."),
  serviceUpstream: yesNo("service-upstream", false, "Send requests to the ClusterIPs of Services instead of their pods, where the Ingress does not say."),

  upstreamKeepaliveConnections: count("upstream-keepalive-connections", 0, 65535, 320,
    "Idle backend connections kept per worker; 0: none."),
  upstreamKeepaliveTime: row("upstream-keepalive-time", type.duration(), "1h", "Longest life of a backend connection."),
  upstreamKeepaliveTimeout: seconds("upstream-keepalive-timeout", 1, 60, "Seconds that an idle backend connection is kept."),
  upstreamKeepaliveRequests: count("upstream-keepalive-requests", 1, 2 ** 31 - 1, 10000, "Requests per backend connection."),

  keepAlive: seconds("keep-alive", 0, 75, "Seconds that an idle client connection is kept; 0 closes it at once."),
  keepAliveRequests: count("keep-alive-requests", 1, 2 ** 31 - 1, 1000, "Requests per client connection."),
  clientHeaderBufferSize: row("client-header-buffer-size", type.sizeText(512, 16 * MIB), "1k", "First buffer for request headers."),
  clientHeaderTimeout: seconds("client-header-timeout", 1, 60, "Seconds for a client to send its headers."),
  clientBodyBufferSize: row("client-body-buffer-size", type.sizeText(512, 1024 * MIB), "8k", "Largest request body in memory."),
  clientBodyTimeout: seconds("client-body-timeout", 1, 60, "Longest pause, in seconds, within a request body."),
  largeClientHeaderBuffers: row("large-client-header-buffers", type.buffers, "4 8k", "Number and size of buffers for large headers."),
  useHttp2: yesNo("use-http2", true, "Offer HTTP/2 over TLS."),
  http2MaxConcurrentStreams: count("http2-max-concurrent-streams", 1, 65535, 128, "Streams at a time per HTTP/2 connection."),
  enableUnderscoresInHeaders: yesNo("enable-underscores-in-headers", false, "Accept header names with underscores."),
  ignoreInvalidHeaders: yesNo("ignore-invalid-headers", true, "Drop headers with invalid names instead of refusing the request."),
  useGzip: yesNo("use-gzip", false, "Compress responses."),
  gzipLevel: count("gzip-level", 1, 9, 1, "Compression level."),
  gzipMinLength: count("gzip-min-length", 0, 2 ** 31 - 1, 256, "Smallest response, in bytes, that is compressed."),
  gzipTypes: row("gzip-types", type.words("media types separated by spaces", MEDIA_TYPE), GZIP_TYPES,
    "Media types that are compressed beside text/html."),

  enableOpentelemetry: yesNo("enable-opentelemetry", false, "Trace every route: a span per request, and a traceparent for its backend."),
  opentelemetryTrustIncomingSpan: yesNo("opentelemetry-trust-incoming-span", true, "Continue the traces that clients bring."),
  opentelemetryOperationName: row("opentelemetry-operation-name", type.shortText, "",
    "Name of the spans, with nginx's $variables; empty: method and path of the route."),
  otlpCollectorHost: row("otlp-collector-host", type.hostOrNone, "", "OpenTelemetry collector that the controller sends spans to; empty: none are sent."),
  otlpCollectorPort: row("otlp-collector-port", type.otlpPort, "4318",
    "Its port for OTLP over HTTP. ingress-nginx's default, 4317, is for gRPC, which Sluice does not speak: it is taken as 4318."),
  otelServiceName: row("otel-service-name", type.shortText, "nginx", "Name of the service in its spans."),
  otelSampler: row("otel-sampler", type.oneOf("AlwaysOn", "AlwaysOff", "TraceIdRatioBased"), "AlwaysOn", "Which traces that begin here are sampled."),
  otelSamplerRatio: row("otel-sampler-ratio", type.ratio, "0.01", "Share of them, for TraceIdRatioBased."),
  otelSamplerParentBased: yesNo("otel-sampler-parent-based", true, "A trace that a client brought is sampled when the client's flag says so."),
  otelMaxQueuesize: count("otel-max-queuesize", 1, 1_000_000, 2048, "Spans that may wait for the collector; more are dropped."),
  otelScheduleDelayMillis: count("otel-schedule-delay-millis", 1, 3_600_000, 5000, "Milliseconds between two batches of spans."),
  otelMaxExportBatchSize: count("otel-max-export-batch-size", 1, 65536, 512, "Spans per batch."),

  workerProcesses: row("worker-processes", type.workers, "auto", "Number of nginx workers; auto: one per processor."),
  maxWorkerConnections: row("max-worker-connections", maxConnections(), "16384", "Connections per worker; 0: the default."),
  workerShutdownTimeout: row("worker-shutdown-timeout", type.duration({ orEmpty: true }), "",
    "When workers that were replaced end open connections; empty: never. ingress-nginx's default is 240s, which ends WebSockets."),
  disableIpv6: yesNo("disable-ipv6", false, "Listen on IPv4 only."),
  disableAccessLog: yesNo("disable-access-log", false, "Write no access log."),
  accessLogPath: row("access-log-path", type.logPath, "", "File of the access log; empty: standard output in a cluster."),
  logFormatUpstream: row("log-format-upstream", type.logFormat, LOG_FORMAT, "Format of the access log."),
  logFormatEscapeJson: yesNo("log-format-escape-json", false, "Escape values for a format that is JSON."),
  errorLogLevel: row("error-log-level", type.oneOf("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"), "notice",
    "Least severity in the error log."),
};

/** nginx needs a connection per listening socket besides those that serve. */
function maxConnections(): ConfigType<number> {
  const limits = type.integer(256, 1048576);
  return {
    expects: `0 or ${limits.expects}`,
    parse: (text) => limits.parse(type.integer(0, 0).parse(text) ? "16384" : text),
  };
}
