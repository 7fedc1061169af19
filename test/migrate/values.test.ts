/** The values that carry an installation over: the chart has each of them, and what it renders says what ingress-nginx was told. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { parseSettings, type CommandLine } from "../../src/settings.ts";
import { renderChart, type Values } from "../support/helm-subset.ts";
import { objectsIn, type ApiObject } from "../support/kubectl.ts";
import { ROOT } from "../support/sluice.ts";
import { reportOfTexts } from "./judged.ts";

const CHART = join(ROOT, "deploy/chart");
const read = (name: string): string => readFileSync(join(ROOT, "test/migrate", name), "utf8");

interface Installed {
  readonly text: string;
  readonly values: Values;
  readonly objects: readonly ApiObject[];
}

async function installed(text: string): Promise<Installed> {
  const { report: { install } } = await reportOfTexts(new Map([["all.yaml", text]]));
  const values = parse(install.values) as Values;
  return { text: install.values, values, objects: objectsIn(renderChart(CHART, { name: install.release, namespace: install.namespace }, values)) };
}

function one(objects: readonly ApiObject[], kind: string, name: string): Readonly<Record<string, unknown>> {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  assert.ok(found, `${kind} ${name}`);
  return found as unknown as Readonly<Record<string, unknown>>;
}

interface Workload {
  readonly spec: { readonly selector: unknown; readonly replicas?: number; readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[]; readonly resources?: unknown }[]; readonly terminationGracePeriodSeconds: number } } };
}

/** The settings of the container with the controller, as in the namespace. */
function settingsIn({ spec }: Workload, namespace: string): CommandLine {
  const args = spec.template.spec.containers[0]?.args ?? [];
  return parseSettings(args.slice(1).map((word) => word.replace("$(POD_NAMESPACE)", namespace)), "run", {});
}

/** The values whose keys are the chart's to say; what is below is the operator's. */
const FREE = /(?:\.(?:config|extraArgs|annotations|labels|podAnnotations|podLabels|resources|updateStrategy|nodeSelector|affinity)|^(?:tcp|udp))$/;

function unknownValues(values: unknown, chart: unknown, path = ""): readonly string[] {
  if (typeof values !== "object" || values === null || Array.isArray(values) || FREE.test(path)) return [];
  return Object.entries(values).flatMap(([key, value]) => {
    const own = (chart as Record<string, unknown> | undefined)?.[key];
    const inner = path === "" ? key : `${path}.${key}`;
    return own === undefined ? [inner] : unknownValues(value, own, inner);
  });
}

for (const name of ["stock.yaml", "differences.yaml"]) {
  test(`${name}: the chart has every value`, async () => {
    const { values } = await installed(read(name));
    assert.deepEqual(unknownValues(values, parse(readFileSync(join(CHART, "values.yaml"), "utf8"))), []);
  });
}

test("ingress-nginx's own manifests: the same names, selector, Service and settings", async () => {
  const { objects } = await installed(read("stock.yaml"));
  const old = objectsIn(read("stock.yaml"));
  const workload = one(objects, "Deployment", "ingress-nginx-controller") as unknown as Workload;
  const former = one(old, "Deployment", "ingress-nginx-controller") as unknown as Workload;
  assert.deepEqual(workload.spec.selector, former.spec.selector);
  assert.equal(workload.spec.replicas, 1);
  assert.deepEqual(workload.spec.template.spec.containers[1]?.resources, former.spec.template.spec.containers[0]?.resources);
  const now = settingsIn(workload, "ingress-nginx");
  const then = settingsIn(former, "ingress-nginx");
  for (const field of ["publishService", "electionId", "controllerClass", "ingressClass", "configmap", "watchNamespace", "enableMetrics"] as const) assert.equal(now[field], then[field], field);
  const service = one(objects, "Service", "ingress-nginx-controller");
  const before = one(old, "Service", "ingress-nginx-controller");
  assert.deepEqual(service["spec"], before["spec"]);
});

