/** What is written to the cluster although a write fails, or is under way at the end. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Built } from "../../src/model/model.ts";
import { parseSettings } from "../../src/settings.ts";
import { createClusterReport } from "../../src/report/cluster/report.ts";
import type { ClusterApi } from "../../src/report/cluster/api.ts";
import { standForElection } from "../../src/report/cluster/leader.ts";
import { Refused, Unreachable } from "../../src/source/kubernetes/failures.ts";
import type { ApiResponse, Connection } from "../../src/source/kubernetes/transport.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import type { Ingress } from "../../src/source/objects.ts";
import { ingress } from "../support/objects.ts";
import { SERVING } from "../support/engine-state.ts";

const ADDRESS = { ip: "192.0.2.1" };
const KEY = "Ingress shop/web";

function version(resourceVersion: string, ingressClassName: string, addresses: readonly object[]): Ingress {
  const { object } = ingress("shop/web");
  return { ...object, metadata: { ...object.metadata, resourceVersion }, spec: { ...object.spec, ingressClassName }, status: { loadBalancer: { ingress: addresses } } } as Ingress;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !holds(); await sleep(5)) assert.ok(Date.now() < deadline, what);
}

/** An API server that grants every request; the first patches of Ingresses are cut off. */
function connectionThat(cutsOff: number, patched: (body: string) => void): Connection {
  let left = cutsOff;
  return {
    server: "", description: "", namespace: "sluice", renewals: 0, close: async () => undefined,
    async request(path, _query, _signal, details = {}) {
      if (path.includes("/ingresses/") && details.method === "PATCH") {
        if (left-- > 0) throw new Unreachable("connection reset");
        patched(details.body ?? "");
      }
      const answer = details.body === undefined ? { metadata: {}, spec: {}, items: [] } : { ...(JSON.parse(details.body) as object), metadata: { resourceVersion: "9" } };
      return { statusCode: 200, headers: {}, body: { json: async () => answer } } as unknown as ApiResponse;
    },
  };
}

const NOTHING_PROGRAMMED = { version: () => undefined, listen: () => () => undefined, take: () => undefined, look: () => undefined, obstacle: () => undefined };

async function leaves(t: TestContext, cutsOff: number): Promise<readonly string[]> {
  const patches: string[] = [];
  const snapshot = new Snapshot();
  const report = createClusterReport({
    settings: parseSettings(["--publish-status-address=192.0.2.1", "--update-status-on-shutdown=false"], "run", {}), snapshot,
    connect: async () => connectionThat(cutsOff, (body) => patches.push(body)),
    programmed: NOTHING_PROGRAMMED, programmedGateways: NOTHING_PROGRAMMED,
    state: () => SERVING, changed: () => undefined, onLease: { notes: () => ({}), noted: () => {} }, log: () => undefined, env: {},
  });
  t.after(() => report.stop());
  const turn = (object: Ingress, ours: boolean): void => {
    snapshot.put(object);
    report.taken({ own: new Map(ours ? [[KEY, { object, refused: false, hosts: [] }]] : []), judged: new Map(), change: { own: new Set([KEY]), judged: new Set() } } as unknown as Built);
  };
  turn(version("1", "nginx", [ADDRESS]), true);
  await report.start();
  await until("it leads", () => report.counts().leading === true);
  turn(version("2", "other", [ADDRESS]), false);
  await until("a patch", () => patches.length > 0);
  await sleep(50);
  return patches;
}

for (const cutsOff of [0, 1, 2]) {
  test(`an Ingress that left us loses our addresses, although the first ${cutsOff} writes are cut off`, async (t) => {
    const patches = await leaves(t, cutsOff);
    assert.deepEqual(patches.map((body) => JSON.parse(body) as object), [{ metadata: { resourceVersion: "2" }, status: { loadBalancer: { ingress: null } } }]);
  });
}

test("a Lease whose renewal is under way at the end is given back all the same", async () => {
  let stored: { metadata: object; spec: { holderIdentity: string } } | undefined;
  let [version, silent] = [0, false];
  const ask: ClusterApi["ask"] = async (_right, _path, signal, details) => {
    if (details?.body === undefined) {
      if (!stored) throw new Refused(404, "not found");
      return structuredClone(stored);
    }
    const given = JSON.parse(details.body) as { metadata: { resourceVersion?: string }; spec: { holderIdentity: string } };
    if (stored && given.metadata.resourceVersion !== `${version}`) throw new Refused(409, "the object has been modified");
    stored = { ...given, metadata: { ...given.metadata, resourceVersion: `${++version}` } };
    if (silent) {
      silent = false;
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    }
    return structuredClone(stored);
  };
  const election = standForElection({ api: { ask } as unknown as ClusterApi, namespace: "sluice", name: "leader", identity: "me", ttl: 2000, log: () => undefined, elected: () => undefined });
  void election.run();
  await until("it leads", () => election.leading);
  const before = version;
  silent = true;
  await until("a renewal arrives", () => version > before);
  await election.resign();
  assert.equal(stored?.spec.holderIdentity, "");
});
