/**
 * Installing Sluice in a real cluster's API, with RBAC on: the manifests are applied with kubectl, and a controller with
 * nothing but the rights of their ServiceAccount serves the walk-through, which kubectl applies too. The API server refuses
 * none of the controller's requests.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { demoBackends, type Backends } from "../../src/demo/backends.ts";
import { WALKTHROUGH } from "../../src/demo/walkthrough.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import { INGRESS_NGINX_FLAGS, withoutEffect } from "../../src/settings/ingress-nginx-flags.ts";
import { manifestsSource } from "../../src/source/manifests.ts";
import { takeNetwork, type Network } from "../support/cases/network.ts";
import { ask } from "../support/client.ts";
import { runCommand } from "../support/command.ts";
import { envtestMissing, startEnvtest, type Envtest } from "../support/envtest.ts";
import { kubectl, kubectlMissing, kustomizations, kustomize, objectsIn, type ApiObject } from "../support/kubectl.ts";
import { selfSigned } from "../support/openssl.ts";
import { podOf } from "../support/pod-template.ts";
import { freePorts, ROOT, startSluice, type Sluice } from "../support/sluice.ts";

const NAMESPACE = "ingress-nginx";
const ENV = { POD_NAME: "ingress-nginx-controller-0", POD_NAMESPACE: NAMESPACE };
const DEFAULT_BACKEND = "--default-backend-service=ingress/default-http-backend";

const SELECTOR = { "app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/instance": "ingress-nginx", "app.kubernetes.io/component": "controller" };

/** The arguments of ingress-nginx's own manifests (v1.15.1), and what its chart adds with common values. */
const STOCK = [
  "--publish-service=$(POD_NAMESPACE)/ingress-nginx-controller", "--election-id=ingress-nginx-leader", "--controller-class=k8s.io/ingress-nginx",
  "--ingress-class=nginx", "--configmap=$(POD_NAMESPACE)/ingress-nginx-controller", "--validating-webhook=:8443",
  "--validating-webhook-certificate=/usr/local/certificates/cert", "--validating-webhook-key=/usr/local/certificates/key",
];
const CHART = [
  "--enable-metrics=true", "--ingress-class-by-name", "--watch-ingress-without-class=true", "--health-check-path=/healthz", "-v=2",
  "--report-node-internal-ip-address=false", "--enable-annotation-validation=true", "--sync-rate-limit=0.5", "--profiling=false",
];

/** The objects of ingress-nginx's own manifests, cut down to the parts that differ from ours. */
const STOCK_OBJECTS = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "ingress-nginx", namespace: NAMESPACE }, automountServiceAccountToken: true },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "ingress-nginx-controller", namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: SELECTOR },
      template: {
        metadata: { labels: SELECTOR },
        spec: {
          serviceAccountName: "ingress-nginx",
          containers: [{
            name: "controller",
            image: "ingress-nginx",
            args: ["/nginx-ingress-controller", ...STOCK],
            env: [{ name: "LD_PRELOAD", value: "/usr/local/lib/libmimalloc.so" }],
            lifecycle: { preStop: { exec: { command: ["/wait-shutdown"] } } },
            ports: [{ name: "http", containerPort: 80 }, { name: "https", containerPort: 443 }, { name: "webhook", containerPort: 8443 }],
            securityContext: { runAsUser: 101, capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] } },
            volumeMounts: [{ name: "webhook-cert", mountPath: "/usr/local/certificates/" }],
          }],
          volumes: [{ name: "webhook-cert", secret: { secretName: "ingress-nginx-admission" } }],
        },
      },
    },
  },
];

