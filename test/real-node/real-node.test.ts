/**
 * Sluice as it is installed: two containers in a pod, probed, restarted, rolled and drained by a real kubelet; requests come
 * through kube-proxy. The test takes minutes, so it runs only on request: `npm run test:node`, as root.
 *
 * Requests come at a steady rate, each on a connection of its own. None may fail, except for those that were under way in a
 * killed pod or container, or that were sent there before the cluster took it out of its Services.
 */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../support/cluster.ts";
import { kustomize, objectsIn, type ApiObject } from "../support/kubectl.ts";
import { tlsSecret } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { nodeMissing, startNode, type RealNode } from "../support/real-node.ts";
import type { Load } from "./load.ts";

const HOME = "ingress-nginx";
const CONTROLLER = "ingress-nginx-controller";
const PORTS = { http: 30_080, https: 30_443 };
const REPLICAS = 2;

describe("containers in a real node", { skip: nodeMissing ?? false }, () => {
  let node: RealNode;

  const get = <T>(...args: string[]): T => JSON.parse(node.kubectl(["get", "-o", "json", ...args])) as T;
  const rolledOut = (...args: string[]): string => node.kubectl(["rollout", "status", "--timeout=55s", ...args]);
  const served = (): string[] => addressesOf(get<Endpoints>("-n", HOME, "endpoints", CONTROLLER));
  const pods = (): Pod[] => get<{ items: Pod[] }>("-n", HOME, "pods", "-l", "app.kubernetes.io/component=controller").items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const isReady = ({ status: { containerStatuses = [] } }: Pod): boolean => containerStatuses.length > 0 && containerStatuses.every(({ ready }) => ready);
  /** Waits until every container is ready and every replica is behind the Service. */
  const whole = (): Promise<unknown> =>
    eventually("both replicas", () => pods().filter(isReady).map(({ status }) => status.podIP), (ready) => ready.length === REPLICAS && ready.sort().join() === served().sort().join());

  /** Waits until kube-proxy leads no connection to this address any more. */
  const turnedAway = (address: string): Promise<unknown> =>
    eventually(`${address} out of the Service`, () => !served().includes(address) && !node.node("iptables-save", "-t", "nat").includes(` ${address}:`), Boolean);

  const killContainer = ({ status: { containerStatuses = [] } }: Pod, name: string): void => {
    const id = containerStatuses.find((one) => one.name === name)?.containerID.replace("containerd://", "") ?? "";
    node.node("ctr", "-n", "k8s.io", "task", "kill", "-s", "KILL", id);
  };

  /** Sends requests while `work` is done, and gives their number and those that failed. */
  const under = async (work: () => Promise<unknown>): Promise<Load> => {
    const load = await node.load(PORTS.http, "echo.example");
    try {
      await work();
      await sleep(500);
    } finally {
      load.stop().catch(() => undefined);
    }
    return load.stop();
  };

  const told = (t: TestContext, what: string, { sent, failures }: Load): void => t.diagnostic(`${what}: ${failures.length} of ${sent} requests failed ${JSON.stringify(failures.slice(0, 5))}`);

  const nothingFails = async (t: TestContext, what: string, work: () => Promise<unknown>): Promise<void> => {
    const load = await under(work);
    told(t, what, load);
    assert.deepEqual(load.failures, [], what);
    assert.ok(load.sent > 50, `${load.sent} requests`);
  };

  /**
   * Kills something of a pod. Requests may fail on connections to it, until the cluster sends no more connections there; after
   * that, none may fail. Gives the requests of the first time.
   */
  const killedAlone = async (t: TestContext, what: string, pod: Pod, kill: () => void): Promise<Load> => {
    await whole();
    const load = await under(async () => {
      kill();
      await turnedAway(pod.status.podIP ?? "");
    });
    told(t, `${what}, until the cluster sends nobody there`, load);
    for (const { why } of load.failures) assert.match(why, /^(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ETIMEDOUT)$/, "an answer that Sluice gave");
    await nothingFails(t, `${what}, from then until it is back`, whole);
    return load;
  };

  before(() => {
    node = startNode();
  });
  after(() => node?.stop());

  test("it is installed, answers through both replicas, and follows the walk-through", async (t) => {
    node.apply(installation());
    node.apply(node.examples);
    await eventually("Sluice, rolled out", () => rolledOut("-n", HOME, `deployment/${CONTROLLER}`), (text) => text.includes("successfully"));
    rolledOut("deployment/echo");
    await whole();
    const asked = (...args: string[]): string => node.client("curl", "-sS", "-i", "--retry", "9", "--retry-all-errors", "--max-time", "10", ...args);
    const http = `http://${node.address}:${PORTS.http}`;
    assert.match(asked("-f", "-H", "host: echo.example", `${http}/path`), /^x-version: v1\r$/m);

    node.apply(canary(node.examples));
    rolledOut("deployment/echo-v2");
    await eventually("the canary", () => asked("-H", "host: echo.example", "-H", "version: v2", `${http}/`), (text) => /^x-version: v2\r$/m.test(text));
    assert.match(asked("-f", "-H", "host: echo.example", `${http}/`), /^x-version: v1\r$/m);

    node.apply([...objectsIn(tlsSecret("tls", selfSigned(["tls.example"], "tls.example"), "default")), overTls(node.examples)]);
    const resolve = ["--resolve", `tls.example:${PORTS.https}:${node.address}`, "-k", "-v"];
    await eventually("the certificate", () => node.client("sh", "-c", `curl -sS --max-time 10 ${resolve.join(" ")} https://tls.example:${PORTS.https}/ 2>&1`), (text) => text.includes("CN=tls.example"));
    assert.match(asked("-H", "host: tls.example", `${http}/`), /^HTTP\/1\.1 308 /);
    const addresses = get<{ status: { loadBalancer: { ingress?: object[] } } }>("ingress", "echo");
    t.diagnostic(`status of the Ingress: ${JSON.stringify(addresses.status)}`);
  });

  test("a rolling update of a backend loses nothing", (t) =>
    nothingFails(t, "rolling update of the backend", async () => {
      node.kubectl(["rollout", "restart", "deployment/echo"]);
      await node.kubectlAsync(["rollout", "status", "--timeout=120s", "deployment/echo"]);
    }));

  test("a rolling update of Sluice loses nothing", (t) =>
    nothingFails(t, "rolling update of Sluice", async () => {
      node.kubectl(["-n", HOME, "rollout", "restart", `deployment/${CONTROLLER}`]);
      await node.kubectlAsync(["-n", HOME, "rollout", "status", "--timeout=180s", `deployment/${CONTROLLER}`]);
      await eventually("the old pods' end", () => get<{ items: Pod[] }>("-n", HOME, "pods").items.length, (count) => count === REPLICAS);
    }));

  test("a pod that is deleted loses nothing", (t) =>
    nothingFails(t, "a pod deleted", async () => {
      const [pod] = pods();
      await node.kubectlAsync(["-n", HOME, "delete", "pod", pod?.metadata.name ?? "", "--timeout=120s"]);
      await whole();
    }));

  test("a controller that is killed loses nothing", (t) =>
    nothingFails(t, "the controller's container killed", async () => {
      const [pod] = pods() as [Pod];
      killContainer(pod, "controller");
      await eventually("its restart", () => restartsOf(pods(), pod.metadata.name, "controller"), (count) => count === 1);
      await whole();
    }));

  test("an nginx container that is killed gets traffic again when it listens", async (t) => {
    const [{ metadata: { name } }] = pods() as [Pod];
    // The second time, the kubelet waits before it starts the container anew.
    for (const time of ["first", "second"]) {
      const pod = pods().find(({ metadata }) => metadata.name === name) as Pod;
      const { failures } = await killedAlone(t, `nginx's container killed for the ${time} time`, pod, () => killContainer(pod, "nginx"));
      assert.ok(failures.length > 0, "what was killed had no traffic, so nothing is shown");
      assert.equal(restartsOf(pods(), name, "nginx"), time === "first" ? 1 : 2);
    }
  });

  test("a pod that is killed without a word is replaced", async (t) => {
    const [, pod] = pods() as [Pod, Pod];
    await killedAlone(t, "a pod killed", pod, () => void node.kubectl(["-n", HOME, "delete", "pod", pod.metadata.name, "--grace-period=0", "--force", "--wait=false"]));
  });

  test("a drain takes one replica and leaves the other, and loses nothing", (t) =>
    nothingFails(t, "a drain", async () => {
      const drain = node.kubectlAsync(["drain", "realnode", "--pod-selector=app.kubernetes.io/component=controller", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=40s"]);
      // There is no other node for the replica that went, so the disruption budget keeps the other one, and the drain fails.
      await assert.rejects(drain);
      assert.equal(pods().filter(({ status }) => status.phase === "Running").length, REPLICAS - 1);
      node.kubectl(["uncordon", "realnode"]);
      await whole();
    }));

  test("it is removed, and nothing stays", async (t) => {
    const begun = performance.now();
    await node.kubectlAsync(["-n", HOME, "delete", "deployment", CONTROLLER, "--cascade=foreground", "--timeout=120s"]);
    await node.kubectlAsync(["delete", "namespace", HOME, "--timeout=60s"]);
    t.diagnostic(`removed in ${Math.round((performance.now() - begun) / 1000)} s`);
    assert.equal(node.node("sh", "-c", "ctr -n k8s.io containers ls | grep -c sluice || true").trim(), "0");
  });
});

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly { readonly name: string; readonly containerID: string; readonly ready: boolean; readonly restartCount: number }[];
  };
}

