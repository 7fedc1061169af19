/**
 * Every proxy that is installed here, started from its adapter, answers the same requests as every other: what the
 * benchmark compares is the same work. Sluice answers them from the same Site as Kubernetes objects.
 */
import assert from "node:assert/strict";
import { mkdtempSync, chmodSync, rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { CONFIG_MAP, configMap, manifest } from "../../bench/cluster.ts";
import { endAll } from "../../bench/processes.ts";
import { adapterNames, findRivals } from "../../bench/rivals/find.ts";
import { startRival } from "../../bench/rivals/start.ts";
import { objectsOf } from "../../bench/site/objects.ts";
import { SITE_REQUESTS } from "../../bench/site/requests.ts";
import { crowdHost } from "../../bench/site/site.ts";
import { startGround, wrongAnswers } from "../../bench/targets.ts";
import { ask } from "../support/client.ts";
import { startSluice } from "../support/sluice.ts";

const CROWD = 20;
const dir = mkdtempSync("/dev/shm/sluice-test-bench-");
chmodSync(dir, 0o755);
let ground: Awaited<ReturnType<typeof startGround>>;

before(async () => {
  ground = await startGround(`${dir}/ground`);
});
after(async () => {
  await endAll();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

async function asksCrowd(port: number): Promise<void> {
  const given = await ask({ port, host: crowdHost(CROWD - 1) });
  assert.deepEqual([given.status, given.text], [200, "first\n"]);
  assert.equal((await ask({ port, host: crowdHost(CROWD) })).status, 404);
}

const installed = await Promise.all(adapterNames().map(async (name) => ({ name, found: await findRivals({ named: new Map(), against: [name] }).catch(() => []) })));

for (const { name, found } of installed) {
  const [rival] = found;
  test(`${name} answers as the others do`, { skip: rival ? false : `${name} is not installed` }, async () => {
    if (!rival) return;
    const target = await startRival(rival, { dir: `${dir}/${name}`, site: ground.site(CROWD), certificate: ground.certificate, accessLog: true });
    assert.deepEqual(await wrongAnswers(target, rival.rival.can), []);
    await asksCrowd(target.http);
  });
}

test("Sluice answers all of them", async () => {
  const files = { "config.yaml": manifest(configMap({ "worker-processes": "1" })), "site.yaml": manifest(...objectsOf(ground.site(CROWD), ground.certificate)) };
  const sluice = await startSluice({ files, args: [`--configmap=${CONFIG_MAP}`, "--allow-local-targets"] });
  try {
    assert.deepEqual(await wrongAnswers({ proxy: "sluice", http: sluice.http, https: sluice.https, workers: [] }), []);
    await asksCrowd(sluice.http);
  } finally {
    await sluice.stop();
  }
});

test("a proxy that does otherwise is found out", async () => {
  const [http] = ground.site(0).pools.first;
  // The backend alone knows no hosts, users or canaries.
  const wrong = await wrongAnswers({ proxy: "none", http, https: http, workers: [] }, new Set(["plain", "basic", "header"]));
  assert.deepEqual(wrong.map(({ needs }) => needs), ["plain", "header", "basic", "basic"]);
  assert.ok(SITE_REQUESTS.length > 20);
});
