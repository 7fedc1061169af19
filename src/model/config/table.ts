/**
 * Every ConfigMap key whose value does something: name, type, default, documentation, and whether a change of it costs
 * a reload (`nginx.…`) or is data (`data.…`). The other keys stand in `other-keys.ts`.
 *
 * ingress-nginx behaviour: names and defaults are its own, except where a row says so.
 */
import { configErrorCodes, cookieDomain, cookiePath, redirectText } from "../grammar/response-types.ts";
import { nextUpstream, onOff, sizeBetween } from "../grammar/value-types.ts";
import { blockedTexts } from "./block-types.ts";
import type { ConfigValues } from "./config.ts";
import * as auth from "./external-auth.ts";
import * as operator from "./operator-types.ts";
import { data, nginx } from "./row.ts";
import type { ConfigRow } from "./row.ts";
import * as type from "./value-types.ts";
import type { ConfigType } from "./value-types.ts";

const KIB = 1024;
const MIB = 1024 ** 2;

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

const HASH = { differs: "Nothing below the default, which Sluice's own names need." };

const LOG_FORMAT =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ' +
  "$request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr " +
  "$upstream_response_length $upstream_response_time $upstream_status $req_id";

const STREAM_LOG_FORMAT = "[$remote_addr] [$time_local] $protocol $status $bytes_sent $bytes_received $session_time";

