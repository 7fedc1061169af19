/**
 * A Sluice that starts with an account that may not read one kind, or while the API server is away: on a real API server
 * with RBAC. What can be served is served, a finding names what cannot, and nothing needs a restart.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { service, slice } from "../source/kubernetes/cases.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { eventually, HOME, ingressFor, ingressPath, READING, startCluster, type Cluster, type Rights, type Rule } from "../support/cluster.ts";
import { envtestMissing } from "../support/envtest.ts";
import { selfSigned } from "../support/openssl.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

/** The rights to read, except for one resource. */
function without(plural: string): Rights {
  const strip = (rules: readonly Rule[]): Rule[] =>
    rules.flatMap((rule) => {
      const resources = rule.resources.filter((one) => one !== plural);
      return resources.length > 0 ? [{ ...rule, resources }] : [];
    });
  return { everywhere: strip(READING.everywhere), atHome: READING.atHome };
}

const SETTINGS: Rule = { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] };

/** What Ingresses answer: a status each. */
interface Served {
  /** An Ingress with a Service and endpoints. */
  readonly plain: number;
  /** An Ingress that redirects. */
  readonly redirect: number;
  /** An Ingress that adds the headers of a ConfigMap. */
  readonly headers: number;
  /** An Ingress that asks for a password, which is in a Secret. */
  readonly closed: number;
  readonly certificate: "own" | "default";
}

const ALL: Served = { plain: 200, redirect: 301, headers: 200, closed: 401, certificate: "own" };
const NOTHING: Served = { plain: 404, redirect: 404, headers: 404, closed: 404, certificate: "default" };
/** What is served without the right to read a kind, and the code of the finding that says so. */
const CASES: readonly (readonly [plural: string, code: string, Served])[] = [
  ["ingressclasses", "ingressclasses-forbidden", ALL],
  ["ingresses", "kind-forbidden", NOTHING],
  ["services", "kind-forbidden", { ...ALL, plain: 503, headers: 503, closed: 503 }],
  ["endpointslices", "kind-forbidden", { ...ALL, plain: 503, headers: 503, closed: 503 }],
  ["secrets", "kind-forbidden", { ...ALL, closed: 503, certificate: "default" }],
  ["configmaps", "kind-forbidden", { ...ALL, headers: 503 }],
  ["namespaces", "kind-forbidden", NOTHING],
  ["nodes", "node-zone-unknown", ALL],
];

