/** A release over two replicas against a real API server: one decides on what both count, and another goes on when it is gone. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startCluster, eventually, HOME, ELECTION, type Cluster } from "../support/cluster.ts";
import { envtestMissing } from "../support/envtest.ts";
import { releaseObjects, rolloutOf, startVersion, startVisitors, untilRollout, type Version } from "../support/release.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const PATHS: Readonly<Record<string, string>> = {
  Ingress: "/apis/networking.k8s.io/v1/namespaces/shop/ingresses", Service: "/api/v1/namespaces/shop/services",
  EndpointSlice: "/apis/discovery.k8s.io/v1beta1/namespaces/shop/endpointslices",
};
const ROLLOUT = "{steps: [20, 50, 100], every: 3s, requests: 100, latency: off}";
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${HOME}/leases/${ELECTION}`;

interface Annotated {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
}

describe("a release over two replicas", { skip: envtestMissing ?? false, timeout: 240_000 }, () => {
  let cluster: Cluster;
  let kubeconfig: string;
  const ended: (() => Promise<unknown>)[] = [];
  const versions: Version[] = [];
  let running: readonly Sluice[] = [];
  const scope = { after: (end: () => Promise<unknown>) => void ended.push(end) };

  const start = async (): Promise<Sluice> => {
    const sluice = await startSluice({ args: [`--kubeconfig=${kubeconfig}`, "--election-ttl=6s", `--election-id=${ELECTION}`] });
    ended.push(() => sluice.stop());
    return sluice;
  };
  const leads = (sluice: Sluice): boolean => sluice.log().lastIndexOf("this replica leads:") > sluice.log().lastIndexOf("leads no more");

  before(async () => {
    cluster = await startCluster();
    await cluster.ask("POST", "/api/v1/namespaces", { metadata: { name: "shop" } });
    kubeconfig = await cluster.account("sluice");
    versions.push(await startVersion(scope as never, "web"), await startVersion(scope as never, "next"));
  });
  after(async () => {
    for (const end of ended.reverse()) await end();
    await cluster?.stop();
  });

  test("the leader judges by what both count, is killed between two steps, and the other goes on where it was", async () => {
    const [one, other] = [await start(), await start()];
    await eventually("a leader", () => [one, other].filter(leads).length, (count) => count === 1);
    const [leader, follower] = leads(one) ? [one, other] : [other, one];
    const [web, next] = versions as [Version, Version];
    for (const object of releaseObjects({ primary: web.port, canary: next.port, rollout: ROLLOUT })) {
      const { kind } = object as { kind: string };
      await cluster.ask("POST", PATHS[kind] as string, kind === "EndpointSlice" ? { ...object, apiVersion: "discovery.k8s.io/v1beta1" } : object);
    }
    await follower.sync();
    // All clients ask the replica that does not decide.
    const visitors = startVisitors(scope as never, follower.http);
    const second = await untilRollout(leader, ({ step }) => step === 2, "at its second step, by what the other replica counted");
    const there = await untilRollout(follower, ({ weight }) => weight === 50, "known to the replica that follows", 5000);
    assert.equal(there.step, second.step);
    const { metadata } = (await cluster.ask("GET", LEASE)) as Annotated;
    assert.ok(metadata?.annotations?.["sluice.ingress/rollouts"], "noted on the Lease");
    process.kill(leader.process.pid as number, "SIGKILL");
    await eventually("another leader", () => leads(follower), (is) => is, 30_000);
    const steps: number[] = [];
    await untilRollout(follower, ({ step, status }) => {
      steps.push(step);
      return status === "ready";
    }, "ready under the new leader");
    assert.ok(steps.every((step) => step >= 2), `no step back: ${steps.join(" ")}`);
    await visitors.stop();
    assert.deepEqual(Object.keys(visitors.got).sort(), ["next 200", "web 200"], JSON.stringify(visitors.got));
    // A replica that starts now knows it from its first moment.
    const third = await start();
    assert.equal((await rolloutOf(third))?.weight, 100);
    const late = startVisitors(scope as never, third.http);
    await sleep(1000);
    await late.stop();
    assert.deepEqual(Object.keys(late.got), ["next 200"], JSON.stringify(late.got));
    const events = (await cluster.ask("GET", "/api/v1/namespaces/shop/events")) as { items?: readonly { reason: string; message: string }[] };
    const told = (events.items ?? []).map(({ reason }) => reason).filter((reason) => reason.startsWith("Rollout"));
    assert.deepEqual([...new Set(told)].sort(), ["RolloutReady", "RolloutStarted", "RolloutStep"]);
    running = [follower, third];
  });

  test("without an API server, and so without a leader, each takes a canary back that turns bad, and none brings it back afterwards", async () => {
    await cluster.gate.close();
    await eventually("no leader", () => running.filter(leads).length, (count) => count === 0, 30_000);
    (versions[1] as Version).manners.errors = 0.5;
    for (const sluice of running) startVisitors(scope as never, sluice.http);
    for (const sluice of running) await untilRollout(sluice, ({ status, weight }) => status === "failed" && weight === 0, "taken back");
    await cluster.gate.open();
    await eventually("a leader again", () => running.filter(leads).length, (count) => count === 1, 60_000);
    await sleep(3000);
    for (const sluice of running) assert.equal((await rolloutOf(sluice))?.status, "failed");
  });
});
