/**
 * Everything that can happen to a conversation with a real API server, one after the other, to one source: nothing is
 * lost, and each fault is seen by a counter that rises.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { SourceCounts } from "../../../src/source/source.ts";
import { eventually, ingressFor, ingressPath, startCluster, type Cluster } from "../../support/cluster.ts";
import { envtestMissing } from "../../support/envtest.ts";
import { follow, type Followed } from "./follow.ts";

if (envtestMissing) test(envtestMissing, { skip: true });
else describe("faults", { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let kubeconfig: string;
  let followed: Followed;
  const expected = new Set<string>();
  before(async () => {
    cluster = await startCluster();
    kubeconfig = await cluster.account("reader");
    followed = follow({ kubeconfig });
    await followed.started;
  });
  after(async () => {
    followed?.stop();
    await cluster?.stop();
  });

  const create = async (name: string): Promise<void> => {
    await cluster.ask("POST", ingressPath("default"), ingressFor(name, `${name}.example`));
    expected.add(`default/${name}`);
  };
  const remove = async (name: string): Promise<void> => {
    await cluster.ask("DELETE", ingressPath("default", name));
    expected.delete(`default/${name}`);
  };
  const complete = (): Promise<void> => followed.until(() => followed.names("Ingress").join() === [...expected].sort().join());
  /** Runs `fault`, then waits until the source has everything again. */
  const rises = async (counter: keyof SourceCounts, fault: () => Promise<void>): Promise<void> => {
    const before = followed.source.counts?.[counter] ?? 0;
    await fault();
    await complete();
    assert.ok((followed.source.counts?.[counter] ?? 0) > before, `${counter} did not rise: ${JSON.stringify(followed.source.counts)}\n${followed.log.join("\n")}`);
  };

  test("a watch that is cut", () => rises("brokenWatches", async () => {
    await create("before");
    await complete();
    cluster.gate.cut();
    await create("cut");
  }));

  test("an API server that is away", () => rises("outages", async () => {
    await cluster.gate.close();
    await create("meanwhile");
    await remove("before");
    await followed.untilLogged(/connection refused/);
    await cluster.gate.open();
  }));

  test("etcd compacted beyond what the watch has seen, with no watch cache to answer from", () => rises("rereads", async () => {
    await cluster.gate.close();
    await create("compacted");
    await remove("cut");
    await cluster.envtest.compact();
    await cluster.gate.open();
  }));

  test("a token that was rotated", () => rises("credentialRenewals", async () => {
    await cluster.rotate(kubeconfig);
    await create("rotated");
    // The server remembers for some seconds that it knew the old token; each new watch shows it again.
    await eventually("a refused token", () => {
      cluster.gate.cut();
      return followed.source.counts?.credentialRenewals ?? 0;
    }, (renewals) => renewals > 0);
    await remove("compacted");
  }));

  test("an API server that is restarted, with another CA", () => rises("outages", async () => {
    await cluster.restart();
    await create("restarted");
    await remove("rotated");
  }));
});
