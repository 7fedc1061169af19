/**
 * Random changes under constant traffic of every kind: each answer is the one that the world gives before the change or
 * after it, no stream is closed, and nginx is never reloaded.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ask } from "../support/client.ts";
import { startEcho } from "../support/echo.ts";
import { selfSigned } from "../support/openssl.ts";
import { createRandom } from "../support/random.ts";
import { startSluice, writeFiles, type Sluice } from "../support/sluice.ts";
import { createOracle } from "./random/oracle.ts";
import { startTraffic } from "./random/traffic.ts";
import { createWorld, HOSTS, SHARE_HOST, type World } from "./random/world.ts";
import { runs } from "../support/runs.ts";

const CHANGES = runs(1000);
/** nginx ends an HTTP/2 connection after keep-alive-requests, so the number is high: here one connection must outlive all changes. */
const SETTINGS = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: sluice}
data: {worker-processes: "2", keep-alive-requests: "1000000"}
`;

test(`${CHANGES} random changes: every answer is the one predicted, no stream is closed, nothing is reloaded`, async (t) => {
  const random = createRandom();
  t.diagnostic(`SEED=${random.seed}`);
  const echoes = await Promise.all(Array.from({ length: 6 }, (_, i) => startEcho(`echo-${i}`)));
  t.after(() => Promise.all(echoes.map((echo) => echo.close())));
  const keyPairs = new Map(HOSTS.map((host) => [host as string, [selfSigned([host], `${host} 1`), selfSigned([host], `${host} 2`)]]));
  const world = createWorld(random, echoes, keyPairs);
  const folder = mkdtempSync(join(tmpdir(), "sluice-world-"));
  const files = { ...world.files, "settings.yaml": SETTINGS };
  writeFiles(folder, files);
  const oracle = await createOracle(folder);
  t.after(() => {
    oracle.close();
    rmSync(folder, { recursive: true });
  });
  const sluice = await startSluice({ files, args: ["--configmap=sluice/settings"] });
  t.after(() => sluice.stop());
  const clock = { certain: await oracle.record(), newest: 0 };
  const shareCanaries = new Set(echoes.slice(2, 4).map(({ address, port }) => `${address}:${port}`));
  const traffic = await startTraffic({
    ports: sluice,
    oracle,
    clock: () => clock,
    random: createRandom(random.seed + 1),
    shareCanaries,
    webSockets: 20,
  });
  t.after(() => traffic.stop());
  let reloads = 0;
  for (let i = 0; i < CHANGES; i++) {
    const change = world.change();
    writeFiles(folder, change);
    clock.newest = await oracle.record();
    ({ reloads } = await sluice.apply(change));
    clock.certain = clock.newest;
    assert.deepEqual(traffic.problems.slice(0, 5), [], `SEED=${random.seed}, after change ${i}: ${JSON.stringify(Object.keys(change))}`);
  }
  await traffic.stop();
  await checkShare(sluice, world, shareCanaries, random.seed);
  t.diagnostic(`answers checked: ${JSON.stringify(traffic.counts)}`);
  assert.deepEqual(traffic.problems, [], `SEED=${random.seed}`);
  assert.equal(reloads, 0);
  const { taken, expected, variance, requests } = traffic.share;
  t.diagnostic(`canary share: ${taken} of ${requests} requests, expected ${expected.toFixed(1)}`);
  assert.ok(Math.abs(taken - expected) <= 5 * Math.sqrt(variance) + 1, `canary took ${taken} of ${requests}, expected ${expected} (SEED=${random.seed})`);
});

/** Checks the share of a canary over 2,000 requests at one weight: while weights change, only few requests surely belong to one. */
async function checkShare(sluice: Sluice, world: World, canaries: ReadonlySet<string>, seed: number): Promise<void> {
  const requests = 2000;
  const share = 0.3;
  await sluice.apply(world.share(share * 100));
  const agent = new Agent({ keepAlive: true });
  let taken = 0;
  for (let i = 0; i < requests; i++) {
    const { echo } = await ask({ port: sluice.http, host: SHARE_HOST, agent });
    if (echo && canaries.has(echo.endpoint)) taken++;
  }
  agent.destroy();
  const deviation = Math.sqrt(requests * share * (1 - share));
  assert.ok(Math.abs(taken - requests * share) <= 5 * deviation, `the canary took ${taken} of ${requests} (SEED=${seed})`);
}
