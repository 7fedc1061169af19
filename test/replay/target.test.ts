/** One target: where connections go, which name TLS hears, and answers that do not end. */
import assert from "node:assert/strict";
import { createServer as createTls } from "node:https";
import { createServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { test, type TestContext } from "node:test";
import type { TLSSocket } from "node:tls";
import type { ReplayRequest } from "../../src/replay/logged-request.ts";
import { replayTarget, type TargetRules } from "../../src/replay/target.ts";
import { compareReplies } from "../../src/replay/compare-answers.ts";
import { selfSigned } from "../support/openssl.ts";

const REQUEST: ReplayRequest = { method: "GET", https: false, host: "shop.example", target: "/", headers: new Map() };
const NEVER = new AbortController().signal;
const COMPARED = { ignored: new Set<string>(), upstreamHeader: "", host: "shop.example" };

async function portOf(t: TestContext, server: Server & { closeAllConnections(): void }, address = "127.0.0.1"): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function target(listener: string, more: Partial<TargetRules> = {}): ReturnType<typeof replayTarget> {
  return replayTarget("--and", { listener, forHttps: "", verify: false, withBody: true, ...more });
}

test("TLS: the server name is the logged host, unless it is an address; certificates count with --verify alone", async (t) => {
  const names: (string | false | null)[] = [];
  const { key, chain: cert } = selfSigned(["shop.example"]);
  const port = await portOf(t, createTls({ key, cert }, (request, response) => {
    names.push((request.socket as TLSSocket).servername ?? null);
    response.end();
  }));
  const lenient = target("http://127.0.0.1:1", { forHttps: `https://127.0.0.1:${port}` });
  for (const host of ["shop.example", "10.0.0.1", "x@shop.example"]) {
    const reply = await lenient.ask({ ...REQUEST, host, https: true }, NEVER);
    assert.equal("status" in reply && reply.status, 200);
  }
  assert.deepEqual(names.map((name) => name || ""), ["shop.example", "", ""]);
  assert.equal(lenient.urlOf({ ...REQUEST, https: true }), "https://shop.example/");
  assert.deepEqual(lenient.ports, new Set(["1", String(port)]));
  assert.deepEqual(await target(`https://127.0.0.1:${port}`, { verify: true }).ask(REQUEST, NEVER), { failure: "DEPTH_ZERO_SELF_SIGNED_CERT", unreachable: false });
  assert.equal(names.length, 3);
});

test("an answer that never comes is none; one that never ends is compared as far as it came", async (t) => {
  const port = await portOf(t, createServer(({ url }, response) => {
    if (url !== "/hung") response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
    if (url === "/short") response.end();
  }));
  const { ask, ports } = target(`http://127.0.0.1:${port}`, { patience: 500 });
  assert.deepEqual(await ask({ ...REQUEST, target: "/hung" }, NEVER), { failure: "no answer in 0.5 s", unreachable: false });
  const [one, other, short] = [await ask(REQUEST, NEVER), await ask(REQUEST, NEVER), await ask({ ...REQUEST, target: "/short" }, NEVER)];
  assert.equal("body" in one && one.body?.end, "late");
  assert.deepEqual(compareReplies({ reply: one, ports }, { reply: other, ports }, { ...COMPARED, ignored: new Set(["date"]) }), []);
  assert.deepEqual(compareReplies({ reply: one, ports }, { reply: short, ports }, COMPARED).map(({ aspect }) => aspect).filter((aspect) => aspect === "body"), ["body"]);
});

test("an endless body costs a bounded amount of reading", { timeout: 30_000 }, async (t) => {
  let sent = 0;
  const port = await portOf(t, createServer((_, response) => {
    const chunk = Buffer.alloc(1 << 16);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
    };
    response.on("drain", more);
    more();
  }));
  const reply = await target(`http://127.0.0.1:${port}`).ask(REQUEST, NEVER);
  assert.equal("body" in reply && reply.body?.end, "long");
  assert.ok(sent < 64 << 20, `${sent} bytes`);
});

test("an IPv6 listener", async (t) => {
  const port = await portOf(t, createServer((request, response) => void response.end(request.headers.host)), "::1").catch(() => undefined);
  if (port === undefined) return t.skip("no IPv6 here");
  const reply = await target(`http://[::1]:${port}`).ask(REQUEST, NEVER);
  assert.equal("body" in reply && reply.body?.length, "shop.example".length);
});

test("bodies that neither of the two ended are alike, whatever came of them", () => {
  const reply = (end: "late" | "long" | "broken", length: number) => ({ reply: { status: 200, headers: new Map(), took: 1, body: { end, length, digest: String(length) } }, ports: new Set<string>() });
  for (const [old, now, differences] of [["late", "late", 0], ["long", "long", 0], ["broken", "broken", 1], ["late", "long", 1]] as const) {
    assert.equal(compareReplies(reply(old, 1), reply(now, 2), COMPARED).length, differences, `${old} ${now}`);
  }
});

test("redirects: the target's own port is as none, another port is a difference", () => {
  const to = (location: string, port: string) => ({ reply: { status: 301, headers: new Map([["location", [location]]]), took: 1 }, ports: new Set([port]) });
  const differ = (old: string, now: string): boolean => compareReplies(to(old, "8080"), to(now, "9090"), COMPARED).length > 0;
  assert.ok(!differ("http://shop.example:8080/a", "http://shop.example:9090/a"));
  assert.ok(!differ("http://shop.example/a", "http://SHOP.example:9090/a".toLowerCase()));
  for (const [old, now] of [
    ["http://shop.example:8080/a", "http://shop.example:8080/a"], ["http://shop.example/a", "http://evil.example:9090/a"], ["http://shop.example/a", "https://shop.example/a"], ["http://shop.example/a", "/a"], ["http://evil.example:8080/a", "http://evil.example:9090/a"], ["http://shop.example/a", "http://shop.example:9090@evil.example/a"], ["http://shop.example/a", "http://shop.example/b"],
  ] as const) assert.ok(differ(old, now), `${old} ${now}`);
});
