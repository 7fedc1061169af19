/** The Kubernetes source against the stand-in: the common cases, without and with streamed lists, and faults on demand. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { TIMING } from "../../../src/source/kubernetes/timing.ts";
import { standInApi } from "./api.ts";
import type { Api } from "./api.ts";
import { cases, ingress, secret } from "./cases.ts";
import { forbiddenCases } from "./forbidden-cases.ts";
import { follow, secretsOnly } from "./follow.ts";
import type { Followed } from "./follow.ts";

type Server = Awaited<ReturnType<typeof standInApi>>;

const streaming = async (): Promise<Server> => {
  const api = await standInApi();
  api.standIn.streams = true;
  return api;
};

describe("lists in pages", () => cases(standInApi, { pages: 2, more: forbiddenCases }));
describe("streamed lists", () => cases(streaming, { pages: 1, more: forbiddenCases }));

function faulty(name: string, run: (server: Server, t: TestContext) => Promise<void>, start = standInApi): void {
  test(name, { timeout: 20_000 }, async (t) => {
    const server = await start();
    t.after(() => server.stop());
    await run(server, t);
  });
}

async function started(server: Api, t: TestContext, more: Partial<Parameters<typeof follow>[1]> = {}): Promise<Followed> {
  const followed = follow(t, { kubeconfig: server.kubeconfig, ...more });
  await followed.started;
  return followed;
}

/** The lists and watches of Ingresses among the server's requests from number `from` on. */
const ofIngresses = ({ standIn }: Server, from = 0) => standIn.requests.slice(from).filter(({ method, plural }) => method === "GET" && plural === "ingresses");
const isWatch = ({ query }: { query: URLSearchParams }): boolean => query.has("watch");

faulty("a bookmark moves the version from which a watch goes on", async (server, t) => {
  const followed = await started(server, t);
  await server.create("a", ingress("one"));
  await followed.until(() => followed.names("Ingress").length === 1);
  for (let n = 0; n < 5; n++) await server.create("a", secret(`s${n}`, ""));
  server.standIn.bookmark();
  server.standIn.compact();
  await server.create("a", ingress("two"));
  await followed.until(() => followed.names("Ingress").length === 2);
  const before = server.standIn.requests.length;
  server.gate.cut();
  await server.create("a", ingress("three"));
  await followed.until(() => followed.names("Ingress").length === 3);
  assert.ok(ofIngresses(server, before).every(isWatch), "nothing was listed again");
});

faulty("an old version that is refused with HTTP status 410 leads to a new read", async (server, t) => {
  server.standIn.goneAs = "status";
  await server.create("a", ingress("goes"));
  const followed = await started(server, t);
  await server.gate.close();
  await server.remove("a", "Ingress", "goes");
  server.standIn.compact();
  await server.gate.open();
  await followed.until(() => followed.names("Ingress").length === 0);
});

faulty("a continue token that expires starts the list again, in pages", async (server, t) => {
  for (let n = 0; n < 501; n++) await server.create("a", ingress(`i${n}`));
  server.standIn.fail(({ plural, query }) => plural === "ingresses" && query.has("continue"), 410);
  const followed = await started(server, t);
  assert.equal(followed.names("Ingress").length, 501);
  const lists = ofIngresses(server).filter((asked) => !isWatch(asked));
  assert.deepEqual(lists.map(({ query }) => query.has("continue")), [false, true, false, true]);
  assert.ok(lists.every(({ query }) => query.get("limit") === "500" && !query.has("resourceVersion")));
});

faulty("a server that asks for patience gets it", async (server, t) => {
  server.standIn.fail(({ plural, query }) => plural === "ingresses" && !query.has("watch"), 429, { "retry-after": "1" });
  const followed = await started(server, t);
  assert.ok(followed.log.some((line) => /^warn cannot list ingresses.*; trying again in 1(\.\d)? s$/.test(line)), followed.log.join("\n"));
});

