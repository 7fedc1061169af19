/** The tables of ConfigMap keys: they have every key once, and say correctly which keys cost a reload. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineFacts } from "../src/compile/facts.ts";
import { nginxConf } from "../src/compile/nginx-conf.ts";
import { standingProfiles } from "../src/compile/standing-profiles.ts";
import { createCompiler } from "../src/compile/program.ts";
import { streamConf, type Listener } from "../src/compile/stream-conf.ts";
import type { Config } from "../src/model/config/config.ts";
import { KEYS, stateOf } from "../src/model/config/keys.ts";
import { parseConfig } from "../src/model/config/parse.ts";
import type { ConfigMap } from "../src/source/objects.ts";
import { parseSettings } from "../src/settings.ts";
import { buildWith } from "./support/build.ts";
import { FFDHE2048 } from "./support/dh-param.ts";
import { ingress, service, slice, snapshotOf } from "./support/objects.ts";
import { PrivateBytes } from "../src/support/private-bytes.ts";

/** Every key that ingress-nginx v1.15.1 decodes: those of its Configuration and Backend structs. */
const INGRESS_NGINX = `
  allow-snippet-annotations annotations-risk-level annotation-value-word-blocklist allow-cross-namespace-resources strict-validate-path-type
  global-allowed-response-headers block-cidrs block-user-agents block-referers denylist-source-range whitelist-source-range no-auth-locations
  no-tls-redirect-locations enable-modsecurity enable-owasp-modsecurity-crs modsecurity-snippet global-auth-url global-auth-method global-auth-signin
  global-auth-signin-redirect-param global-auth-response-headers global-auth-request-redirect global-auth-snippet global-auth-cache-key
  global-auth-cache-duration global-auth-always-set-cookie ssl-redirect force-ssl-redirect preserve-trailing-slash use-port-in-redirects
  http-redirect-code relative-redirects hsts hsts-max-age hsts-include-subdomains hsts-preload ssl-protocols ssl-ciphers ssl-ecdh-curve ssl-dh-param
  ssl-early-data ssl-session-cache ssl-session-cache-size ssl-session-timeout ssl-session-tickets ssl-session-ticket-key ssl-buffer-size
  ssl-reject-handshake enable-ocsp proxy-ssl-location-only use-forwarded-headers forwarded-for-header forwarded-host-header
  forwarded-for-proxy-protocol-header compute-full-forwarded-for proxy-real-ip-cidr enable-real-ip use-proxy-protocol proxy-protocol-header-timeout
  generate-request-id proxy-add-original-uri-header enable-underscores-in-headers ignore-invalid-headers proxy-set-headers add-headers hide-headers
  allow-backend-server-header server-tokens proxy-body-size proxy-connect-timeout proxy-send-timeout proxy-read-timeout proxy-buffering
  proxy-buffers-number proxy-buffer-size proxy-busy-buffers-size proxy-max-temp-file-size proxy-http-version proxy-cookie-domain proxy-cookie-path
  proxy-next-upstream proxy-next-upstream-timeout proxy-next-upstream-tries proxy-redirect-from proxy-redirect-to proxy-request-buffering
  retry-non-idempotent service-upstream load-balance limit-rate limit-rate-after custom-http-errors disable-proxy-intercept-errors
  upstream-keepalive-connections upstream-keepalive-time upstream-keepalive-timeout upstream-keepalive-requests limit-conn-zone-variable
  limit-req-status-code limit-conn-status-code grpc-buffer-size-kb default-type keep-alive keep-alive-requests client-header-buffer-size
  client-header-timeout client-body-buffer-size client-body-timeout large-client-header-buffers use-http2 http2-max-concurrent-streams
  http2-max-field-size http2-max-header-size http2-max-requests use-gzip gzip-level gzip-min-length gzip-types gzip-disable enable-brotli brotli-level
  brotli-min-length brotli-types bind-address bind-address-ipv4 bind-address-ipv6 disable-ipv6 disable-ipv6-dns reuse-port enable-multi-accept
  enable-aio-write worker-processes worker-cpu-affinity worker-shutdown-timeout enable-serial-reloads max-worker-connections max-worker-open-files
  map-hash-bucket-size server-name-hash-max-size server-name-hash-bucket-size proxy-headers-hash-max-size proxy-headers-hash-bucket-size
  variables-hash-bucket-size variables-hash-max-size lua-shared-dicts debug-connections access-log-path http-access-log-path stream-access-log-path
  access-log-params disable-access-log disable-http-access-log disable-stream-access-log enable-access-log-for-default-backend enable-auth-access-log
  skip-access-log-urls error-log-path error-log-level log-format-upstream log-format-stream log-format-escape-json log-format-escape-none
  enable-syslog syslog-host syslog-port nginx-status-ipv4-whitelist nginx-status-ipv6-whitelist proxy-stream-timeout proxy-stream-next-upstream
  proxy-stream-next-upstream-timeout proxy-stream-next-upstream-tries proxy-stream-responses main-snippet http-snippet server-snippet location-snippet
  stream-snippet enable-opentelemetry opentelemetry-config opentelemetry-operation-name opentelemetry-trust-incoming-span otlp-collector-host
  otlp-collector-port otel-service-name otel-sampler otel-sampler-ratio otel-sampler-parent-based otel-max-queuesize otel-schedule-delay-millis
  otel-max-export-batch-size use-geoip2 geoip2-autoreload-in-minutes app-root upstream-hash-by upstream-hash-by-subset upstream-hash-by-subset-size`.trim().split(/\s+/);

