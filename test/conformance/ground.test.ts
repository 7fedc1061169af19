/** The test ground itself: a current API server, the Gateway API's kinds, and pods that answer. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { eventually } from "../support/cluster.ts";
import { groundMissing, startGround, type Ground } from "./ground.ts";
import { KUBERNETES } from "./tools.ts";

const ECHO = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: echo, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}}
    spec:
      containers:
      - name: echo
        image: registry.example/gateway-api/echo-basic:v1
        env:
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
---
apiVersion: v1
kind: Service
metadata: {name: echo, namespace: shop}
spec:
  selector: {app: echo}
  ports: [{port: 80, targetPort: 3000}]
`;

const NAME_SERVER = `
apiVersion: v1
kind: ConfigMap
metadata: {name: dns, namespace: shop}
data: {Corefile: "foo.bar.com:53 { whoami }"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: dns, namespace: shop}
spec:
  selector: {matchLabels: {app: dns}}
  template:
    metadata: {labels: {app: dns}}
    spec:
      containers:
      - {name: dns, image: "registry.example/coredns/coredns:v1", volumeMounts: [{name: conf, mountPath: /root}]}
      volumes: [{name: conf, configMap: {name: dns}}]
`;

/** Asks until something answers: a pod without a probe is ready before its program listens. */
const ASK_NAME_SERVER = `
const { Resolver } = require("dns").promises;
const ask = () => {
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([process.argv[1]]);
  resolver.resolve4("foo.bar.com").catch(({ code }) => (code === "ETIMEOUT" || code === "ECONNREFUSED" ? setTimeout(ask, 50) : console.log(code)));
};
ask();
`;

interface Slices {
  readonly items: readonly { readonly endpoints: readonly { readonly addresses: readonly string[]; readonly conditions: { readonly ready: boolean } }[] | null; readonly ports: readonly { readonly port: number }[] }[];
}

interface Named {
  readonly items: readonly { readonly metadata: { readonly name: string }; readonly status?: { readonly phase?: string; readonly podIP?: string } }[];
}

const slicesPath = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Decho";

test("the test ground", { skip: groundMissing ?? false }, async (t) => {
  let ground: Ground | undefined;
  after(() => ground?.stop());
  const here = (ground = await startGround());

  await t.test("the API server is a current one", async () => {
    const { gitVersion } = (await here.ask("GET", "/version")) as { readonly gitVersion: string };
    assert.equal(gitVersion, KUBERNETES);
    assert.match(gitVersion, /^v1\.37\./);
  });

  await t.test("the Gateway API's kinds are there", async () => {
    const { resources } = (await here.ask("GET", "/apis/gateway.networking.k8s.io/v1")) as { readonly resources: readonly { readonly kind: string }[] };
    for (const kind of ["GatewayClass", "Gateway", "HTTPRoute", "GRPCRoute", "ListenerSet"]) assert.ok(resources.some((one) => one.kind === kind), kind);
  });

  await t.test("a Deployment gets ready pods, which answer at their Service's endpoints", async () => {
    await here.apply(ECHO);
    const { items: [slice] } = await eventually(
      "two ready endpoints", async () => (await here.ask("GET", slicesPath)) as Slices,
      ({ items }) => items.length === 1 && (items[0]!.endpoints ?? []).filter(({ conditions }) => conditions.ready).length === 2,
    );
    const pods = new Set<string>();
    for (const { addresses } of slice!.endpoints ?? []) {
      const url = `http://${addresses[0]}:${slice!.ports[0]!.port}/hello`;
      const { status, text } = await eventually(url, async () => await here.http({ url }).catch(() => ({ status: 0, text: "" })), (answer) => answer.status !== 0);
      assert.equal(status, 200);
      const { path, namespace, pod } = JSON.parse(text) as Readonly<Record<string, string>>;
      assert.deepEqual({ path, namespace }, { path: "/hello", namespace: "shop" });
      pods.add(pod ?? "");
    }
    const { items } = (await here.ask("GET", "/api/v1/namespaces/shop/pods")) as Named;
    assert.deepEqual([...pods].sort(), items.map(({ metadata }) => metadata.name).sort());
  });

  await t.test("the API server gives what a pod printed", async () => {
    const { items: [pod] } = (await here.ask("GET", "/api/v1/namespaces/shop/pods")) as Named;
    assert.match(await here.podLog("shop", pod!.metadata.name), /Starting server/);
  });

  await t.test("a name server stands in for CoreDNS, with its configuration as a volume", async () => {
    await here.apply(NAME_SERVER);
    const [pod] = await eventually(
      "a pod that runs", async () => ((await here.ask("GET", "/api/v1/namespaces/shop/pods?labelSelector=app%3Ddns")) as Named).items, ([one]) => one?.status?.phase === "Running",
    );
    const ask = here.start({ command: process.execPath, args: ["-e", ASK_NAME_SERVER, pod!.status?.podIP ?? ""], env: {}, log: "ask.log" });
    assert.equal(await ask.ended, 0);
    // An answer without addresses: CoreDNS's "whoami" tells the asking address beside it.
    assert.equal(ask.log().trim(), "ENODATA");
  });

  await t.test("a namespace goes with all that is in it", async () => {
    await here.ask("DELETE", "/api/v1/namespaces/shop");
    await eventually("no namespace", async () => (await here.ask("GET", "/api/v1/namespaces")) as Named, ({ items }) => items.every(({ metadata }) => metadata.name !== "shop"));
  });
});

const STARTED_BY_ANOTHER = `
import { startGround } from ${JSON.stringify(join(import.meta.dirname, "ground.ts"))};
console.log((await startGround()).folder);
`;

test("nothing is left of a ground whose owner was killed", { skip: groundMissing ?? false }, async () => {
  const owner = spawn(process.execPath, ["--input-type=module", "-e", STARTED_BY_ANOTHER], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(owner.stdout, "data")) as [Buffer];
  const folder = line.toString().trim();
  assert.ok(processesNaming(folder) >= 3, "unshare, its child, kube-apiserver");
  owner.kill("SIGKILL");
  await eventually("no process", () => processesNaming(folder), (count) => count === 0);
  assert.equal(existsSync(folder), false);
});

function processesNaming(folder: string): number {
  return globSync("/proc/[0-9]*/cmdline").filter((file) => {
    try {
      return readFileSync(file, "utf8").includes(folder);
    } catch {
      return false;
    }
  }).length;
}