describe("installing with kubectl", { skip: envtestMissing ?? kubectlMissing ?? false }, () => {
  let api: Envtest;
  let network: Network;
  let backends: Backends;
  let folder: string;
  let sluice: Sluice | undefined;

  const apply = (input: string, ...flags: readonly string[]): string => kubectl(["apply", "-f", "-", ...flags], { input, kubeconfig: api.kubeconfig });
  /** The objects whose API version the API server serves, and the others. */
  const sorted = (objects: readonly ApiObject[]): { served: readonly ApiObject[]; others: readonly ApiObject[] } => {
    const versions = new Set(kubectl(["api-versions"], { kubeconfig: api.kubeconfig }).trim().split("\n"));
    const isServed = ({ apiVersion }: ApiObject): boolean => versions.has(apiVersion);
    return { served: objects.filter(isServed), others: objects.filter((object) => !isServed(object)) };
  };
  const yaml = (objects: readonly object[]): string => JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  /** Writes a kubeconfig with the token of the ServiceAccount and no other right, and gives its path. */
  const kubeconfig = (): string => {
    const token = kubectl(["create", "token", "ingress-nginx", "-n", NAMESPACE], { kubeconfig: api.kubeconfig }).trim();
    const file = join(folder, "service-account.kubeconfig");
    writeFileSync(file, JSON.stringify({
      clusters: [{ name: "c", cluster: { server: api.server, "certificate-authority": api.ca } }],
      users: [{ name: "u", user: { token } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    }), { mode: 0o600 });
    return file;
  };
  const run = async (args: readonly string[], command = "run"): Promise<Sluice> => {
    await sluice?.stop();
    sluice = await startSluice({ command, args: [`--kubeconfig=${kubeconfig()}`, ...args.map(substituted)], env: ENV });
    await sluice.sync();
    return sluice;
  };

  before(async () => {
    api = await startEnvtest();
    network = await takeNetwork();
    folder = mkdtempSync(join(tmpdir(), "sluice-install-"));
    backends = demoBackends({ notFound: "default-http-backend", standIns: false });
  });
  after(async () => {
    await sluice?.stop();
    await backends?.close();
    await network?.close();
    await api?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("kubectl applies the base over ingress-nginx's own manifests, of which nothing is left; what this API server does not serve is named", (t) => {
    const { served, others } = sorted(objectsIn(kustomize("base")));
    apply(yaml(STOCK_OBJECTS));
    apply(yaml(served));
    const live = JSON.parse(kubectl(["get", "deployment", "ingress-nginx-controller", "-n", NAMESPACE, "-o", "json"], { kubeconfig: api.kubeconfig })) as ApiObject;
    const written = JSON.stringify(podOf([live]));
    for (const old of ["webhook", "LD_PRELOAD", "wait-shutdown", "NET_BIND_SERVICE", "/nginx-ingress-controller"]) assert.ok(!written.includes(old), `${old} is left in ${written}`);
    assert.deepEqual(podOf([live]).spec.containers.map(({ name }) => name), ["controller", "nginx"]);
    t.diagnostic(`applied: ${served.map(({ kind }) => kind).join(", ")}`);
    t.diagnostic(`not served by this API server, so held to the published schemas alone: ${others.map(({ apiVersion, kind }) => `${kind} (${apiVersion})`).join(", ")}`);
  });

  test("every overlay passes a dry run of the API server", () => {
    for (const overlay of kustomizations()) {
      const { served } = sorted(objectsIn(kustomize(overlay)));
      assert.match(apply(yaml(served), "--dry-run=server"), /ingress-nginx-controller/);
    }
  });

  test("with the rights of the ServiceAccount alone the walk-through is served", async (t) => {
    const examples = join(folder, "examples");
    cpSync(join(ROOT, "examples"), examples, { recursive: true });
    for (const name of readdirSync(examples, { recursive: true, encoding: "utf8" }).filter((one) => one.endsWith(".yaml"))) {
      const file = join(examples, name);
      const text = readFileSync(file, "utf8")
        // Endpoints get loopback addresses of this run's own. Addresses of Services go: a cluster chooses those itself.
        .replace(/^ *clusterIP: 127\..*\n/gm, "").replaceAll("127.0.1.", "10.0.1.");
      writeFileSync(file, network.toLocal(text));
    }
    const { chain, key } = selfSigned(["tomcat.lucky.com"], "tomcat");
    writeFileSync(join(folder, "tls.crt"), chain);
    writeFileSync(join(folder, "tls.key"), key);
    const admin = { kubeconfig: api.kubeconfig };
    kubectl(["create", "namespace", "ingress"], admin);
    kubectl(["apply", "-R", "-f", examples], admin);
    kubectl(["create", "secret", "tls", "tomcat-ingress-secret", `--cert=${join(folder, "tls.crt")}`, `--key=${join(folder, "tls.key")}`], admin);
    await followExamples(examples, backends);

    const [controller] = podOf(objectsIn(kustomize("base"))).spec.containers;
    const own = (controller?.args ?? []).filter((word) => word.startsWith("--") && !["--external-agent", "--runtime-dir", "--shutdown"].some((flag) => word.startsWith(flag)));
    assert.ok(own.length > 3);
    const { http, https, health } = await run([...own, DEFAULT_BACKEND]);
    for (const { title, cases } of WALKTHROUGH) {
      // Leaves out requests to ports of nodes and Services: in a cluster kube-proxy serves those.
      for (const { host, path, tls, headers, expect, title: what } of cases.filter(({ direct }) => direct === undefined)) {
        const answer = await ask({ port: tls ? https : http, path, host: host ?? "127.0.0.1", tls: tls === true, ...(headers ? { headers } : {}) });
        const service = /^(\S+) at /.exec(answer.text)?.[1] ?? "";
        if ("percent" in expect) assert.ok([expect.service, expect.other].includes(service), `${title}: ${what}: ${answer.text}`);
        else assert.deepEqual([answer.status, service], [expect.status, expect.service], `${title}: ${what}`);
        if (tls) assert.equal(answer.certificate?.subject.CN, "tomcat");
      }
    }
    const read = (...what: readonly string[]): string => kubectl(["get", ...what], admin).trim();
    await until("the status of an Ingress", () => read("ingress", "tomcat", "-o", "jsonpath={.status.loadBalancer.ingress}") !== "");
    await until("an Event", () => read("events", "-A", "-o", "jsonpath={.items[?(@.involvedObject.kind=='Ingress')].reason}") !== "");
    assert.match(read("lease", "-n", NAMESPACE, "-o", "name"), /ingress-nginx-leader/);
    const waited = await runCommand(["wait", "ingress/default/tomcat", `--healthz-port=${health}`, "--healthz-host=127.0.0.1"]);
    assert.equal(waited.code, 0, waited.stderr);
    await nothingRefused(sluice);
    t.diagnostic(`arguments: ${own.join(" ")}`);
  });

  test("the arguments and the ConfigMap of ingress-nginx's manifests start Sluice, and it says what has no effect", async () => {
    kubectl(["patch", "configmap", "ingress-nginx-controller", "-n", NAMESPACE, "--type=merge", `--patch={"data":{"allow-snippet-annotations":"false"}}`],
      { kubeconfig: api.kubeconfig });
    const [webhook] = await freePorts(1);
    const local = [...STOCK, ...CHART].map((word) => word
      .replace("=:8443", `=127.0.0.1:${webhook}`)
      .replace("/usr/local/certificates/cert", join(folder, "tls.crt"))
      .replace("/usr/local/certificates/key", join(folder, "tls.key")));
    const { http, log, ask: askHealth } = await run(local, "/nginx-ingress-controller");
    assert.equal((await ask({ port: http, host: "tomcat.lucky.com" })).status, 200);
    const without = INGRESS_NGINX_FLAGS.map(({ flag }) => `${flag.length === 1 ? "-" : "--"}${flag}`);
    const given = [...STOCK, ...CHART].map((word) => word.replace(/=.*/, "")).filter((flag) => without.includes(flag));
    assert.ok(given.length > 0);
    for (const sentence of withoutEffect(given)) assert.ok(log().includes(sentence), `"${sentence}" is not in\n${log()}`);
    await nothingRefused(sluice);
    const findings = JSON.parse((await askHealth("/api/v1/findings")).text) as readonly Finding[];
    assert.deepEqual(findings.filter(({ code }) => code.startsWith("config-")), []);
  });
});

/** Replaces `$(NAME)`, as the kubelet does in a container's arguments. */
function substituted(word: string): string {
  return word.replace(/\$\((\w+)\)/g, (_, name: keyof typeof ENV) => ENV[name]);
}

async function followExamples(folder: string, backends: Backends): Promise<void> {
  const source = manifestsSource({ folders: [folder], log: () => undefined });
  const enough = new AbortController();
  await source.start(() => undefined, enough.signal);
  enough.abort();
  await backends.follow(source.snapshot);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `${what}: not within 30 s`);
    await sleep(100);
  }
}

async function nothingRefused(sluice: Sluice | undefined): Promise<void> {
  assert.ok(sluice);
  const findings = JSON.parse((await sluice.ask("/api/v1/findings")).text) as readonly Finding[];
  assert.deepEqual(findings.filter(({ code, sentence }) => code.includes("forbidden") || /may not (get|list|watch|create|update|patch)/.test(sentence)), []);
  assert.doesNotMatch(sluice.log(), /forbidden|\b403\b|may not (get|list|watch|create|update|patch)/i);
}