faulty("server errors while reading and watching are tried again", async (server, t) => {
  server.standIn.fail(({ plural, query }) => plural === "ingresses" && !query.has("watch"), 504, {}, 2);
  server.standIn.fail(({ plural, query }) => plural === "ingresses" && query.has("watch"), 500, {}, 7);
  const followed = await started(server, t);
  await server.create("a", ingress("web"));
  await followed.until(() => followed.names("Ingress").length === 1);
});

faulty("a line that is no event ends the watch, not the source", async (server, t) => {
  const followed = await started(server, t);
  for (const line of ["{half\n", "7\n", '{"type":"NEW","object":{"metadata":{"resourceVersion":"1"}}}\n']) {
    const from = followed.log.length;
    await server.standIn.watching("ingresses");
    server.standIn.write("ingresses", line);
    await followed.until(() => followed.log.slice(from).some((said) => /cannot watch ingresses/.test(said)));
    await server.create("a", ingress(`after-${from}`));
    await followed.until(() => followed.names("Ingress").includes(`a/after-${from}`));
  }
  assert.ok(followed.log.every((said) => !said.includes("half\n")), "no content of a line is logged");
});

async function withHistory(server: Server, t: TestContext): Promise<Followed> {
  await server.create("a", ingress("one"));
  for (let n = 0; n < 5; n++) await server.create("a", secret(`s${n}`, ""));
  const followed = await started(server, t);
  await server.standIn.watching("ingresses");
  return followed;
}

faulty("a store that goes back in time under a watch is read anew", async (server, t) => {
  const followed = await withHistory(server, t);
  server.standIn.goBack(4);
  await server.create("a", ingress("two"));
  await followed.until(() => followed.names("Ingress").length === 2);
  await server.create("a", ingress("three"));
  await followed.until(() => followed.names("Ingress").length === 3);
});

faulty("a store that goes back in time during an outage is read anew", async (server, t) => {
  const followed = await withHistory(server, t);
  await server.gate.close();
  await followed.untilLogged(/cannot reach/);
  server.standIn.goBack(4);
  await server.create("a", ingress("two"));
  await server.gate.open();
  await followed.until(() => followed.names("Ingress").length === 2);
});

faulty("a connection that has gone silent is given up", async (server, t) => {
  const timing = { ...TIMING, backoffBase: 20, watchSeconds: () => 1, silence: 100 };
  const followed = await started(server, t, { timing });
  // Waits for an event, because only its arrival shows that the watch is under way.
  await server.standIn.watching("ingresses");
  await server.create("a", ingress("one"));
  await followed.until(() => followed.names("Ingress").length === 1);
  server.gate.freeze();
  await server.create("a", ingress("two"));
  await followed.untilLogged(/cannot watch ingresses.*: silence for too long; trying again/);
  await followed.until(() => followed.names("Ingress").length === 2);
});

faulty("many events of one turn are one change", async (server, t) => {
  const followed = await started(server, t);
  const events = Array.from({ length: 20 }, (_, n) => `${JSON.stringify({
    type: "ADDED", object: { ...ingress(`i${n}`), metadata: { name: `i${n}`, namespace: "a", resourceVersion: `${200 + n}` } },
  })}\n`);
  await server.standIn.watching("ingresses");
  server.standIn.write("ingresses", events.join(""));
  await followed.until(() => followed.changes > 0);
  assert.equal(followed.names("Ingress").length, 20);
  assert.equal(followed.changes, 1);
});

faulty("a streamed list needs no list, and is not tried again where it is refused", async (server, t) => {
  await started(server, t);
  assert.ok(ofIngresses(server).every(isWatch));
  server.standIn.streams = false;
  const followed = await started(server, t);
  const before = server.standIn.requests.length;
  await followed.source.sync(AbortSignal.timeout(10_000));
  assert.equal(server.standIn.requests.slice(before).filter(({ query }) => query.has("sendInitialEvents")).length, 0);
}, streaming);

faulty("a stream that fails before it is complete is replaced by pages", async (server, t) => {
  await server.create("a", ingress("web"));
  server.standIn.fail(({ query }) => query.has("sendInitialEvents"), 503, {}, 6);
  const followed = await started(server, t);
  assert.deepEqual(followed.names("Ingress"), ["a/web"]);
}, streaming);

