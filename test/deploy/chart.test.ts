/**
 * deploy/chart gives the objects of deploy/kustomize, and no others: with the values of each overlay its rendering is
 * compared with the overlay's golden file. Helm renders it where helm is installed, our subset of its templates everywhere.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { goldenFile } from "../support/golden.ts";
import { renderChart, type Values } from "../support/helm-subset.ts";
import { kubectlMissing, objectsIn, withComponents, type ApiObject } from "../support/kubectl.ts";
import { complaint, schemasMissing } from "../support/published-schemas.ts";
import { ROOT } from "../support/sluice.ts";

const CHART = join(ROOT, "deploy/chart");
const RELEASE = { name: "ingress-nginx", namespace: "ingress-nginx" };

/** The helm to run: the environment variable HELM may give its path. */
const HELM = process.env["HELM"] ?? "helm";
const helmMissing = spawnSync(HELM, ["version"]).status === 0
  ? undefined
  : "SKIPPED, NOTHING PROVEN BY HELM ITSELF: helm is not installed; the subset of its templates was rendered instead";

/** Overlay → the values with which the chart gives the same objects. */
const OVERLAYS: Readonly<Record<string, Values>> = {
  "load-balancer": {},
  "node-port": { controller: { service: { type: "NodePort", externalTrafficPolicy: "" } } },
  base: { controller: { service: { type: "ClusterIP" } } },
  "host-network": { controller: { kind: "DaemonSet", hostNetwork: true, reportNodeInternalIp: true, service: { enabled: false }, updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } } } },
};

/** Sets every value that adds something, so that each line of the templates is rendered once. */
const MUCH: Values = {
  fullnameOverride: "edge", commonLabels: { team: "web" }, imagePullSecrets: [{ name: "registry" }],
  controller: {
    image: { digest: "sha256:0123456789012345678901234567890123456789012345678901234567890123", pullPolicy: "Always" },
    config: { "proxy-body-size": "8m", "use-gzip": true, "keep-alive": 75 }, configAnnotations: { a: "b" }, allowSnippetAnnotations: true, extraArgs: { v: 2, "default-ssl-certificate": "shop/pair" },
    extraEnvs: [{ name: "TZ", value: "UTC" }], dnsPolicy: "None", electionID: "mine", ingressClassByName: true, watchIngressWithoutClass: true,
    ingressClassResource: { name: "other", default: true, annotations: { c: "d" } }, scope: { namespaceSelector: "a=b" }, annotations: { e: "f" }, podAnnotations: { g: "h" },
    podLabels: { i: "j" }, updateStrategy: { type: "Recreate" }, minReadySeconds: 5, tolerations: [{ operator: "Exists" }], priorityClassName: "system-cluster-critical",
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: "k", operator: "Exists" }] }] } } },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }], autoscaling: { enabled: true, behavior: { scaleDown: { stabilizationWindowSeconds: 300 } } },
    service: { annotations: { k: "l" }, labels: { m: "n" }, loadBalancerIP: "192.0.2.9", loadBalancerClass: "example.com/lb", loadBalancerSourceRanges: ["10.0.0.0/8"], externalIPs: ["192.0.2.1"], ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv4"], nodePorts: { http: 30080, https: 30443 } },
    admissionWebhooks: { enabled: true, failurePolicy: "Fail", caBundle: "Y2E=", annotations: { u: "v" } },
    dashboard: { enabled: true, tokenReview: true }, gatewayApi: { enabled: true },
    metrics: { enabled: true, service: { annotations: { o: "p" } }, serviceMonitor: { enabled: true, additionalLabels: { q: "r" } } },
  },
  serviceAccount: { name: "robot", annotations: { s: "t" } }, tcp: { 9000: "shop/db:9000" }, udp: { 53: "kube-system/dns:53" },
};
const SCOPED: Values = { controller: { scope: { enabled: true }, publishService: { pathOverride: "other/front" } }, rbac: { create: false }, serviceAccount: { create: false } };

type Renderer = (values: Values) => readonly ApiObject[];

const bySubset: Renderer = (values) => inOrder(objectsIn(renderChart(CHART, RELEASE, values)));

