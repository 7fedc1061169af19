/** Credentials that are replaced: the connections of the old ones end as soon as the new ones work, and nothing is lost. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startApiStandIn } from "../../support/api-stand-in.ts";
import { follow, secretsOnly } from "./follow.ts";
import { startGate } from "./gate.ts";

test("a rotated token: every watch goes on over connections of the new one, and none of the old ones stays", { timeout: 60_000 }, async (t) => {
  const api = await startApiStandIn();
  const gate = await startGate(Number(new URL(api.server).port));
  const folder = await mkdtemp(join(tmpdir(), "sluice-rotation-"));
  t.after(async () => {
    await gate.close();
    await api.stop();
    await rm(folder, { recursive: true });
  });
  const [kubeconfig, tokenFile] = [join(folder, "kubeconfig"), join(folder, "token")];
  await writeFile(tokenFile, "one");
  await writeFile(kubeconfig, JSON.stringify({
    clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${gate.port}` } }], users: [{ name: "u", user: { tokenFile } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }], "current-context": "x",
  }));
  const create = async (path: string, name: string): Promise<void> => {
    await fetch(`${api.server}${path}`, { method: "POST", headers: { authorization: `Bearer ${[...api.tokens][0] ?? ""}` }, body: JSON.stringify({ metadata: { name } }) }).then((response) => response.arrayBuffer());
  };
  api.tokens.add("one");
  const followed = follow(t, { kubeconfig });
  await followed.started;
  const watched = (token: string): Set<string> => new Set(api.requests.filter((asked) => asked.token === token && asked.query.get("watch") === "true").map(({ plural }) => plural));
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await sleep(20);
  };
  await until(() => watched("one").size === 6);
  await create("/api/v1/namespaces/shop/secrets", "pair");
  const left = gate.remember();
  assert.ok(left() > 0);

  await writeFile(tokenFile, "two");
  api.tokens.clear();
  api.tokens.add("two");
  // A refused request makes the source read its credentials again; the open watches are not cut.
  await followed.source.want(secretsOnly(["shop/pair"]));
  assert.deepEqual(followed.names("Secret"), ["shop/pair"]);
  await until(() => watched("two").size === 6);
  await until(() => left() === 0);
  await create("/api/v1/namespaces/shop/services", "late");
  await followed.until(() => followed.names("Service").includes("shop/late"));
  assert.equal(followed.source.counts?.credentialRenewals, 1);
  assert.equal(followed.source.counts?.rereads, 0);
  assert.ok(!followed.log.some((line) => line.startsWith("warn")), followed.log.join("\n"));
});
