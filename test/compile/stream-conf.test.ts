/** The configuration of the nginx below http depends on listeners and the operator's settings, and on nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineFacts } from "../../src/compile/facts.ts";
import { nginxConf } from "../../src/compile/nginx-conf.ts";
import { streamConf, type Listener } from "../../src/compile/stream-conf.ts";
import type { Config } from "../../src/model/config/config.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { parseSettings } from "../../src/settings.ts";

const facts: EngineFacts = {
  version: [1, 22, 1], modules: [], stream: ["/m/stream.so", "/m/js.so"], processors: 2, openFiles: 4096, ipv6: true,
  accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
};
const { stream: _, ...without } = facts;
const ORIGIN = { kind: "ConfigMap", namespace: "a", name: "b", field: "" };
const listener = (text: string, more: Partial<Listener> = {}): Listener => {
  const [protocol, port] = text.split(" ");
  return { id: text, protocol: protocol as "tcp", port: Number(port), acceptProxy: false, sendProxy: false, service: "net/echo:7", origin: ORIGIN, ...more };
};

function conf(flags: readonly string[], listeners: readonly Listener[], config: Partial<Config> = {}, machine: EngineFacts = facts): string {
  return streamConf({ settings: parseSettings(flags, "run"), config: { ...DEFAULT_CONFIG, ...config }, facts: machine, listeners })?.text ?? "";
}

/** The `server` block of a listener in the configuration below http. */
function serverOf(text: string, id: string): string[] {
  const server = text.split(/^ {4}server \{$/m).find((one) => one.includes(`"${id}"`)) ?? "";
  return server.split("\n").map((line) => line.trim());
}

test("listeners listen where http does, IPv6 included; UDP by workers of their own", () => {
  const text = conf([], [listener("tcp 9000"), listener("udp 53")]);
  for (const line of ["listen 0.0.0.0:9000;", "listen [::]:9000 ipv6only=on;", "proxy_pass $sluice_endpoint;", "js_access sluice.admit;"]) {
    assert.ok(serverOf(text, "tcp 9000").includes(line), `${line}\n${text}`);
  }
  for (const line of ["listen 0.0.0.0:53 udp reuseport;", "listen [::]:53 udp reuseport ipv6only=on;", "proxy_responses 1;"]) {
    assert.ok(serverOf(text, "udp 53").includes(line), `${line}\n${text}`);
  }
  const own = conf(["--bind-address=127.0.0.1"], [listener("tcp 127.0.0.5 80", { address: "127.0.0.5", port: 80 })]);
  assert.ok(serverOf(own, "tcp 127.0.0.5 80").includes("listen 127.0.0.5:80;"), own);
});

test("the order in which listeners come makes no difference, and where they lead neither", () => {
  const [a, b] = [listener("tcp 9000"), listener("tcp 9001")];
  assert.equal(conf([], [a, b]), conf([], [b, a]));
  assert.equal(conf([], [a]), conf([], [{ ...a, service: "net/other:8", origin: { ...ORIGIN, name: "c" } }]));
  assert.notEqual(conf([], [a]), conf([], [{ ...a, sendProxy: true }]));
  assert.doesNotMatch(conf([], [a, b]), /echo/);
});

test("proxies are believed where their protocol is expected, and there alone", () => {
  const text = conf([], [listener("tcp 1", { acceptProxy: true }), listener("tcp 2", { sendProxy: true })], { proxyRealIpCidr: ["10.0.0.0/8"] });
  assert.ok(serverOf(text, "tcp 1").includes("set_real_ip_from 10.0.0.0/8;"));
  assert.ok(!serverOf(text, "tcp 2").some((line) => line.startsWith("set_real_ip_from")));
  assert.ok(serverOf(text, "tcp 2").includes("proxy_protocol on;"));
});

test("failures are remembered unless the operator wants none left out", () => {
  assert.match(conf([], [listener("tcp 1")]), /access_log \/dev\/null sluice_failed if=\$sluice_unreached;/);
  const off = conf([], [listener("tcp 1")], { proxyStreamNextUpstream: false, disableStreamAccessLog: true });
  assert.doesNotMatch(off, /sluice_failed/);
  assert.match(off, /access_log off;/);
});

test("the https port is that of the nginx which can read server names; without its modules http's keeps it", () => {
  const http = (flags: readonly string[], machine: EngineFacts): string => nginxConf({ settings: parseSettings(flags, "run"), config: DEFAULT_CONFIG, facts: machine, profiles: new Map() }).text;
  const flag = ["--enable-ssl-passthrough"];
  assert.match(conf(flag, []), /listen 0\.0\.0\.0:443;/);
  assert.doesNotMatch(http(flag, facts), /listen 0\.0\.0\.0:443/);
  assert.match(http(flag, facts), /listen unix:\/run\/s\/sockets\/https\.sock default_server backlog=65535 ssl http2 proxy_protocol;/);
  assert.equal(conf(flag, [listener("tcp 9000")], {}, without), "");
  assert.equal(http(flag, without), http([], without));
  assert.match(http(flag, without), /listen 0\.0\.0\.0:443 default_server backlog=65535 ssl http2;/);
});

test("its log goes where http's goes, escaped in the same way, unless it has a file of its own", () => {
  const logs = (config: Partial<Config>): string[] => conf([], [listener("tcp 1")], config).split("\n").map((line) => line.trim()).filter((line) => /log_stream/.test(line));
  assert.match(logs({}).join(), /^log_format log_stream "\[.*;,access_log \/run\/s\/access\.log log_stream;$/);
  assert.match(logs({ accessLogPath: "/a", logFormatEscapeJson: true }).join(), /^log_format log_stream escape=json .*,access_log \/a log_stream;$/);
  assert.match(logs({ streamAccessLogPath: "/b", logFormatEscapeJson: true, logFormatEscapeNone: true }).join(), /escape=none .*,access_log \/b log_stream;$/);
});
