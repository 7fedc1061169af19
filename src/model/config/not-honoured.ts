/**
 * ingress-nginx's ConfigMap keys that Sluice knows by name and does not honour yet.
 */

/** Keys that keep requests out: without them more is served than the operator meant. */
export const PROTECTIONS: ReadonlySet<string> = new Set([
  "block-cidrs", "block-user-agents", "block-referers",
]);

/** Values with which a protection asks for nothing. */
export function asksForNothing(value: string): boolean {
  return ["", "0", "f", "F", "FALSE", "false", "False"].includes(value.trim());
}

/** Change how requests are served, or where logs and traces go. */
export const NOT_HONOURED: ReadonlySet<string> = new Set(
  `access-log-params add-headers allow-backend-server-header app-root bind-address bind-address-ipv4 bind-address-ipv6 brotli-level brotli-min-length brotli-types
  debug-connections default-type disable-http-access-log disable-ipv6-dns
  disable-stream-access-log enable-access-log-for-default-backend enable-aio-write
  enable-auth-access-log enable-brotli enable-multi-accept enable-ocsp enable-serial-reloads
  enable-syslog error-log-path forwarded-for-proxy-protocol-header forwarded-host-header geoip2-autoreload-in-minutes
  global-auth-snippet grpc-buffer-size-kb gzip-disable http-access-log-path
  http-snippet http2-max-field-size http2-max-header-size http2-max-requests location-snippet
  log-format-escape-none log-format-stream lua-shared-dicts main-snippet map-hash-bucket-size max-worker-open-files
  modsecurity-snippet nginx-status-ipv4-whitelist nginx-status-ipv6-whitelist opentelemetry-config
  proxy-headers-hash-bucket-size proxy-headers-hash-max-size proxy-protocol-header-timeout
  proxy-set-headers proxy-stream-next-upstream
  proxy-stream-next-upstream-timeout proxy-stream-next-upstream-tries proxy-stream-responses proxy-stream-timeout
  reuse-port server-name-hash-bucket-size server-name-hash-max-size server-snippet
  skip-access-log-urls ssl-dh-param ssl-early-data ssl-session-ticket-key stream-access-log-path stream-snippet
  syslog-host syslog-port upstream-hash-by upstream-hash-by-subset
  upstream-hash-by-subset-size use-geoip2 variables-hash-bucket-size variables-hash-max-size
  worker-cpu-affinity`.split(/\s+/),
);