if (envtestMissing) test(envtestMissing, { skip: true });
else describe("rights that are missing at the start", { timeout: 400_000 }, () => {
  const namespace = "shop";
  let cluster: Cluster;
  let backend: EchoBackend;
  let sluice: Sluice | undefined;

  before(async () => {
    [cluster, backend] = await Promise.all([startCluster(), startEcho("web")]);
    const create = (path: string, object: object): Promise<unknown> => cluster.ask("POST", path, object);
    const core = `/api/v1/namespaces/${namespace}`;
    await create("/api/v1/namespaces", { metadata: { name: namespace, labels: { team: "web" } } });
    await create(`${core}/services`, service("web"));
    await create(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, { ...slice("web-1", "web"), endpoints: [{ addresses: ["127.0.0.1"] }], ports: [{ name: "http", port: backend.port }] });
    const { chain, key } = selfSigned(["plain.example"], "own");
    const encode = (text: string): string => Buffer.from(text).toString("base64");
    await create(`${core}/secrets`, { metadata: { name: "tls" }, type: "kubernetes.io/tls", data: { "tls.crt": encode(chain), "tls.key": encode(key) } });
    await create(`${core}/secrets`, { metadata: { name: "passwords" }, data: { auth: encode("ann:{SHA}nU4eI71bcnBGqeO0t9tXvY1u5oQ=\n") } });
    await create(`${core}/configmaps`, { metadata: { name: "headers" }, data: { "x-colour": "blue" } });
    await create(`/api/v1/namespaces/${HOME}/configmaps`, { metadata: { name: "settings" }, data: { "global-allowed-response-headers": "x-colour", "add-headers": "" } });
    const prefixed = (annotations: Record<string, string>): object =>
      Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]));
    const made: readonly (readonly [string, Record<string, string>, object?])[] = [
      ["plain", { "ssl-redirect": "false" }, { tls: [{ hosts: ["plain.example"], secretName: "tls" }] }],
      ["redirect", { "permanent-redirect": "https://elsewhere.example" }],
      ["headers", { "custom-headers": `${namespace}/headers` }],
      ["closed", { "auth-type": "basic", "auth-secret": "passwords" }],
    ];
    for (const [name, annotations, spec = {}] of made) {
      await create(ingressPath(namespace), ingressFor(name, `${name}.example`, { annotations: prefixed(annotations), spec }));
    }
    await create("/api/v1/nodes", { metadata: { name: "n1" } });
  });
  afterEach(async () => {
    await sluice?.stop();
    sluice = undefined;
  });
  after(async () => {
    await cluster?.stop();
    await backend?.close();
  });

  const served = async ({ http, https }: Sluice): Promise<Served> => {
    const status = async (name: string): Promise<number> => (await ask({ port: http, host: `${name}.example` })).status;
    const { certificate } = await ask({ port: https, tls: true, host: "plain.example" });
    return {
      plain: await status("plain"), redirect: await status("redirect"), headers: await status("headers"), closed: await status("closed"),
      certificate: certificate?.subject.CN === "own" ? "own" : "default",
    };
  };
  const same = (expected: Served) => (now: Served): boolean => JSON.stringify(now) === JSON.stringify(expected);
  const findings = async (one: Sluice): Promise<readonly { code: string; effect: string }[]> => JSON.parse((await one.ask("/api/v1/findings")).text);
  const flags = (kubeconfig: string): string[] =>
    [`--kubeconfig=${kubeconfig}`, "--update-status=false", "--disable-sync-events", "--watch-namespace-selector=team=web", "--enable-topology-aware-routing"];
  const env = { POD_NAMESPACE: HOME, POD_NAME: "sluice-1", NODE_NAME: "n1" };

  for (const [plural, code, expected] of CASES) {
    test(`${plural} that may not be read: the rest is served`, async () => {
      const account = `no-${plural}`;
      const kubeconfig = await cluster.account(account, { ...without(plural), atHome: [SETTINGS] });
      sluice = await startSluice({ args: [...flags(kubeconfig), `--configmap=${HOME}/settings`], env });
      await eventually("what is served", () => served(sluice as Sluice), same(expected));
      assert.ok((await findings(sluice)).some((one) => one.code === code), sluice.log());
      assert.equal((await sluice.ask("/api/v1/sync", "POST")).status, 200, "a sync does not wait for what is forbidden");
      if (code === "kind-forbidden") {
        await cluster.ask("PATCH", `/apis/rbac.authorization.k8s.io/v1/clusterroles/${account}`, { rules: READING.everywhere });
        await eventually("everything", () => served(sluice as Sluice), same(ALL));
        await eventually("no finding", () => findings(sluice as Sluice), (now) => !now.some((one) => one.code === code));
      }
      });
  }

  test("the controller's own ConfigMap that may not be read: nothing is opened, probes and findings say why", async () => {
    const account = "no-settings";
    const kubeconfig = await cluster.account(account, without("configmaps"));
    sluice = await startSluice({ args: [...flags(kubeconfig), `--configmap=${HOME}/settings`], env, until: "/healthz" });
    await eventually("the reason", () => (sluice as Sluice).ask("/readyz"), ({ status, text }) => status === 503 && /first reading: Sluice's account may not list configmaps; grant it with/.test(text));
    assert.deepEqual(await sluice.ask("/healthz"), { status: 200, text: "ok\n" });
    assert.ok((await findings(sluice)).some(({ effect }) => effect.startsWith("nothing is programmed until it can be read")));
    await cluster.ask("PATCH", `/apis/rbac.authorization.k8s.io/v1/clusterroles/${account}`, { rules: READING.everywhere });
    await eventually("readiness", () => (sluice as Sluice).ask("/readyz"), ({ status }) => status === 200);
    assert.deepEqual(await served(sluice), ALL);
  });

  test("an API server that is away at the start: alive, not ready with the reason, and serving as soon as it is there", async () => {
    const kubeconfig = await cluster.account("early", READING);
    await cluster.gate.close();
    sluice = await startSluice({ args: [...flags(kubeconfig), `--configmap=${HOME}/settings`], env, until: "/healthz" });
    await eventually("the reason", () => (sluice as Sluice).ask("/readyz"), ({ status, text }) => status === 503 && /first reading: https:\/\/127\.0\.0\.1:\d+ cannot be read: connection refused/.test(text));
    assert.deepEqual(await sluice.ask("/healthz"), { status: 200, text: "ok\n" });
    await cluster.gate.open();
    await eventually("readiness", () => (sluice as Sluice).ask("/readyz"), ({ status }) => status === 200);
    assert.deepEqual(await served(sluice), ALL);
  });
});
