/**
 * Everything that can happen to a running Sluice's conversation with a real API server, with the rights that deploy/
 * grants: every request is answered meanwhile, no change is lost, statuses are written, and a counter at /metrics
 * rises at each fault.
 */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { ask } from "../support/client.ts";
import { addressesOf, ELECTION, eventually, HOME, ingressFor, ingressPath, startCluster, type Cluster } from "../support/cluster.ts";
import { runCommand } from "../support/command.ts";
import { envtestMissing } from "../support/envtest.ts";
import { startLoad } from "../support/load.ts";
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

  /** No Ingress here has a Service: a host that Sluice knows answers 503, any other 404. */
  const statusOf = async (name: string): Promise<number> => (await ask({ port: sluice.http, host: `${name}.example` })).status;
  const counted = async (what: string): Promise<number> => {
    const [, number] = new RegExp(`^sluice_source_total\\{what="${what}"\\} ([0-9]+)$`, "m").exec((await sluice.ask("/metrics")).text) ?? [];
    return Number(number);
  };
  let serial = 0;

  /**
   * Checks that all requests are answered during a fault, that its changes take effect, and that `counter` rises.
   * @param during causes the fault, and calls `change`, which makes one Ingress and removes another.
   */
  const survives = async (t: TestContext, counter: string, during: (change: () => Promise<void>) => Promise<void>): Promise<void> => {
    const before = await counted(counter);
    const [gone, made] = [`gone-${serial}`, `gone-${++serial}`];
    const load = startLoad(t, { port: sluice.http, host: "always.example", right: ({ status }) => status === 503 });
    await during(async () => {
      await cluster.ask("POST", ingressPath("default"), ingressFor(made, `${made}.example`));
      await cluster.ask("DELETE", ingressPath("default", gone));
    });
    const { code, stderr } = await runCommand(["wait", `ingress/default/${made}`, `--healthz-port=${sluice.health}`, "--timeout=25s"]);
    assert.equal(code, 0, `${stderr}\n${sluice.log()}`);
    await eventually(`the end of ${gone}`, () => statusOf(gone), (status) => status === 404);
    assert.equal(await statusOf(made), 503);
    await eventually("its status", () => cluster.ask("GET", ingressPath("default", made)), (one) => addressesOf(one).join() === "192.0.2.1");
    await load.more(20);
    assert.deepEqual(await load.problems(), []);
    const now = await eventually(`the counter ${counter}`, () => counted(counter), (number) => number > before);
    assert.ok(now > before);
  };

  test("a watch that is cut", (t) => survives(t, "broken-watches", async (change) => {
    cluster.gate.cut();
    await change();
  }));

  test("an API server that is away", (t) => survives(t, "outages", async (change) => {
    await cluster.gate.close();
    await change();
    await eventually("the log line", () => sluice.log(), (log) => /cannot reach https:.*connection refused/.test(log));
    await cluster.gate.open();
  }));

  test("etcd compacted beyond what the watches have seen", (t) => survives(t, "rereads", async (change) => {
    await cluster.gate.close();
    await change();
    await cluster.envtest.compact();
    await cluster.gate.open();
  }));

  test("a token that was rotated", (t) => survives(t, "credential-renewals", async (change) => {
    const before = await counted("credential-renewals");
    await cluster.rotate(kubeconfig);
    // The server remembers for some seconds that it knew the old token; each new watch shows it again.
    await eventually("a refused token", () => {
      cluster.gate.cut();
      return counted("credential-renewals");
    }, (renewals) => renewals > before);
    await change();
  }));

  test("an API server that is restarted, with another CA and other tokens", (t) => survives(t, "outages", async (change) => {
    await cluster.restart();
    await change();
  }));
});
