/**
 * Everything that can happen to a running Sluice's conversation with a real API server, with the rights that deploy/
 * grants: every request is answered meanwhile, nothing that was changed is lost, its status is written, and each fault is
 * seen by a counter at /metrics that rises.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../support/client.ts";
import { addressesOf, ELECTION, eventually, HOME, ingressFor, ingressPath, startCluster, type Cluster } from "../support/cluster.ts";
import { runCommand } from "../support/command.ts";
import { envtestMissing } from "../support/envtest.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

if (envtestMissing) test(envtestMissing, { skip: true });
else describe("faults of an API server", { timeout: 280_000 }, () => {
  let cluster: Cluster;
  let kubeconfig: string;
  let sluice: Sluice;
  before(async () => {
    cluster = await startCluster();
    kubeconfig = await cluster.account("sluice");
    await cluster.ask("POST", ingressPath("default"), ingressFor("always", "always.example"));
    await cluster.ask("POST", ingressPath("default"), ingressFor("gone-0", "gone-0.example"));
    sluice = await startSluice({
      args: [`--kubeconfig=${kubeconfig}`, "--publish-status-address=192.0.2.1", "--election-ttl=4s", `--election-id=${ELECTION}`],
      env: { POD_NAME: "sluice-1", POD_NAMESPACE: HOME },
    });
  });
  after(async () => {
    await sluice?.stop();
    await cluster?.stop();
  });

  /** No Ingress here has a Service: 503 is the answer of a host that is known, 404 of any other. */
  const statusOf = async (name: string): Promise<number> => (await ask({ port: sluice.http, host: `${name}.example` })).status;
  const counted = async (what: string): Promise<number> => {
    const [, number] = new RegExp(`^sluice_source_total\\{what="${what}"\\} ([0-9]+)$`, "m").exec((await sluice.ask("/metrics")).text) ?? [];
    return Number(number);
  };
  let serial = 0;

  /** `during` runs while one Ingress is made and another removed, by calling `change`. */
  const survives = async (counter: string, during: (change: () => Promise<void>) => Promise<void>): Promise<void> => {
    const before = await counted(counter);
    const [gone, made] = [`gone-${serial}`, `gone-${++serial}`];
    const problems: string[] = [];
    let sent = 0;
    let stopping = false;
    const traffic = (async () => {
      for (; !stopping; sent++) {
        const status = await statusOf("always").catch((error: Error) => error.message);
        if (status !== 503) problems.push(`${status}`);
      }
    })();
    try {
      await during(async () => {
        await cluster.ask("POST", ingressPath("default"), ingressFor(made, `${made}.example`));
        await cluster.ask("DELETE", ingressPath("default", gone));
      });
      const { code, stderr } = await runCommand(["wait", `ingress/default/${made}`, `--healthz-port=${sluice.health}`, "--timeout=25s"]);
      assert.equal(code, 0, `${stderr}\n${sluice.log()}`);
      await eventually(`the end of ${gone}`, () => statusOf(gone), (status) => status === 404);
      assert.equal(await statusOf(made), 503);
      await eventually("its status", () => cluster.ask("GET", ingressPath("default", made)), (one) => addressesOf(one).join() === "192.0.2.1");
      while (sent <= 20) await sleep(5);
    } finally {
      stopping = true;
      await traffic;
    }
    assert.deepEqual(problems, []);
    const now = await eventually(`the counter ${counter}`, () => counted(counter), (number) => number > before);
    assert.ok(now > before);
  };

  test("a watch that is cut", () => survives("broken-watches", async (change) => {
    cluster.gate.cut();
    await change();
  }));

  test("an API server that is away", () => survives("outages", async (change) => {
    await cluster.gate.close();
    await change();
    await eventually("the log line", () => sluice.log(), (log) => /cannot reach https:.*connection refused/.test(log));
    await cluster.gate.open();
  }));

  test("etcd compacted beyond what the watches have seen", () => survives("rereads", async (change) => {
    await cluster.gate.close();
    await change();
    await cluster.envtest.compact();
    await cluster.gate.open();
  }));

  test("a token that was rotated", () => survives("credential-renewals", async (change) => {
    const before = await counted("credential-renewals");
    await cluster.rotate(kubeconfig);
    // The server remembers for some seconds that it knew the old token; each new watch shows it again.
    await eventually("a refused token", () => {
      cluster.gate.cut();
      return counted("credential-renewals");
    }, (renewals) => renewals > before);
    await change();
  }));

  test("an API server that is restarted, with another CA and other tokens", () => survives("outages", async (change) => {
    await cluster.restart();
    await change();
  }));
});