test("a DaemonSet of another name: its flags, ConfigMap, ports, address and nodes", async () => {
  const { objects, text } = await installed(read("differences.yaml"));
  const workload = one(objects, "DaemonSet", "front-controller") as unknown as Workload;
  const settings = settingsIn(workload, "edge");
  assert.deepEqual(
    [settings.defaultSslCertificate, settings.watchIngressWithoutClass, settings.enableMetrics, settings.excludeSocketMetrics, settings.electionId, settings.ignored],
    ["shop/pair", true, true, ["request_size", "bytes_sent"], "ingress-controller-leader", []],
  );
  assert.equal(workload.spec.template.spec.terminationGracePeriodSeconds, 900);
  assert.deepEqual((one(objects, "ConfigMap", "front-controller")["data"] as Record<string, string>)["proxy-body-size"], "20m");
  assert.deepEqual(one(objects, "ConfigMap", "front-tcp")["data"], { 5432: "shop/database:5432" });
  const service = one(objects, "Service", "front-controller")["spec"] as { type: string; loadBalancerIP: string; externalTrafficPolicy: string; ports: readonly { port: number; nodePort?: number }[] };
  assert.deepEqual([service.type, service.loadBalancerIP, service.externalTrafficPolicy, service.ports.map(({ port, nodePort }) => `${port} ${nodePort}`)], ["LoadBalancer", "192.0.2.7", "Cluster", ["80 30080", "443 30443", "5432 undefined"]]);
  for (const left of ["environment variables TOKEN", "volumes template", "containers sidecar", "ConfigMap key server-snippet", "ConfigMap key ssl-session-ticket-key", "--http-port=8080", "port 8088 (extra) of the Service"]) {
    assert.match(text, new RegExp(`^# - ${left.replace(/[()]/g, "\\$&")}: `, "m"));
  }
});

test("in the network of the nodes, without a Service, in one namespace, with a webhook's files", async () => {
  const workload = { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "edge", namespace: "web", labels: {} }, spec: {
    selector: { matchLabels: { app: "edge" } },
    template: { metadata: { labels: { app: "edge" } }, spec: { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet", containers: [{
      name: "c", image: "registry.example/copy", args: ["/nginx-ingress-controller", "--watch-namespace=$(NS)", "--ingress-class=edge", "--controller-class=example.com/edge", "--report-node-internal-ip-address", "--literal=$$(NS)", "--configmap=$(ELSE)/x"],
      env: [{ name: "NS", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } }],
    }] } },
  } };
  const { report } = await reportOfTexts(new Map([["a.yaml", `${stringify(workload)}---\n${stringify({ apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "internal" }, spec: { controller: "example.com/edge" } })}`]]));
  const values = parse(report.install.values) as { controller: Values; fullnameOverride: string };
  assert.deepEqual(values.fullnameOverride, "edge");
  assert.deepEqual([values.controller["hostNetwork"], values.controller["service"], values.controller["scope"], values.controller["reportNodeInternalIp"], values.controller["publishService"]], [true, { enabled: false }, { enabled: true }, true, { enabled: false }]);
  assert.deepEqual([values.controller["ingressClass"], values.controller["ingressClassResource"]], ["edge", { name: "internal", controllerValue: "example.com/edge" }]);
  assert.deepEqual(report.arguments.map(({ state, text }) => `${state} ${text}`).slice(-2), ["unknown --literal", "unknown --configmap=$(ELSE)/x"]);
  assert.match(report.install.steps[0]?.what ?? "", /^The DaemonSet selects its pods by other labels than the chart's/);
  assert.equal(report.install.overlay, "host-network");
});

test("values that hold invisible characters come out as escapes, and mean the same", async () => {
  const value = "a\u200bb\u{e0001}c \u202e\n#d";
  const { text, values } = await installed(`${stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ingress-nginx-controller", namespace: "ingress-nginx" }, data: { "log-format-upstream": value } })}---\n${stringify(objectsIn(read("stock.yaml")).find(({ kind }) => kind === "Deployment"))}`);
  assert.doesNotMatch(text, /[\p{Cf}]/u);
  assert.deepEqual((values["controller"] as { config: unknown }).config, { "log-format-upstream": value });
});

test("a class that is ours by its name alone is carried over like any other", async () => {
  const stock = read("stock.yaml").replace("- --ingress-class=nginx", "- --ingress-class=mine\n        - --ingress-class-by-name");
  assert.match(stock, /ingress-class-by-name/);
  const mine = stringify({ apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "mine", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } }, spec: { controller: "example.com/other" } });
  const { report: { install } } = await reportOfTexts(new Map([["all.yaml", `${stock}---\n${mine}`]]));
  const { controller } = parse(install.values) as { controller: Values };
  assert.deepEqual([controller["ingressClass"], controller["ingressClassResource"]], ["mine", { name: "mine", default: true }]);
});