const byHelm: Renderer = (values) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-values-"));
  try {
    const file = join(folder, "values.json");
    writeFileSync(file, JSON.stringify(values));
    const { status, stdout, stderr } = spawnSync(HELM, ["template", RELEASE.name, CHART, "--namespace", RELEASE.namespace, "--values", file,
      "--kube-version", "1.30.0"], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return inOrder(objectsIn(stdout));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

for (const [overlay, values] of Object.entries(OVERLAYS)) {
  test(`the chart, rendered by the subset, is deploy/kustomize's ${overlay}`, () => assert.deepEqual(bySubset(values), installed(overlay)));
}

describe("the chart, rendered by helm itself", { skip: helmMissing ?? false }, () => {
  for (const [overlay, values] of Object.entries(OVERLAYS)) {
    test(`is deploy/kustomize's ${overlay}`, () => assert.deepEqual(byHelm(values), installed(overlay)));
  }

  test("is what the subset gives, with every value set", () => {
    for (const values of [MUCH, SCOPED]) assert.deepEqual(bySubset(values), byHelm(values));
  });
});

test("the chart's webhook is the component's", { skip: kubectlMissing ?? false }, () => {
  const values = { controller: { service: { type: "ClusterIP" }, admissionWebhooks: { enabled: true } } };
  assert.deepEqual(bySubset(values), inOrder(withComponents("base", ["admission-webhook"]).filter(({ kind }) => kind !== "Namespace")));
});

test("the chart's Gateways are those of the component", { skip: kubectlMissing ?? false }, () => {
  const values = { controller: { service: { type: "ClusterIP" }, gatewayApi: { enabled: true } } };
  assert.deepEqual(bySubset(values), inOrder(withComponents("base", ["gateway-api"]).filter(({ kind }) => kind !== "Namespace")));
});

test("the chart's dashboard is that of the components", { skip: kubectlMissing ?? false }, () => {
  const service = { type: "ClusterIP" };
  const values = { controller: { service, dashboard: { enabled: true, tokenReview: true } } };
  assert.deepEqual(bySubset(values), inOrder(withComponents("base", ["dashboard", "dashboard-token-review"]).filter(({ kind }) => kind !== "Namespace")));
  assert.deepEqual(bySubset({ controller: { service, dashboard: { enabled: true } } }), inOrder(withComponents("base", ["dashboard"]).filter(({ kind }) => kind !== "Namespace")));
});

test("what comes of the values is valid by the published schemas", { skip: schemasMissing ?? false }, async (t) => {
  const objects = [...bySubset(MUCH), ...bySubset(SCOPED)];
  const published = objects.filter(({ apiVersion }) => !apiVersion.startsWith("monitoring.coreos.com/"));
  for (const object of published) assert.equal(await complaint(object), undefined, `${object.kind} ${object.metadata.name}`);
  t.diagnostic(`valid: ${[...new Set(published.map(({ apiVersion, kind }) => `${kind} (${apiVersion})`))].join(", ")}`);
  assert.ok(published.some(({ kind }) => kind === "HorizontalPodAutoscaler"));
});

test("flags of the values are Sluice's, and given once", () => {
  const [workload] = bySubset(MUCH).filter(({ kind }) => kind === "Deployment");
  const text = JSON.stringify(workload);
  for (const flag of ["--election-id=mine", "--ingress-class-by-name", "--watch-ingress-without-class", "--watch-namespace-selector=a=b", "--enable-metrics",
    "--tcp-services-configmap=$(POD_NAMESPACE)/edge-tcp", "--udp-services-configmap=$(POD_NAMESPACE)/edge-udp", "--default-ssl-certificate=shop/pair", "--v=2"]) {
    assert.equal(text.split(`"${flag}"`).length, 2, flag);
  }
});

test("the Service that is published is the chart's own, or any other that pathOverride names", () => {
  const published = (values: Values): readonly string[] => JSON.stringify(bySubset({ controller: values })).match(/--publish-service=[^"]*/g) ?? [];
  const none = { enabled: false };
  assert.deepEqual(published({}), ["--publish-service=$(POD_NAMESPACE)/ingress-nginx-controller"]);
  assert.deepEqual(published({ service: none }), []);
  assert.deepEqual(published({ service: none, publishService: { pathOverride: "other/front" } }), ["--publish-service=other/front"]);
  assert.deepEqual(published({ publishService: { enabled: false, pathOverride: "other/front" } }), []);
});

for (const [value, values] of Object.entries<Values>({
  "controller.proxySetHeaders": { controller: { proxySetHeaders: { a: "b" } } },
  "controller.addHeaders": { controller: { addHeaders: { a: "b" } } },
  defaultBackend: { defaultBackend: { enabled: true } },
  "controller.hostPort": { controller: { hostPort: { enabled: true } } },
})) {
  test(`${value} of ingress-nginx's chart is refused with what to do instead`, () => {
    assert.throws(() => bySubset(values), (error: Error) => error.message.startsWith(`${value}: `));
  });
}

/** The objects of an overlay without its Namespace: a chart is installed into a namespace that exists. */
function installed(overlay: string): readonly ApiObject[] {
  return inOrder(objectsIn(readFileSync(goldenFile(overlay), "utf8")).filter(({ kind }) => kind !== "Namespace"));
}

/** Sorts objects for comparison, because their order means nothing. */
function inOrder(objects: readonly ApiObject[]): readonly ApiObject[] {
  const key = ({ kind, metadata }: ApiObject): string => `${kind} ${metadata.name}`;
  return [...objects].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