interface Endpoints {
  readonly subsets?: readonly { readonly addresses?: readonly { readonly ip: string }[] }[];
}

function addressesOf({ subsets = [] }: Endpoints): string[] {
  return subsets.flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip));
}

function restartsOf(pods: readonly Pod[], name: string, container: string): number {
  return pods.find(({ metadata }) => metadata.name === name)?.status.containerStatuses?.find((one) => one.name === container)?.restartCount ?? 0;
}

/** The manifests as an operator applies them to this release of Kubernetes, which has no policy/v1 yet; with the node ports that the tests ask. */
function installation(): ApiObject[] {
  return objectsIn(kustomize("overlays/node-port")).map((object) => {
    if (object.kind === "PodDisruptionBudget") return { ...object, apiVersion: "policy/v1beta1" };
    if (object.kind !== "Service" || object.metadata.name !== CONTROLLER) return object;
    const spec = object["spec"] as { ports: { name: "http" | "https" }[] };
    return { ...object, spec: { ...spec, ports: spec.ports.map((port) => ({ ...port, nodePort: PORTS[port.name] })) } };
  });
}

/** A second copy of the example: its version 2, for requests that ask for that. */
function canary(examples: readonly ApiObject[]): ApiObject[] {
  const text = JSON.stringify(examples).replaceAll('"echo"', '"echo-v2"').replace('"value":"v1"', '"value":"v2"');
  const annotations = { canary: "true", "canary-by-header": "version", "canary-by-header-value": "v2" };
  const prefixed = Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]));
  return (JSON.parse(text) as ApiObject[]).map((object) => (object.kind === "Ingress" ? { ...object, metadata: { ...object.metadata, annotations: prefixed } } : object));
}

/** The example's Ingress for a host with a certificate. */
function overTls(examples: readonly ApiObject[]): ApiObject {
  const ingress = examples.find(({ kind }) => kind === "Ingress");
  const { metadata, spec, ...rest } = JSON.parse(JSON.stringify(ingress).replaceAll("echo.example", "tls.example")) as ApiObject;
  return { ...rest, metadata: { ...metadata, name: "tls" }, spec: { ...(spec as object), tls: [{ hosts: ["tls.example"], secretName: "tls" }] } };
}
