/** Secrets that are read one by one: which requests are made for them, and what is kept. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startApiStandIn, type ApiStandIn } from "../../support/api-stand-in.ts";
import { secret } from "./cases.ts";
import { follow, secretsOnly, type Followed } from "./follow.ts";

async function open(t: TestContext): Promise<{ api: ApiStandIn; followed: Followed; write(method: "POST" | "PATCH" | "DELETE", name: string, body?: unknown): Promise<void> }> {
  const api = await startApiStandIn();
  const folder = await mkdtemp(join(tmpdir(), "sluice-named-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, JSON.stringify({
    clusters: [{ name: "c", cluster: { server: api.server } }], users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }], "current-context": "x",
  }));
  const followed = follow(t, { kubeconfig, secrets: "named" });
  t.after(async () => {
    await api.stop();
    await rm(folder, { recursive: true });
  });
  return {
    api, followed,
    async write(method, name, body) {
      const path = `/api/v1/namespaces/shop/secrets${method === "POST" ? "" : `/${name}`}`;
      const response = await fetch(`${api.server}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      assert.ok(response.ok, `${method} ${path}: ${response.status}`);
      await response.arrayBuffer();
    },
  };
}

const asked = (api: ApiStandIn): string[] =>
  api.requests.filter(({ plural, method, token }) => plural === "secrets" && method === "GET" && token !== "").map(({ namespace, name, query }) => `${namespace}/${name} ${query.get("fieldSelector")}`);

const valueOf = ({ source }: Followed, name: string): string | undefined => source.snapshot.get("Secret", "shop", name)?.data["key"]?.reveal().toString();

test("only Secrets that are wanted are ever asked for, each by its name in its namespace", { timeout: 60_000 }, async (t) => {
  const { api, followed, write } = await open(t);
  for (const name of ["one", "two", "other"]) await write("POST", name, secret(name, "1"));
  await followed.started;
  assert.deepEqual(asked(api), []);
  await followed.source.want(secretsOnly(["shop/one", "shop/missing", "shop/../other", "shop/a,b"]));
  assert.equal(valueOf(followed, "one"), "1");
  assert.deepEqual(followed.names("Secret"), ["shop/one"]);
  assert.deepEqual([...new Set(asked(api))].sort(), ["shop/ metadata.name=missing", "shop/ metadata.name=one"]);
});

test("they are followed: changed, removed, appearing late; and forgotten when nobody wants them", { timeout: 60_000 }, async (t) => {
  const { api, followed, write } = await open(t);
  await write("POST", "one", secret("one", "1"));
  await followed.started;
  await followed.source.want(secretsOnly(["shop/one", "shop/two"]));
  await write("POST", "two", secret("two", "2"));
  await followed.until(() => valueOf(followed, "two") === "2");
  await write("PATCH", "one", { data: { key: Buffer.from("3").toString("base64") } });
  await followed.until(() => valueOf(followed, "one") === "3");
  await write("DELETE", "two");
  await followed.until(() => valueOf(followed, "two") === undefined);
  await followed.source.sync(AbortSignal.timeout(30_000));
  assert.equal(valueOf(followed, "one"), "3");

  await followed.source.want(secretsOnly(["shop/two"]));
  assert.deepEqual(followed.names("Secret"), []);
  // Waits until requests that were under way are answered.
  await followed.source.sync(AbortSignal.timeout(30_000));
  const before = asked(api).length;
  await write("PATCH", "one", { data: {} });
  await followed.source.sync(AbortSignal.timeout(30_000));
  assert.ok(asked(api).slice(before).every((request) => request.endsWith("metadata.name=two")));
});

test("one that may not be read is forbidden, not missing; nothing waits for it, and it is read as soon as it may be", { timeout: 60_000 }, async (t) => {
  const { api, followed, write } = await open(t);
  await write("POST", "one", secret("one", "1"));
  await followed.started;
  api.forbidden.add("t secrets");
  await followed.source.want(secretsOnly(["shop/one"]));
  assert.equal(followed.source.snapshot.get("Secret", "shop", "one")?.forbidden, true);
  await followed.source.sync(AbortSignal.timeout(30_000));
  await followed.source.want(secretsOnly(["shop/one"]));
  await followed.untilLogged(/^warn needs \w+ on secrets shop\/one: run "sluice rbac" and apply what it prints/);
  api.forbidden.delete("t secrets");
  await followed.until(() => valueOf(followed, "one") === "1");
  assert.equal(followed.source.snapshot.get("Secret", "shop", "one")?.forbidden, undefined);
  assert.equal(followed.log.filter((line) => /^warn .*secrets/.test(line)).length, 1);
});

test("one that was read is kept when the right to it is taken away, and a finding says so", { timeout: 60_000 }, async (t) => {
  const { api, followed, write } = await open(t);
  await write("POST", "one", secret("one", "1"));
  await followed.started;
  await followed.source.want(secretsOnly(["shop/one"]));
  api.forbidden.add("t secrets");
  await followed.source.sync(AbortSignal.timeout(30_000));
  await followed.until(() => followed.source.findings.length === 1);
  assert.deepEqual(followed.source.findings.map(({ code, object }) => [code, object]), [["secret-forbidden", { kind: "Secret", namespace: "shop", name: "one" }]]);
  assert.equal(valueOf(followed, "one"), "1");
  api.forbidden.delete("t secrets");
  await followed.until(() => followed.source.findings.length === 0);
});
