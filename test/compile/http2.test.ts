/** How nginx.conf offers HTTP/2: for each listener before nginx 1.25.1, for a whole server from that version on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineFacts } from "../../src/compile/facts.ts";
import { nginxConf } from "../../src/compile/nginx-conf.ts";
import type { Config } from "../../src/model/config/config.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { parseSettings } from "../../src/settings.ts";

type Version = EngineFacts["version"];

/** The directives of the server that say which protocols it speaks. */
function spoken(version: Version, useHttp2: boolean, passthrough = false, flags: readonly string[] = [], more: Partial<Config> = {}): string[] {
  const facts: EngineFacts = {
    version, modules: [], processors: 2, openFiles: 4096, ipv6: false, accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
    ...(passthrough ? { stream: ["/m/stream.so", "/m/js.so"] } : {}),
  };
  const settings = parseSettings([...flags, ...(passthrough ? ["--enable-ssl-passthrough"] : [])], "run", {});
  const { text } = nginxConf({ settings, config: { ...DEFAULT_CONFIG, useHttp2, ...more }, facts, profiles: new Map() });
  return text.split("\n").map((line) => line.trim()).filter((line) => /^(listen|http2) /.test(line));
}

const OLD: readonly Version[] = [[1, 18, 0], [1, 22, 1], [1, 25, 0]];
const NEW: readonly Version[] = [[1, 25, 1], [1, 26, 3], [1, 27, 0], [2, 0, 0]];
const HTTP = "listen 0.0.0.0:80 default_server backlog=65535;";
const HTTPS = "listen 0.0.0.0:443 default_server backlog=65535 ssl;";

test("an nginx that knows the directive speaks HTTP/2 on the http port as well", () => {
  for (const version of NEW) {
    assert.deepEqual(spoken(version, true), [HTTP, HTTPS, "http2 on;"], version.join("."));
    assert.deepEqual(spoken(version, true, true), [HTTP, "listen unix:/run/s/sockets/https.sock default_server backlog=65535 ssl proxy_protocol;", "http2 on;"]);
  }
});

test("an older one speaks it over TLS alone: on the http port it would be HTTP/2 and nothing else", () => {
  for (const version of OLD) {
    assert.deepEqual(spoken(version, true), [HTTP, "listen 0.0.0.0:443 default_server backlog=65535 ssl http2;"], version.join("."));
    assert.deepEqual(spoken(version, true, true), [HTTP, "listen unix:/run/s/sockets/https.sock default_server backlog=65535 ssl http2 proxy_protocol;"]);
  }
});

test("use-http2 turns it off in either", () => {
  for (const version of [...OLD, ...NEW]) assert.deepEqual(spoken(version, false), [HTTP, HTTPS], version.join("."));
});

const HANDED_ON = "listen unix:/run/s/sockets/plain-http2.sock http2 proxy_protocol;";

test("with Gateways an older one hands on what begins with HTTP/2 on an http port, where nobody in front is believed about clients", () => {
  for (const version of OLD) assert.ok(spoken(version, true, false, ["--gateway-api"]).includes(HANDED_ON), version.join("."));
  for (const version of NEW) assert.ok(!spoken(version, true, false, ["--gateway-api"]).includes(HANDED_ON), version.join("."));
  assert.ok(!spoken([1, 22, 1], false, false, ["--gateway-api"]).includes(HANDED_ON));
  assert.ok(!spoken([1, 22, 1], true, true, ["--gateway-api"]).includes(HANDED_ON));
  for (const believed of [{ useProxyProtocol: true }, { useForwardedHeaders: true }, { enableRealIp: true }]) {
    assert.ok(!spoken([1, 22, 1], true, false, ["--gateway-api"], believed).includes(HANDED_ON), JSON.stringify(believed));
  }
});