export const CONFIG_TABLE: { readonly [K in keyof ConfigValues]: ConfigRow<ConfigValues[K]> } = {
  sslRedirect: data.yesNo("ssl-redirect", true, "Redirect http to https where the host has a certificate."),
  forceSslRedirect: data.yesNo("force-ssl-redirect", false, "Redirect http to https even without a certificate."),
  preserveTrailingSlash: data.yesNo("preserve-trailing-slash", false, "Keep the trailing / of the URI in redirects to https."),
  httpRedirectCode: data.row("http-redirect-code", type.oneOf(301, 302, 307, 308), "308", "Status of redirects to https."),
  noTlsRedirectLocations: data.row("no-tls-redirect-locations", type.pathPrefixes, "/.well-known/acme-challenge",
    "Ingress paths that start with one of these are never redirected to https."),
  prefixSlashRedirect: data.yesNo("prefix-slash-redirect", true,
    "A Prefix path /foo/ answers /foo with 301 (true, as nginx does) or serves it (false, as the Kubernetes API says). An Exact path /foo/ answers /foo with 301 (true), or leaves it to others (false).", { own: true }),
  relativeRedirects: data.yesNo("relative-redirects", false, "Redirects within a host name no scheme and host; annotations cannot turn it off."),
  usePortInRedirects: data.yesNo("use-port-in-redirects", false, "Redirects within a host, and to https, name the port."),

  hsts: nginx.yesNo("hsts", true, "Send Strict-Transport-Security over TLS."),
  hstsMaxAge: nginx.row("hsts-max-age", type.digits, "31536000", "Its max-age, in seconds."),
  hstsIncludeSubdomains: nginx.yesNo("hsts-include-subdomains", true, "Its includeSubDomains."),
  hstsPreload: nginx.yesNo("hsts-preload", false, "Its preload."),
  serverTokens: nginx.yesNo("server-tokens", false, "Name nginx's version in the Server header; false removes the header."),
  hideHeaders: nginx.row("hide-headers", type.hiddenHeaders, "", "Response headers of backends that clients do not get."),
  generateRequestId: nginx.yesNo("generate-request-id", true, "Make an X-Request-ID for requests that bring none."),
  proxyAddOriginalUriHeader: nginx.yesNo("proxy-add-original-uri-header", false, "Send X-Original-URI to backends."),

  proxySetHeaders: data.row("proxy-set-headers", operator.objectName, "", "ConfigMap (`namespace/name`) of headers, with nginx's $variables, that every backend gets.",
    { differs: "An edit of it takes effect at once. A header that Sluice sends itself (X-Forwarded-Proto, Host, …) is replaced, not sent twice; when the first one of a name comes or the last one goes, that costs a reload." }),
  addHeaders: nginx.row("add-headers", operator.objectName, "", "ConfigMap of headers, with nginx's $variables, that every client gets, in place of the backend's.",
    { differs: "An edit of it takes effect at once, without a reload. A header that Sluice sends itself (Strict-Transport-Security) is replaced, not sent twice." }),
  allowBackendServerHeader: nginx.yesNo("allow-backend-server-header", false, "Pass the backend's Server header on, where server-tokens is on."),

  useForwardedHeaders: nginx.yesNo("use-forwarded-headers", false, "Trust X-Forwarded-* of clients: only behind another proxy.",
    { differs: "Where X-Forwarded-Proto is anything but http, and no X-Forwarded-Port comes with it, backends are told port 443." }),
  computeFullForwardedFor: nginx.yesNo("compute-full-forwarded-for", false, "Append to X-Forwarded-For instead of replacing it."),
  forwardedForHeader: nginx.row("forwarded-for-header", type.headerName, "X-Forwarded-For", "The header that names the client's address."),
  forwardedHostHeader: nginx.row("forwarded-host-header", type.headerName, "X-Forwarded-Host", "The header that X-Original-Forwarded-Host repeats."),
  enableRealIp: nginx.yesNo("enable-real-ip", false, "Take the client's address from forwarded-for-header, trust nothing else."),
  proxyRealIpCidr: nginx.row("proxy-real-ip-cidr", type.networks, "0.0.0.0/0",
    "Proxies that are believed about the client's address. Set it: the default believes everybody."),
  useProxyProtocol: nginx.yesNo("use-proxy-protocol", false, "Expect the PROXY protocol on the http and https ports.",
    { differs: "The port that it names is the one that backends, redirects and the access log are told. With use-forwarded-headers or enable-real-ip and ignore-invalid-headers off, the client is who the PROXY protocol says." }),

  sslProtocols: nginx.row("ssl-protocols", type.words("TLS versions out of TLSv1 TLSv1.1 TLSv1.2 TLSv1.3, separated by spaces", TLS_WORD),
    "TLSv1.2 TLSv1.3", "TLS versions."),
  sslCiphers: nginx.row("ssl-ciphers", type.ciphersKnowing(CIPHERS), CIPHERS, "Cipher suites up to TLS 1.2; empty: OpenSSL's default."),
  sslEcdhCurve: nginx.row("ssl-ecdh-curve", type.curves, "auto", "Curves for key exchange."),
  sslSessionCache: nginx.yesNo("ssl-session-cache", true, "Keep TLS sessions in a cache that all workers share."),
  sslSessionCacheSize: nginx.row("ssl-session-cache-size", type.sizeText(64 * KIB, 1024 * MIB), "10m", "Size of that cache."),
  sslSessionTimeout: nginx.row("ssl-session-timeout", type.duration(), "10m", "How long a TLS session can be resumed."),
  sslSessionTickets: nginx.yesNo("ssl-session-tickets", false, "Let clients keep their TLS session in a ticket."),
  sslBufferSize: nginx.row("ssl-buffer-size", type.sizeText(512, MIB), "4k", "Size of TLS records that are sent."),
  sslRejectHandshake: data.yesNo("ssl-reject-handshake", false, "End TLS handshakes for names that no Ingress declares."),

  sslDhParam: nginx.row("ssl-dh-param", operator.objectName, "", "Secret (`namespace/name`) with Diffie-Hellman parameters, PEM, under dhparam.pem, for DHE ciphers.",
    { differs: "An edit of it takes effect at once." }),
  sslEarlyData: nginx.yesNo("ssl-early-data", false, "Take requests in the first flight of a resumed TLS 1.3 connection. They can be replayed."),
  sslSessionTicketKey: nginx.row("ssl-session-ticket-key", operator.ticketKey, "", "Base64 of 48 or 80 bytes: the key of TLS session tickets, which several replicas can share.",
    { secret: true, differs: "One of another length is a finding. It is kept in memory alone: without a runtime folder there it is not used." }),

  allowCrossNamespaceResources: data.yesNo("allow-cross-namespace-resources", false,
    "Annotations may name Secrets and ConfigMaps of other namespaces than their Ingress's."),
  allowSnippetAnnotations: data.yesNo("allow-snippet-annotations", false,
    "Let Ingresses put text into nginx's configuration, where annotations-risk-level is Critical too.",
    { differs: "What they may hold is limited: see the guide to annotations. Where it is false an Ingress with a snippet is refused, also with annotations-risk-level Critical." }),
  annotationsRiskLevel: data.row("annotations-risk-level", type.riskLevel, "High", "An Ingress with an annotation of a higher risk is refused."),
  strictValidatePathType: data.yesNo("strict-validate-path-type", true,
    "The admission webhook refuses Exact and Prefix paths that hold more than letters, digits and / . _ -; without a webhook it has no effect."),
  annotationValueWordBlocklist: data.row("annotation-value-word-blocklist", type.anyWords, "",
    "An Ingress with one of these words in the value of an annotation is refused."),
  globalAllowedResponseHeaders: data.row("global-allowed-response-headers", type.headerNames, "",
    "Response headers that custom-headers may set."),
  noAuthLocations: data.row("no-auth-locations", type.pathPrefixes, "/.well-known/acme-challenge",
    "Ingress paths that start with one of these are never asked for a password (auth-type) or by external authentication."),
  blockCidrs: data.row("block-cidrs", type.networks, "", "Networks whose clients get 403.",
    { differs: "It holds for redirects too, and for paths that have lists of their own." }),
  blockUserAgents: data.row("block-user-agents", blockedTexts, "",
    "Values of User-Agent that get 403: whole ones in any case, `~` and a regular expression, or `~*` and one that does not care about case.",
    { differs: "A value that keeps an expression busy for too long gets 403 as well. Quotes around a piece are no part of it." }),
  blockReferers: data.row("block-referers", blockedTexts, "", "The same for Referer.", { differs: "As block-user-agents." }),
  whitelistSourceRange: data.row("whitelist-source-range", type.onlyNetworks, "",
    "Networks whose clients may pass, where an Ingress says nothing itself; empty: all.", { differs: "If no piece of it is valid, nobody may pass." }),
  denylistSourceRange: data.row("denylist-source-range", type.networks, "",
    "Networks whose clients may not pass, where an Ingress says nothing itself."),
  limitRate: nginx.count("limit-rate", 0, 2 ** 30, 0, "Kilobytes per second of each buffered response, where an Ingress says nothing itself; 0: no limit."),
  limitRateAfter: nginx.count("limit-rate-after", 0, 2 ** 30, 0, "Kilobytes of each response before limit-rate holds."),
  limitConnZoneVariable: data.row("limit-conn-zone-variable", type.variables, "$binary_remote_addr",
    "What limit-connections, limit-rps and limit-rpm tell clients apart by; a request for which it is empty is not limited."),
  limitReqStatusCode: data.count("limit-req-status-code", 400, 599, 503, "Status of requests over limit-rps or limit-rpm."),
  limitConnStatusCode: data.count("limit-conn-status-code", 400, 599, 503, "Status of requests over limit-connections."),

  globalAuthUrl: data.row("global-auth-url", auth.globalUrl, "",
    "Ask this URL about every request of every Ingress without an auth-url of its own; empty: nobody is asked."),
  globalAuthMethod: data.row("global-auth-method", auth.globalMethod, "", "As the annotation auth-method."),
  globalAuthSignin: data.row("global-auth-signin", auth.globalSignin, "", "As the annotation auth-signin."),
  globalAuthSigninRedirectParam: data.row("global-auth-signin-redirect-param", auth.globalText, "", "As the annotation; empty: rd."),
  globalAuthResponseHeaders: data.row("global-auth-response-headers", auth.globalHeaders, "", "As the annotation auth-response-headers."),
  globalAuthRequestRedirect: data.row("global-auth-request-redirect", auth.globalText, "", "As the annotation auth-request-redirect; may hold variables."),
  globalAuthCacheKey: data.row("global-auth-cache-key", auth.globalText, "", "As the annotation auth-cache-key."),
  globalAuthCacheDuration: data.row("global-auth-cache-duration", auth.globalLifetimes, "",
    "As the annotation auth-cache-duration; empty: the service's own cache headers alone decide."),
  globalAuthAlwaysSetCookie: data.yesNo("global-auth-always-set-cookie", false, "As the annotation auth-always-set-cookie."),

  proxyCookieDomain: data.row("proxy-cookie-domain", cookieDomain, "off", "Two domains: cookies of the first are given the second."),
  proxyCookiePath: data.row("proxy-cookie-path", cookiePath, "off",
    "Two paths: cookies whose path begins with the first get the second there."),
  proxyRedirectFrom: data.row("proxy-redirect-from", redirectText, "off",
    "The beginning of backends' Location and Refresh headers that proxy-redirect-to replaces."),
  proxyRedirectTo: data.row("proxy-redirect-to", redirectText, "off", "What replaces it."),
  customHttpErrors: nginx.row("custom-http-errors", configErrorCodes, "",
    "Statuses whose answers are replaced by pages of the default backend."),
  disableProxyInterceptErrors: nginx.yesNo("disable-proxy-intercept-errors", false, "Replace only errors that do not come from a backend."),

  proxyConnectTimeout: nginx.seconds("proxy-connect-timeout", 1, 5, "Seconds to connect to a backend."),
  proxySendTimeout: nginx.seconds("proxy-send-timeout", 1, 60, "Longest pause, in seconds, between two writes to a backend."),
  proxyReadTimeout: nginx.seconds("proxy-read-timeout", 1, 60, "Longest pause, in seconds, between two reads from a backend."),
  proxyBodySize: nginx.row("proxy-body-size", sizeBetween(0, Number.MAX_SAFE_INTEGER), "1m", "Largest request body; 0: no limit."),
  proxyBuffering: nginx.row("proxy-buffering", onOff, "off", "Read responses ahead of the client."),
  proxyRequestBuffering: nginx.row("proxy-request-buffering", onOff, "on", "Read a request's body as a whole before passing it on."),
  proxyBufferSize: nginx.row("proxy-buffer-size", sizeBetween(256, 16 * MIB), "4k", "Size of a response buffer; headers must fit in one."),
  proxyBuffersNumber: nginx.count("proxy-buffers-number", 3, 1024, 4, "How many response buffers a request may use."),
  proxyNextUpstream: nginx.row("proxy-next-upstream", nextUpstream, "error timeout", "When another endpoint is tried."),
  proxyNextUpstreamTimeout: nginx.seconds("proxy-next-upstream-timeout", 0, 0, "Seconds during which another one may be tried; 0: no limit."),
  proxyNextUpstreamTries: nginx.count("proxy-next-upstream-tries", 0, 1000, 3, "How many endpoints may be tried; 0: no limit."),
  retryNonIdempotent: nginx.yesNo("retry-non-idempotent", false, "Try another endpoint for POST, LOCK and PATCH too."),
  proxyHttpVersion: nginx.row("proxy-http-version", type.oneOf("1.0", "1.1"), "1.1", "HTTP version spoken to backends."),
  proxyBusyBuffersSize: nginx.row("proxy-busy-buffers-size", type.orEmpty(sizeBetween(256, 1024 * MIB), 0), "",
    "How much of a response may be on its way to the client while the rest is read; empty: two buffers. It is kept between one buffer and all but one."),
  proxyMaxTempFileSize: nginx.row("proxy-max-temp-file-size", sizeBetween(0, Number.MAX_SAFE_INTEGER), "1024m",
    "Largest part of a response that is kept in a file while the client is slow; 0: none."),

  grpcBufferSizeKb: nginx.count("grpc-buffer-size-kb", 0, 16 * KIB, 0, "Kilobytes of the buffer for responses over gRPC; 0: as proxy-buffer-size."),

  enableModsecurity: nginx.yesNo("enable-modsecurity", false, "Inspect every request with ModSecurity.",
    { differs: "Without nginx's module for it every path answers 503." }),
  enableOwaspCrs: nginx.yesNo("enable-owasp-modsecurity-crs", false, "With the OWASP core rules, where enable-modsecurity is on."),
  modsecuritySnippet: nginx.row("modsecurity-snippet", operator.rules, "",
    "ModSecurity's directives for every request, where enable-modsecurity is on, in the place of the main rules file.",
    { differs: "nginx tests it alone; where ModSecurity cannot read it, every path that would be inspected answers 503, and the rest is served. `Include` of the two files of ingress-nginx's image takes this machine's." }),

  loadBalance: data.row("load-balance", type.oneOf("round_robin", "ewma"), "round_robin",
    "How requests choose an endpoint where the Ingress does not say: in turn, or by recent response times."),
  serviceUpstream: data.yesNo("service-upstream", false, "Send requests to the ClusterIPs of Services instead of their pods, where the Ingress does not say."),

  upstreamKeepaliveConnections: nginx.count("upstream-keepalive-connections", 0, 65535, 320,
    "Idle backend connections kept per worker; 0: none."),
  upstreamKeepaliveTime: nginx.row("upstream-keepalive-time", type.duration(), "1h", "Longest life of a backend connection."),
  upstreamKeepaliveTimeout: nginx.seconds("upstream-keepalive-timeout", 1, 60, "Seconds that an idle backend connection is kept."),
  upstreamKeepaliveRequests: nginx.count("upstream-keepalive-requests", 1, 2 ** 31 - 1, 10000, "Requests per backend connection."),

  keepAlive: nginx.seconds("keep-alive", 0, 75, "Seconds that an idle client connection is kept; 0 closes it at once."),
  keepAliveRequests: nginx.count("keep-alive-requests", 1, 2 ** 31 - 1, 1000, "Requests per client connection."),
  clientHeaderBufferSize: nginx.row("client-header-buffer-size", type.sizeText(512, 16 * MIB), "1k", "First buffer for request headers."),
  clientHeaderTimeout: nginx.seconds("client-header-timeout", 1, 60, "Seconds for a client to send its headers."),
  clientBodyBufferSize: nginx.row("client-body-buffer-size", type.sizeText(512, 1024 * MIB), "8k", "Largest request body in memory."),
  clientBodyTimeout: nginx.seconds("client-body-timeout", 1, 60, "Longest pause, in seconds, within a request body."),
  largeClientHeaderBuffers: nginx.row("large-client-header-buffers", type.buffers, "4 8k", "Number and size of buffers for large headers."),
  useHttp2: nginx.yesNo("use-http2", true,
    "Offer HTTP/2: over TLS, and with nginx from 1.25.1 without TLS, too, to clients that begin with it.",
    { differs: "Debian 12's nginx is older: gRPC clients need TLS there, unless `--gateway-api` is set." }),
  http2MaxConcurrentStreams: nginx.count("http2-max-concurrent-streams", 1, 65535, 128, "Streams at a time per HTTP/2 connection."),
  enableUnderscoresInHeaders: nginx.yesNo("enable-underscores-in-headers", false, "Accept header names with underscores."),
  ignoreInvalidHeaders: nginx.yesNo("ignore-invalid-headers", true, "Drop headers with invalid names instead of refusing the request."),
  defaultType: nginx.row("default-type", operator.mediaType, "text/html", "Content-Type of what nginx answers itself."),
  useGzip: nginx.yesNo("use-gzip", false, "Compress responses."),
  gzipLevel: nginx.count("gzip-level", 1, 9, 1, "Compression level."),
  gzipMinLength: nginx.count("gzip-min-length", 0, 2 ** 31 - 1, 256, "Smallest response, in bytes, that is compressed."),
  gzipTypes: nginx.row("gzip-types", type.words("media types separated by spaces", MEDIA_TYPE), GZIP_TYPES,
    "Media types that are compressed beside text/html."),

  gzipDisable: nginx.row("gzip-disable", operator.plainPattern, "", "Clients whose User-Agent matches this regular expression get nothing compressed.",
    { differs: "Only expressions without groups that look around, capture by name or change options." }),
  enableBrotli: nginx.yesNo("enable-brotli", false, "Compress responses with brotli.",
    { differs: "nginx's module (Debian: libnginx-mod-http-brotli-filter) has to be installed where nginx runs; a finding says so." }),
  brotliLevel: nginx.count("brotli-level", 0, 11, 4, "Compression level."),
  brotliMinLength: nginx.count("brotli-min-length", 0, 2 ** 31 - 1, 20, "Smallest response, in bytes, that is compressed."),
  brotliTypes: nginx.row("brotli-types", type.words("media types separated by spaces", MEDIA_TYPE), `application/xml+rss ${GZIP_TYPES}`,
    "Media types that are compressed beside text/html."),

  enableOpentelemetry: data.yesNo("enable-opentelemetry", false, "Trace every route: a span per request, and a traceparent for its backend."),
  opentelemetryTrustIncomingSpan: data.yesNo("opentelemetry-trust-incoming-span", true, "Continue the traces that clients bring."),
  opentelemetryOperationName: data.row("opentelemetry-operation-name", type.shortText, "",
    "Name of the spans, with nginx's $variables; empty: method and path of the route."),
  otlpCollectorHost: data.row("otlp-collector-host", type.hostOrNone, "", "OpenTelemetry collector that the controller sends spans to; empty: none are sent."),
  otlpCollectorPort: data.row("otlp-collector-port", type.otlpPort, "4318", "Its port for OTLP over HTTP.",
    { differs: "ingress-nginx's default, 4317, is for gRPC, which Sluice does not speak: it is taken as 4318." }),
  otelServiceName: data.row("otel-service-name", type.shortText, "nginx", "Name of the service in its spans."),
  otelSampler: data.row("otel-sampler", type.oneOf("AlwaysOn", "AlwaysOff", "TraceIdRatioBased"), "AlwaysOn", "Which traces that begin here are sampled."),
  otelSamplerRatio: data.row("otel-sampler-ratio", type.ratio, "0.01", "Share of them, for TraceIdRatioBased."),
  otelSamplerParentBased: data.yesNo("otel-sampler-parent-based", true, "A trace that a client brought is sampled when the client's flag says so."),
  otelMaxQueuesize: data.count("otel-max-queuesize", 1, 1_000_000, 2048, "Spans that may wait for the collector; more are dropped."),
  otelScheduleDelayMillis: data.count("otel-schedule-delay-millis", 1, 3_600_000, 5000, "Milliseconds between two batches of spans."),
  otelMaxExportBatchSize: data.count("otel-max-export-batch-size", 1, 65536, 512, "Spans per batch."),

  workerProcesses: nginx.row("worker-processes", type.workers, "auto", "Number of nginx workers; auto: one per processor, or as many as the CPU quota of the control group leaves."),
  maxWorkerConnections: nginx.row("max-worker-connections", maxConnections(), "16384", "Connections per worker; 0: the default.",
    { differs: "0 is the default, not three quarters of the open files: each connection takes memory." }),
  workerShutdownTimeout: nginx.row("worker-shutdown-timeout", type.duration({ orEmpty: true }), "",
    "When workers that were replaced end open connections; empty: when there are eight later generations of workers.", { differs: "ingress-nginx's default is 240s, which ends WebSockets." }),
  workerCpuAffinity: nginx.row("worker-cpu-affinity", operator.cpuAffinity, "", "Which processors workers run on: auto, or a mask of 0 and 1 for each worker; empty: the system decides."),
  maxWorkerOpenFiles: nginx.count("max-worker-open-files", 0, 2 ** 30, 0, "Open files of a worker; 0: what the machine allows, less 1024. Never more than it allows."),
  enableMultiAccept: nginx.yesNo("enable-multi-accept", true, "Take all waiting connections at a time."),
  enableAioWrite: nginx.yesNo("enable-aio-write", true, "Write what does not fit into memory in threads, so that a slow disk holds up no worker."),
  mapHashBucketSize: nginx.count("map-hash-bucket-size", 64, 32768, 64, "Size of nginx's table for map.", HASH),
  proxyHeadersHashMaxSize: nginx.count("proxy-headers-hash-max-size", 512, 65536, 512, "Size of nginx's table of headers.", HASH),
  proxyHeadersHashBucketSize: nginx.count("proxy-headers-hash-bucket-size", 64, 32768, 64, "Size of its buckets.", HASH),
  variablesHashMaxSize: nginx.count("variables-hash-max-size", 2048, 65536, 2048, "Size of nginx's table of variables.", HASH),
  variablesHashBucketSize: nginx.count("variables-hash-bucket-size", 256, 32768, 256, "Size of its buckets.", HASH),
  debugConnections: nginx.row("debug-connections", type.networks, "", "Networks whose connections are logged in full, where nginx can do that (Debian's can)."),
  disableIpv6Dns: data.yesNo("disable-ipv6-dns", false, "Take no IPv6 addresses of DNS names; it holds from the next look-up of a name on.",
    { differs: "The default does not depend on the machine." }),
  enableSerialReloads: data.yesNo("enable-serial-reloads", false, "Reload nginx only when the workers that the last reload replaced have ended.",
    { differs: "For four minutes at most: connections are not ended here unless `worker-shutdown-timeout` says so." }),
  disableIpv6: nginx.yesNo("disable-ipv6", false, "Listen on IPv4 only."),
  disableHttpAccessLog: nginx.yesNo("disable-http-access-log", false, "The same, for http alone."),
  disableAccessLog: nginx.yesNo("disable-access-log", false, "Write no access log."),
  httpAccessLogPath: nginx.row("http-access-log-path", type.logPath, "", "The same, for http alone."),
  accessLogParams: nginx.row("access-log-params", type.accessLogParams, "",
    "`buffer=SIZE`, `flush=TIME` and `gzip` or `gzip=LEVEL` of the access log's file, separated by spaces.",
    { differs: "Nothing else: a condition (`if=`) is `skip-access-log-urls` or the annotation `enable-access-log`. They need a file of its own (`access-log-path`), and are of http's log alone." }),
  skipAccessLogUrls: nginx.row("skip-access-log-urls", type.skippedUrls, "",
    "URIs, with their query, that are not logged, separated by commas: as the client sends them, or `~` and a regular expression (`~*`: letters of either case).",
    { differs: "An expression that takes too long on a URI matches nothing. A change of the list costs no reload, but for the first item and the last." }),
  enableAccessLogForDefaultBackend: nginx.yesNo("enable-access-log-for-default-backend", true,
    "Log requests to `/` of hosts that nobody declared, and to their undeclared paths.",
    { differs: "The default is true, not false: they are the ones that somebody will ask about." }),
  enableSyslog: nginx.yesNo("enable-syslog", false, "Write the access log and the error log to syslog-host instead."),
  syslogHost: nginx.row("syslog-host", type.hostOrNone, "", "The syslog server; nginx looks its name up when it starts."),
  syslogPort: nginx.count("syslog-port", 1, 65535, 514, "Its UDP port."),
  errorLogPath: nginx.row("error-log-path", type.logPath, "", "File of the error log; empty: standard error.",
    { differs: "The default is standard error itself, not a file that is a link to it." }),
  logFormatEscapeNone: nginx.yesNo("log-format-escape-none", false, "Escape nothing in the access log; wins over log-format-escape-json.",
    { differs: "What clients send can then forge lines." }),
  accessLogPath: nginx.row("access-log-path", type.logPath, "", "File of the access log; empty: standard output in a cluster.",
    { differs: "The default is no file." }),
  logFormatUpstream: nginx.row("log-format-upstream", type.logFormat, LOG_FORMAT, "Format of the access log.",
    { differs: "A format with a variable of a module that Sluice does without (`$geoip2_…`, `$opentelemetry_…`) is not taken." }),
  logFormatEscapeJson: nginx.yesNo("log-format-escape-json", false, "Escape values for a format that is JSON."),
  streamAccessLogPath: nginx.row("stream-access-log-path", type.logPath, "", "Access log of ports below http; empty: the one of http."),
  disableStreamAccessLog: nginx.yesNo("disable-stream-access-log", false, "Write no access log of ports below http."),
  logFormatStream: nginx.row("log-format-stream", type.streamLogFormat, STREAM_LOG_FORMAT, "Format of that log.",
    { differs: "There is no `$proxy_upstream_name`: `$server_port` and `$upstream_addr` say where a connection came and went." }),
  proxyStreamTimeout: nginx.row("proxy-stream-timeout", type.duration(), "600s", "How long a TCP connection or UDP session may be silent."),
  proxyStreamNextUpstream: nginx.yesNo("proxy-stream-next-upstream", true,
    "Leave an endpoint that a connection below http could not be opened to out for ten seconds, while there are others.",
    { differs: "There the connection itself is tried with the next endpoint; here it ends, and the next ones go elsewhere." }),
  proxyStreamResponses: nginx.count("proxy-stream-responses", 0, 2 ** 31 - 1, 1,
    "Datagrams that answer one of a UDP client, after which its session ends; 0: none is expected."),
  proxyProtocolHeaderTimeout: nginx.row("proxy-protocol-header-timeout", type.duration(), "5s",
    "How long a client of a port below http, or of the https port with --enable-ssl-passthrough, may take for its PROXY protocol header."),
  answerReasonHeader: nginx.row("answer-reason-header", type.ownHeader, "",
    "The response header that says why Sluice answered a request itself, in one word; empty: none.", { own: true }),
  errorLogLevel: nginx.row("error-log-level", type.oneOf("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"), "notice",
    "Least severity in the error log."),
};

/** 0 is the default. The least is 256, because nginx needs a connection for each listening socket besides those that serve clients. */
function maxConnections(): ConfigType<number> {
  const limits = type.integer(256, 1048576);
  return {
    expects: `0 or ${limits.expects}`,
    parse: (text) => limits.parse(type.integer(0, 0).parse(text) ? "16384" : text),
  };
}
