import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { directive, expression, print } from "../src/compile/directive.ts";
import { DEFAULT_CONFIG } from "../src/model/config/defaults.ts";
import { parseConfig } from "../src/model/config/parse.ts";
import type { Config } from "../src/model/config/config.ts";
import { KEYS } from "../src/model/config/keys.ts";
import { CONFIG_TABLE } from "../src/model/config/table.ts";
import type { ConfigMap } from "../src/source/objects.ts";
import { openSslTakes } from "../src/support/openssl.ts";

const configMap = (data: Record<string, string>): ConfigMap => ({ kind: "ConfigMap", metadata: { namespace: "ingress", name: "settings" }, data });
const parse = (data: Record<string, string>): { config: Config; codes: string[]; sentences: string[] } => {
  const { config, findings } = parseConfig(configMap(data));
  return { config, codes: findings.map(({ code, field }) => `${code} ${field}`), sentences: findings.map(({ sentence }) => sentence) };
};

test("every default can be parsed, and is what a controller without ConfigMap has", () => {
  for (const [field, row] of Object.entries(CONFIG_TABLE)) assert.ok(row.type.parse(row.default), field);
  const { config: usual, findings } = parseConfig(undefined);
  assert.deepEqual([usual, findings], [DEFAULT_CONFIG, []]);
  const spelledOut = Object.fromEntries(KEYS.map(({ name, row }) => [name, row.default]));
  assert.deepEqual(parse(spelledOut), { config: DEFAULT_CONFIG, codes: [], sentences: [] });
  const { proxyBodySize, proxyBuffering, httpRedirectCode, proxyRealIpCidr, workerShutdownTimeout } = DEFAULT_CONFIG;
  assert.ok(openSslTakes({ ciphers: DEFAULT_CONFIG.sslCiphers }));
  assert.deepEqual([proxyBodySize, proxyBuffering, httpRedirectCode, proxyRealIpCidr, workerShutdownTimeout], [1048576, false, 308, ["0.0.0.0/0"], ""]);
});

for (const [key, value, field, expected] of [
  ["ssl-redirect", "F", "sslRedirect", false],
  ["hsts", "", "hsts", false],
  ["Use-Gzip", "1", "useGzip", true],
  ["keep-alive", "0x10", "keepAlive", 16],
  ["keep-alive", "010", "keepAlive", 8],
  ["keep-alive", "", "keepAlive", 0],
  ["proxy-body-size", "8G", "proxyBodySize", 8 * 1024 ** 3],
  ["proxy-buffering", "on", "proxyBuffering", true],
  ["proxy-next-upstream", "error http_502", "proxyNextUpstream", ["error", "http_502"]],
  ["hide-headers", "X-A,, X-B ", "hideHeaders", ["X-A", "X-B"]],
  ["hide-headers", "x".repeat(46), "hideHeaders", ["x".repeat(46)]],
  ["proxy-real-ip-cidr", "", "proxyRealIpCidr", []],
  ["worker-processes", "4", "workerProcesses", 4],
  ["max-worker-connections", "0", "maxWorkerConnections", 16384],
  ["worker-shutdown-timeout", "1h30m", "workerShutdownTimeout", "1h30m"],
  ["ssl-ciphers", "HIGH:!aNULL@SECLEVEL=1", "sslCiphers", "HIGH:!aNULL@SECLEVEL=1"],
  ["ssl-ecdh-curve", "X25519:prime256v1", "sslEcdhCurve", "X25519:prime256v1"],
  ["large-client-header-buffers", "8  16k", "largeClientHeaderBuffers", "8 16k"],
  ["log-format-upstream", '{"a": "${http_x_a}", "b": $status}', "logFormatUpstream", '{"a": "${http_x_a}", "b": $status}'],
  ["log-format-stream", "$remote_addr ${session_time}", "logFormatStream", "$remote_addr ${session_time}"],
] as const) {
  test(`${key}: "${value}" is taken`, () => {
    const { config, codes } = parse({ [key]: value });
    assert.deepEqual([config[field], codes], [expected, []]);
  });
}

for (const [key, value] of [
  ["ssl-redirect", "yes"],
  ["hide-headers", "x".repeat(47)],
  ["http-redirect-code", "303"],
  ["keep-alive", "75s"],
  ["keep-alive", "99999999999"],
  ["proxy-buffering", "true"],
  ["proxy-buffers-number", "2"],
  ["proxy-body-size", "1m;"],
  ["ssl-protocols", "TLSv1.2 SSLv3"],
  ["ssl-ciphers", "NO-SUCH-CIPHER"],
  ["ssl-ciphers", "HIGH; evil on"],
  ["ssl-ecdh-curve", "no-such-curve"],
  ["ssl-ecdh-curve", "X25519MLKEM768"],
  ["ssl-ecdh-curve", "default"],
  ["ssl-session-timeout", "10ms"],
  ["ssl-session-cache-size", "1k"],
  ["forwarded-for-header", "X-$host"],
  ["hsts-max-age", '1"; x'],
  ["access-log-path", "/var/../etc/passwd"],
  ["access-log-path", "syslog:server=1.2.3.4"],
  ["log-format-upstream", "$no_such_variable"],
  ["log-format-upstream", "costs $"],
  ["log-format-upstream", "escape=json {}"],
  ["log-format-stream", "escape=json {}"],
  ["log-format-upstream", "two\nlines"],
  ["gzip-types", "text/css;x"],
  ["large-client-header-buffers", "8k 4"],
  ["hide-headers", `X-${"a".repeat(45)}`],
] as const) {
  test(`${key}: ${JSON.stringify(value)} leaves the default`, () => {
    const { config, codes, sentences } = parse({ [key]: value });
    assert.deepEqual([config, codes], [DEFAULT_CONFIG, [`config-value-invalid data[${key}]`]]);
    assert.ok(sentences[0]?.startsWith(`"${key}" must be `));
  });
}

