/**
 * The scheme and the port that the client asked for: redirects, cookies, backends and the access log get them right
 * without a proxy, behind proxies that end TLS, and behind the PROXY protocol.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startEcho, type Echo, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const LOG = "$request_id|$pass_access_scheme|$pass_port|$pass_server_port|";

let sluice: Sluice;
let echo: EchoBackend;

before(async () => {
  echo = await startEcho("web");
  const sites: Readonly<Record<string, Record<string, string>>> = {
    plain: {},
    forced: { "force-ssl-redirect": "true" },
    sticky: { affinity: "cookie" },
    filtered: { affinity: "cookie", "enable-cors": "true" },
    root: { "app-root": "/app" },
    ported: { "rewrite-target": "https://x.example/", "use-port-in-redirects": "true" },
    named: { "from-to-www-redirect": "true" },
    rewritten: { "proxy-redirect-from": "http://inside/", "proxy-redirect-to": "/out/" },
    signin: { "auth-url": `http://127.0.0.1:${echo.port}/?echo-status=401`, "auth-signin": "https://in.example/" },
  };
  const files = Object.entries(sites).map(([name, annotations]) => [`${name}.yaml`, site({ name, host: `${name}.example`, endpoints: [`127.0.0.1:${echo.port}`], annotations })]);
  const slashed = site({ name: "slashed", host: "slashed.example", endpoints: [`127.0.0.1:${echo.port}`], annotations: { "use-port-in-redirects": "true" } }).replace('"path":"/"', '"path":"/foo/"');
  sluice = await startSluice({
    files: { ...(Object.fromEntries(files) as Record<string, string>), "slashed.yaml": slashed, "settings.yaml": configMap({}) },
    args: ["--configmap=sluice/sluice", "--allow-local-targets"],
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

const apply = (data: Readonly<Record<string, string>>, on = sluice): Promise<unknown> => on.apply({ "settings.yaml": configMap({ "worker-processes": "1", "log-format-upstream": LOG, ...data }) });

interface Asked {
  readonly host: string;
  readonly path?: string;
  readonly headers?: readonly string[];
  /** The port in the header of the PROXY protocol, to which the client connected; "unknown": the header does not say. */
  readonly named?: number | "unknown";
  readonly tls?: boolean;
  readonly on?: Sluice;
}

interface Told {
  readonly status: number;
  readonly location: string | undefined;
  readonly secure: boolean;
  readonly seen: Echo["headers"];
}

/** One request on a connection of its own. */
async function told({ host, path = "/", headers = [], named, tls = false, on = sluice }: Asked): Promise<Told> {
  const text = await new Promise<string>((resolve, reject) => {
    const raw = connect(tls ? on.https : on.http, "127.0.0.1");
    raw.on("error", reject).setTimeout(10_000, () => raw.destroy(new Error("no answer")));
    if (named !== undefined) raw.write(named === "unknown" ? "PROXY UNKNOWN\r\n" : `PROXY TCP4 203.0.113.9 192.0.2.1 5555 ${named}\r\n`);
    const socket = tls ? connectTls({ socket: raw, servername: host, rejectUnauthorized: false }).on("error", reject) : raw;
    let all = "";
    socket.on("data", (chunk: Buffer) => (all += chunk.toString())).on("close", () => resolve(all));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`);
  });
  const [head = "", body = ""] = text.split("\r\n\r\n");
  const line = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, "im").exec(head.replaceAll("\r", ""))?.[1];
  return {
    status: Number(head.split(" ")[1]),
    location: line("location"),
    secure: /; Secure/.test(line("set-cookie") ?? ""),
    seen: body.startsWith("{") ? (JSON.parse(body) as Echo).headers : {},
  };
}

/** What a proxy says in X-Forwarded-Proto → the client's scheme; "": the proxy says nothing. */
const WORDS: Readonly<Record<string, "http" | "https">> = {
  "": "http", http: "http",
  https: "https", "https,http": "https", "https, https": "https", "http, https": "https", "http,http": "https", HTTPS: "https", HTTP: "https", wss: "https", ws: "https", quic: "https",
};

test("behind a trusted proxy http alone is http: no endless redirect, and everything else says the same scheme", async () => {
  await apply({ "use-forwarded-headers": "true", "http-redirect-code": "301" });
  for (const [word, scheme] of Object.entries(WORDS)) {
    const headers = word === "" ? [] : [`X-Forwarded-Proto: ${word}`];
    const port = scheme === "https" || word !== "" ? "" : `:${sluice.http}`;
    const from = async (host: string, path = "/a", more: readonly string[] = []): Promise<Told> => await told({ host: `${host}.example`, path, headers: [...headers, ...more] });
    const forced = await from("forced");
    assert.deepEqual([forced.status, forced.location], scheme === "http" ? [301, "https://forced.example/a"] : [200, undefined], `"${word}"`);
    for (const host of ["sticky", "filtered"]) assert.equal((await from(host)).secure, scheme === "https", `"${word}" ${host}`);
    assert.equal((await from("root", "/")).location, `${scheme}://root.example/app`, `"${word}"`);
    assert.equal((await from("slashed", "/foo")).location, `${scheme}://slashed.example${port}/foo/`, `"${word}"`);
    assert.equal((await from("www.named")).location, `${scheme}://named.example${port}/a`, `"${word}"`);
    const want = 'X-Want-Headers: {"location": "http://inside/x"}';
    assert.equal((await from("rewritten", "/", [want, "X-Want-Status: 302"])).location, `${scheme}://rewritten.example/out/x`, `"${word}"`);
    assert.equal((await from("signin", "/")).location, `https://in.example/?rd=${scheme}://signin.example%2F`, `"${word}"`);
    const { seen } = await from("plain");
    assert.deepEqual([seen["x-forwarded-proto"], seen["x-forwarded-port"]], [word === "" ? "http" : word, scheme === "https" ? "443" : `${sluice.http}`]);
  }
});