faulty("a token that is refused is read again from its file", async (server, t) => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-token-"));
  t.after(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(join(folder, "token"), "first\n");
  await writeFile(kubeconfig, JSON.stringify({
    clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${server.gate.port}` } }],
    users: [{ name: "u", user: { tokenFile: "token" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  }));
  server.standIn.tokens.add("admin").add("first");
  const followed = await started(server, t, { kubeconfig });
  server.standIn.tokens.delete("first");
  server.gate.cut();
  await followed.untilLogged(/does not accept our credentials/);
  server.standIn.tokens.add("second");
  await writeFile(join(folder, "token"), "second\n");
  await server.create("a", ingress("web"));
  await followed.until(() => followed.names("Ingress").length === 1);
});

const isGet = (name: string) => (asked: { method: string; plural: string; name: string }) =>
  asked.method === "GET" && asked.plural === "secrets" && asked.name === name;
const value = (followed: Followed): string | undefined =>
  followed.source.snapshot.get("Secret", "a", "s")?.data["key"]?.reveal().toString();

for (const [what, change, expected] of [
  ["newer event", (server: Server) => server.patch("a", "Secret", "s", { data: { key: "Mg==" } }), "2"],
  ["deletion", (server: Server) => server.remove("a", "Secret", "s"), undefined],
] as const) {
  faulty(`a late answer about a Secret does not undo a ${what}`, async (server, t) => {
    await server.create("a", secret("s", "1"));
    const followed = await started(server, t);
    await followed.source.want(secretsOnly(["a/marker"]));
    const held = server.standIn.hold(isGet("s"));
    const wanted = followed.source.want(secretsOnly(["a/s", "a/marker"]));
    await held.asked;
    await change(server);
    await server.create("a", secret("marker", ""));
    await followed.until(() => followed.names("Secret").includes("a/marker"));
    held.release();
    await wanted;
    assert.equal(value(followed), expected);
  });
}

faulty("a Secret that is wanted while all are read again is not lost", async (server, t) => {
  for (const name of ["s", "other"]) await server.create("a", secret(name, "1"));
  const followed = await started(server, t);
  await followed.source.want(secretsOnly(["a/other"]));
  const held = server.standIn.hold(({ plural, query }) => plural === "secrets" && query.has("limit"));
  const synced = followed.source.sync(AbortSignal.timeout(10_000));
  await held.asked;
  await followed.source.want(secretsOnly(["a/other", "a/s"]));
  assert.equal(value(followed), "1");
  held.release();
  await synced;
  assert.equal(value(followed), "1");
  await server.remove("a", "Secret", "s");
  await followed.until(() => value(followed) === undefined);
});

faulty("a Secret that is no longer wanted and wanted again is read again", async (server, t) => {
  await server.create("a", secret("s", "1"));
  const followed = await started(server, t);
  const held = server.standIn.hold(isGet("s"));
  void followed.source.want(secretsOnly(["a/s"]));
  await held.asked;
  await followed.source.want(secretsOnly([]));
  await server.patch("a", "Secret", "s", { data: { key: "Mg==" } });
  await followed.source.want(secretsOnly(["a/s"]));
  held.release();
  await followed.source.sync(AbortSignal.timeout(10_000));
  assert.equal(value(followed), "2");
});

faulty("names that no Secret can have are never sent, and Helm's Secrets are not read", async (server, t) => {
  await server.create("a", secret("s", "1"));
  await server.create("a", secret("release", "1", "helm.sh/release.v1"));
  const followed = await started(server, t);
  await followed.source.want(secretsOnly(["a/..", "a/../../pods", "/s", "a/", "a/s", "a/release"]));
  await followed.source.sync(AbortSignal.timeout(10_000));
  assert.deepEqual(followed.names("Secret"), ["a/s"]);
  const asked = server.standIn.requests.filter(({ method, plural, name }) => method === "GET" && plural === "secrets" && name);
  assert.deepEqual(asked.map(({ name }) => name).sort(), ["release", "s"]);
});
