/**
 * ingress-nginx's ConfigMap keys that Sluice knows by name and does not honour yet.
 */

/** Keys that keep requests out: without them more is served than the operator meant. */
export const PROTECTIONS: ReadonlySet<string> = new Set([
  "annotations-risk-level", "annotation-value-word-blocklist", "block-cidrs", "block-user-agents", "block-referers",
  "denylist-source-range", "whitelist-source-range", "enable-modsecurity", "enable-owasp-modsecurity-crs", "global-auth-url",
]);

/** Values with which a protection asks for nothing. */
export function asksForNothing(value: string): boolean {
  return ["", "0", "f", "F", "FALSE", "false", "False"].includes(value.trim());
}

/** Change how requests are served, or where logs and traces go. */
export const NOT_HONOURED: ReadonlySet<string> = new Set(
  `access-log-params add-headers allow-backend-server-header allow-snippet-annotations
  app-root bind-address bind-address-ipv4 bind-address-ipv6 brotli-level brotli-min-length brotli-types
  debug-connections default-type disable-http-access-log disable-ipv6-dns
  disable-stream-access-log enable-access-log-for-default-backend enable-aio-write
  enable-auth-access-log enable-brotli enable-multi-accept enable-ocsp enable-opentelemetry enable-serial-reloads
  enable-syslog error-log-path forwarded-for-proxy-protocol-header forwarded-host-header geoip2-autoreload-in-minutes
  global-auth-always-set-cookie global-auth-cache-duration global-auth-cache-key
  global-auth-method global-auth-request-redirect global-auth-response-headers global-auth-signin
  global-auth-signin-redirect-param global-auth-snippet grpc-buffer-size-kb gzip-disable http-access-log-path
  http-snippet http2-max-field-size http2-max-header-size http2-max-requests limit-conn-status-code
  limit-conn-zone-variable limit-rate limit-rate-after limit-req-status-code load-balance location-snippet
  log-format-escape-none log-format-stream lua-shared-dicts main-snippet map-hash-bucket-size max-worker-open-files
  modsecurity-snippet nginx-status-ipv4-whitelist nginx-status-ipv6-whitelist no-auth-locations opentelemetry-config
  opentelemetry-operation-name opentelemetry-trust-incoming-span otel-max-export-batch-size otel-max-queuesize
  otel-sampler otel-sampler-parent-based otel-sampler-ratio otel-schedule-delay-millis otel-service-name
  otlp-collector-host otlp-collector-port proxy-busy-buffers-size
  proxy-headers-hash-bucket-size proxy-headers-hash-max-size proxy-max-temp-file-size proxy-protocol-header-timeout
  proxy-set-headers proxy-ssl-location-only proxy-stream-next-upstream
  proxy-stream-next-upstream-timeout proxy-stream-next-upstream-tries proxy-stream-responses proxy-stream-timeout
  relative-redirects reuse-port server-name-hash-bucket-size server-name-hash-max-size server-snippet service-upstream
  skip-access-log-urls ssl-dh-param ssl-early-data ssl-session-ticket-key stream-access-log-path stream-snippet
  strict-validate-path-type syslog-host syslog-port upstream-hash-by upstream-hash-by-subset
  upstream-hash-by-subset-size use-geoip2 use-port-in-redirects variables-hash-bucket-size variables-hash-max-size
  worker-cpu-affinity`.split(/\s+/),
);