test("a client is not believed where nobody is, nor without a word", async () => {
  await apply({});
  for (const word of Object.keys(WORDS)) {
    const headers = [`X-Forwarded-Proto: ${word}`, "X-Forwarded-Port: 1", "X-Forwarded-Host: evil.example"];
    assert.equal((await told({ host: "forced.example", headers })).status, 308);
    assert.equal((await told({ host: "sticky.example", headers })).secure, false);
    assert.equal((await told({ host: "root.example", headers })).location, "http://root.example/app");
    assert.equal((await told({ host: "slashed.example", path: "/foo", headers })).location, `http://slashed.example:${sluice.http}/foo/`);
  }
  await apply({ "use-forwarded-headers": "true" });
  assert.equal((await told({ host: "forced.example", headers: ["X-Forwarded-Proto:"] })).status, 308);
});

test("the proxy's host and port count in redirects, too", async () => {
  await apply({ "use-forwarded-headers": "true" });
  const headers = ["X-Forwarded-Proto: https", "X-Forwarded-Port: 8443", "X-Forwarded-Host: front.example:8443, inner.example"];
  assert.equal((await told({ host: "root.example", headers })).location, "https://front.example:8443/app");
  assert.equal((await told({ host: "slashed.example", path: "/foo", headers })).location, "https://front.example:8443/foo/");
  assert.equal((await told({ host: "forced.example", path: "/a", headers: headers.slice(1) })).location, "https://front.example/a");
});

/**
 * Kinds of connections: the port that the PROXY protocol names, the headers that the proxy adds, whether the ConfigMap trusts these
 * headers, and the port that the backend must hear ("own": the one that Sluice itself serves).
 */
const PORTS: readonly (readonly [named: number | "unknown" | undefined, headers: readonly string[], trusts: boolean, port: string])[] = [
  [undefined, [], false, "own"],
  [undefined, ["X-Forwarded-Port: 1"], false, "own"],
  [undefined, ["X-Forwarded-Port: 9443"], true, "9443"],
  [undefined, ["X-Forwarded-Proto: http"], true, "own"],
  [undefined, ["X-Forwarded-Proto: https"], true, "443"],
  [undefined, ["X-Forwarded-Proto: https,http"], true, "443"],
  [undefined, ["X-Forwarded-Proto: https", "X-Forwarded-Port: 8443"], true, "8443"],
  [80, [], false, "80"],
  [443, [], false, "443"],
  [8443, [], false, "8443"],
  ["unknown", [], false, "own"],
  [80, ["X-Forwarded-Port: 1"], false, "80"],
  [80, ["X-Forwarded-Proto: https"], true, "443"],
  [80, ["X-Forwarded-Proto: http"], true, "80"],
  [80, ["X-Forwarded-Port: 8080"], true, "8080"],
];

/** The access log's line of the request that the backend saw last, in pieces. */
async function logged(on: Sluice): Promise<readonly string[]> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(5)) {
    const parts = readFileSync(join(on.runtimeDir, "access.log"), "utf8").trimEnd().split("\n").at(-1)?.split("|") ?? [];
    if (parts[0] !== last && parts.length === 5) {
      last = parts[0] ?? "";
      return parts.slice(1, 4);
    }
  }
  throw new Error("the request is not in the log");
}
let last = "";

for (const [named, headers, trusts, port] of PORTS) {
  const title = `${named === undefined ? "directly" : `PROXY protocol, port ${named}`}${headers.length > 0 ? `, ${trusts ? "trusted" : "not trusted"} ${headers.join(" and ")}` : ""}: port ${port}`;
  test(title, async () => {
    await apply({ "use-forwarded-headers": String(trusts), "use-proxy-protocol": String(named !== undefined) });
    for (const tls of [false, true]) {
      const { seen } = await told({ host: "plain.example", headers, tls, ...(named === undefined ? {} : { named }) });
      const own = tls ? "443" : `${sluice.http}`;
      const listening = `${tls ? sluice.https : sluice.http}`;
      assert.equal(seen["x-forwarded-port"], port === "own" ? own : port);
      const [scheme, passed, server] = await logged(sluice);
      assert.deepEqual([scheme, passed, server], [seen["x-forwarded-proto"], seen["x-forwarded-port"], port === "own" ? listening : port]);
    }
  });
}

test("the port that the PROXY protocol names is the one in redirects", async () => {
  await apply({ "use-proxy-protocol": "true" });
  for (const [named, origin] of [[80, "http://slashed.example"], [8080, "http://slashed.example:8080"], [443, "https://slashed.example"]] as const) {
    assert.equal((await told({ host: "slashed.example", path: "/foo", named })).location, `${origin}/foo/`);
    assert.equal((await told({ host: "www.named.example", path: "/a", named })).location, `${origin.replace("slashed", "named")}/a`);
  }
});