/** Keys that ingress-nginx documents, but that are in none of its structs. */
const DOCUMENTED_ONLY = `
  use-geoip jaeger-collector-host jaeger-collector-port jaeger-endpoint jaeger-service-name jaeger-propagation-format jaeger-sampler-type
  jaeger-sampler-param jaeger-sampler-host jaeger-sampler-port jaeger-trace-context-header-name jaeger-debug-header jaeger-baggage-header
  jaeger-trace-baggage-header-prefix`.trim().split(/\s+/);

const OWN = ["prefix-slash-redirect", "answer-reason-header"];

test("every key that ingress-nginx knows or documents has exactly one row, with a state", () => {
  assert.equal(INGRESS_NGINX.length, 196);
  const names = KEYS.map(({ name }) => name);
  assert.deepEqual([...names].sort(), [...INGRESS_NGINX, ...DOCUMENTED_ONLY, ...OWN].sort());
  for (const key of KEYS) {
    const state = stateOf(key);
    const { row } = key;
    if ("state" in row) assert.ok(row.why !== "" && (state !== "refused" || row.instead !== ""), key.name);
    else assert.ok(row.doc !== "", key.name);
  }
  assert.deepEqual(KEYS.flatMap(({ name, row }) => ("own" in row && row.own ? [name] : [])), OWN);
});

const facts: EngineFacts = {
  version: [1, 22, 1], modules: [], processors: 2, openFiles: 4096, ipv6: true, accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
  stream: ["/stream.so"], threads: true, brotli: "/b.so", modsecurity: { module: "/m.so", rules: "/rules.conf", coreRules: ["/crs.conf"] },
};
const settings = parseSettings([], "run");
const LISTENERS: readonly Listener[] = ["tcp", "udp"].map((protocol) => ({
  id: `${protocol} 9000`, protocol: protocol as Listener["protocol"], port: 9000, acceptProxy: true, sendProxy: false, service: "net/echo:7", origin: { kind: "ConfigMap", namespace: "sluice", name: protocol, field: "data[9000]" },
}));

/** The settings of each comparison: they turn on everything without which other keys have no effect. */
const BASE: Readonly<Record<string, string>> = {
  "use-gzip": "true", "use-forwarded-headers": "true", "custom-http-errors": "404", "enable-modsecurity": "true", "enable-opentelemetry": "true",
  "otlp-collector-host": "collector", "global-auth-url": "http://auth.shop/", "enable-brotli": "true", "server-tokens": "true",
};
/**
 * A value that changes the key, for keys where the other boolean or another number will not do; an object where further keys
 * must change with it. For keys of BASE: a value other than the one there.
 */