test("bad pieces of a list are left out: a trusted network that is misspelt never opens to everybody", () => {
  const { config, sentences } = parse({ "proxy-real-ip-cidr": "10.0.0.0/8, 10.0.0.0/33, proxy.example" });
  assert.deepEqual(config.proxyRealIpCidr, ["10.0.0.0/8"]);
  assert.match(sentences[0] ?? "", /, not "10\.0\.0\.0\/33", "proxy\.example"$/);
  assert.deepEqual(parse({ "proxy-real-ip-cidr": "nonsense" }).config.proxyRealIpCidr, []);
});

test("the exact key wins over one in other letters", () => {
  assert.deepEqual(parse({ "use-gzip": "true", "USE-GZIP": "nonsense" }).codes, []);
  assert.deepEqual(parse({ "Main-Snippet": "user root;" }).codes, ["config-key-refused data[Main-Snippet]"]);
});

test("keys that have no effect are told, those that ask for nothing are not", () => {
  const data = {
    "use-gzp": "true", "http-snippet": "proxy_buffering on; brotli on; tea earl-grey;", "server-snippet": "} oops", "reuse-port": "false",
    "lua-shared-dicts": "", "enable-ocsp": "false", "http2-max-requests": "0", "use-geoip2": "F",
  };
  const { findings } = parseConfig(configMap(data));
  assert.deepEqual(findings.map(({ code, severity, field }) => [code, severity, field]), [
    ["config-key-refused", "error", "data[http-snippet]"],
    ["config-key-without-effect", "warning", "data[reuse-port]"],
    ["config-key-refused", "error", "data[server-snippet]"],
    ["config-key-unknown", "warning", "data[use-gzp]"],
  ]);
  assert.match(findings[0]?.sentence ?? "", /write proxy-buffering: "on" \(for proxy_buffering on\), enable-brotli \(for brotli\) \(nothing does the same as tea earl-grey\) instead$/);
  assert.match(findings[3]?.sentence ?? "", /did you mean "use-gzip"\?$/);
});

test("a bad value keeps the last good one of its key, and says so; a key that is removed has its default again", () => {
  const first = parseConfig(configMap({ "keep-alive": "10", "use-gzip": "true", "annotations-risk-level": "Critical", "whitelist-source-range": "10.0.0.0/8" }));
  const bad = { "keep-alive": "10s", "annotations-risk-level": "Total", "whitelist-source-range": "10.0.0.0/33", "proxy-real-ip-cidr": "10.0.0.0/8, x" };
  const second = parseConfig(configMap(bad), first);
  const { keepAlive, useGzip, annotationsRiskLevel, whitelistSourceRange, proxyRealIpCidr } = second.config;
  assert.deepEqual([keepAlive, useGzip, annotationsRiskLevel, whitelistSourceRange, proxyRealIpCidr], [10, false, "Critical", ["10.0.0.0/8"], ["10.0.0.0/8"]]);
  assert.deepEqual(second.findings.map(({ effect }) => effect), [
    "every Ingress is served with its last good value, Critical, instead",
    "every Ingress is served with its last good value, 10, instead",
    "every Ingress is served with the other pieces instead",
    "every Ingress is served with its last good value, 10.0.0.0/8, instead",
  ]);
  // The ConfigMap is read again as it is, and then with another mistake: the last good value stays.
  const third = parseConfig(configMap({ ...bad, "keep-alive": "" , "http-redirect-code": "303" }), parseConfig(configMap(bad), second));
  assert.deepEqual([third.config.keepAlive, third.config.annotationsRiskLevel, third.config.httpRedirectCode], [0, "Critical", 308]);
  assert.match(third.findings.find(({ field }) => field === "data[http-redirect-code]")?.effect ?? "", /its default, 308,/);
  assert.deepEqual(parseConfig(configMap({}), third).config, DEFAULT_CONFIG);
  // The key was removed in between: nothing is left of its value.
  assert.equal(parseConfig(configMap({ "keep-alive": "x" }), parseConfig(configMap({}), first)).config.keepAlive, 75);
});

/** Whether a field never stands in nginx.conf: it travels to the edge as data, or is used on Node alone. */
function isData(field: string): boolean {
  return field.startsWith("globalAuth") || NEVER_IN_NGINX.has(field);
}
const NEVER_IN_NGINX = new Set(["named", "skipAccessLogUrls", "blockUserAgents", "blockReferers", "noTlsRedirectLocations", "noAuthLocations", "limitConnZoneVariable", "annotationValueWordBlocklist", "opentelemetryOperationName", "otelServiceName"]);

test("no value reaches nginx in a form that could not stand there", () => {
  const rows = Object.values(CONFIG_TABLE);
  const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom(...rows.map((row) => row.default)), fc.stringMatching(/^[\w $;{}"'\\/.:,-]*$/));
  fc.assert(
    fc.property(fc.constantFrom(...rows), text, (row, value) => {
      const { config } = parse({ [row.key]: value });
      for (const [field, taken] of Object.entries(config)) {
        if (field === "logFormatUpstream" || field === "logFormatStream" || field === "gzipDisable") print([directive("of_text", expression(String(taken)))]);
        else if (!isData(field)) for (const one of [taken].flat()) assert.match(String(one), /^[^\s"'\\$;{}#]*(?: [^\s"'\\$;{}#]+)*$/, field);
      }
    }),
    { numRuns: 2000 },
  );
});