const OTHER: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  "enable-real-ip": { "enable-real-ip": "true", "use-forwarded-headers": "false" },
  "no-tls-redirect-locations": "/a", "no-auth-locations": "/a", "hide-headers": "X-A", "forwarded-for-header": "X-Client", "proxy-real-ip-cidr": "10.0.0.0/8",
  "ssl-protocols": "TLSv1.3", "ssl-ciphers": "HIGH", "ssl-ecdh-curve": "prime256v1", "ssl-session-cache-size": "1m", "ssl-session-timeout": "1h", "ssl-buffer-size": "16k",
  "annotations-risk-level": "Critical", "annotation-value-word-blocklist": "lua", "global-allowed-response-headers": "X-A", "whitelist-source-range": "10.0.0.0/8",
  "block-cidrs": "10.0.0.0/8", "block-user-agents": "~*bot", "block-referers": "~spam", "denylist-source-range": "10.0.0.0/8", "limit-conn-zone-variable": "$http_x_key", "global-auth-url": "http://other.shop/", "global-auth-method": "POST",
  "global-auth-signin": "https://login.shop/", "global-auth-signin-redirect-param": "to", "global-auth-response-headers": "X-User", "global-auth-request-redirect": "/a",
  "global-auth-cache-key": "$http_cookie", "global-auth-cache-duration": "200 1m", "proxy-cookie-domain": "a.example b.example", "proxy-cookie-path": "/a /b",
  "proxy-redirect-from": "http://a/", "proxy-redirect-to": "http://b/", "custom-http-errors": "404,503", "proxy-body-size": "2m", "proxy-buffering": "on",
  "proxy-request-buffering": "off", "proxy-buffer-size": "8k", "proxy-next-upstream": "http_502", "proxy-http-version": "1.0", "proxy-busy-buffers-size": "12k",
  "proxy-max-temp-file-size": "1m", "load-balance": "ewma", "upstream-keepalive-time": "2h", "client-header-buffer-size": "2k", "client-body-buffer-size": "16k",
  "large-client-header-buffers": "4 16k", "gzip-types": "text/css", "opentelemetry-operation-name": "all", "otlp-collector-host": "other", "otel-service-name": "web",
  "otel-sampler": "AlwaysOff", "otel-sampler-ratio": "0.5", "worker-processes": "3", "worker-shutdown-timeout": "10s", "access-log-path": "/var/log/a.log",
  "log-format-upstream": "$status", "error-log-level": "warn", "http-redirect-code": "301", "proxy-set-headers": "sluice/headers", "add-headers": "sluice/headers", "forwarded-host-header": "X-Host", "ssl-dh-param": "sluice/dh",
  "ssl-session-ticket-key": Buffer.alloc(48).toString("base64"), "default-type": "text/plain", "gzip-disable": "MSIE", "brotli-types": "text/css", "worker-cpu-affinity": "auto",
  "debug-connections": "192.0.2.0/24",
  "stream-access-log-path": "/var/log/s.log", "log-format-stream": "$status", "proxy-stream-timeout": "1m",
  "proxy-protocol-header-timeout": "1s",
  "answer-reason-header": "X-Reason", "http-access-log-path": "/var/log/b.log", "access-log-params": { "access-log-params": "buffer=32k flush=1s", "access-log-path": "/var/log/a.log" },
  "skip-access-log-urls": "/a", "enable-syslog": { "enable-syslog": "true", "syslog-host": "10.0.0.9" }, "error-log-path": "/var/log/e.log",
  "syslog-host": { "enable-syslog": "true", "syslog-host": "10.0.0.9" },
  "syslog-port": { "enable-syslog": "true", "syslog-host": "10.0.0.9", "syslog-port": "1514" },
};

test("nginx's configuration changes exactly for the keys whose row says that they cost a reload", () => {
  const base = digestFor(BASE);
  const wrong: string[] = [];
  for (const key of KEYS) {
    if ("state" in key.row) continue;
    const other = OTHER[key.name] ?? otherThan(BASE[key.name] ?? key.row.default, key.row.type);
    const { config, digest } = digestFor({ ...BASE, ...(typeof other === "string" ? { [key.name]: other } : other) });
    assert.notDeepEqual(config[key.field as keyof Config], base.config[key.field as keyof Config], `${key.name} has another value`);
    if ((digest !== base.digest) !== key.row.reload) wrong.push(`${key.name} ${key.row.reload ? "leaves" : "changes"} nginx's configuration`);
  }
  assert.deepEqual(wrong, []);
});

/** The objects that values of keys name. */
const NAMED = snapshotOf(
  { kind: "ConfigMap", metadata: { namespace: "sluice", name: "headers" }, data: { "X-Served-By": "$hostname" } },
  { kind: "Secret", metadata: { namespace: "sluice", name: "dh" }, data: { "dhparam.pem": new PrivateBytes(FFDHE2048) } },
);

/** Compiles a small program with these keys; the profiles in nginx.conf are those that it needs. */
function digestFor(data: Readonly<Record<string, string>>): { readonly config: Config; readonly digest: string } {
  const configMap: ConfigMap = { kind: "ConfigMap", metadata: { namespace: "sluice", name: "sluice" }, data };
  const { config, findings } = parseConfig(configMap, undefined, NAMED);
  assert.deepEqual(findings, []);
  const web = ingress("shop/web").host("shop.example").path("/", "web:80");
  const grpc = ingress("shop/grpc").host("grpc.example").path("/", "web:80").annotate("backend-protocol", "GRPC");
  const { program } = createCompiler().compile(buildWith({ config }, web, grpc, service("shop/web", "80:8080"), slice("shop/web", 8080, "10.0.0.1")));
  const profiles = new Map([...standingProfiles(config), ...program.profiles]);
  const ofStreams = streamConf({ settings, config, facts, listeners: LISTENERS })?.digest;
  return { config, digest: `${nginxConf({ settings, config, facts, profiles }).digest} ${ofStreams}` };
}

function otherThan(text: string, type: { parse(text: string): { readonly value: unknown } | undefined }): string {
  const now = type.parse(text)?.value;
  const found = ["true", "false", "2", "200", "429", "503", "1024", "4096"].find((one) => {
    const parsed = type.parse(one);
    return parsed !== undefined && parsed.value !== now;
  });
  assert.ok(found !== undefined, `another value than ${text}`);
  return found;
}
