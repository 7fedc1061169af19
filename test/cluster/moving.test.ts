/**
 * The guide to moving from ingress-nginx, followed to the letter: its commands run one after the other against a real API
 * server, with Sluices in the place of the controllers that they install. One of them stands for ingress-nginx.
 *
 * What needs a kubelet (rollouts, logs of pods, commands in a pod) is done in the other way that `NODES` says.
 */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ask } from "../support/client.ts";
import { addressesOf, eventually, ingressPath, startCluster, type Cluster } from "../support/cluster.ts";
import { runCommand, type Ended } from "../support/command.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { envtestMissing } from "../support/envtest.ts";
import { kubectl, kubectlMissing, objectsIn, type ApiObject } from "../support/kubectl.ts";
import { site } from "../support/manifests.ts";
import { podOf } from "../support/pod-template.ts";
import { ROOT, startSluice, type Sluice } from "../support/sluice.ts";

const PAGE = readFileSync(join(ROOT, "docs/guide/migrating-from-ingress-nginx.md"), "utf8");
const OLD = "192.0.2.1";
const labels = { "app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/instance": "ingress-nginx", "app.kubernetes.io/component": "controller" };
const OLD_ARGS = ["--publish-status-address=192.0.2.1", "--election-id=ingress-nginx-leader", "--configmap=$(POD_NAMESPACE)/ingress-nginx-controller", "--ingress-class=nginx"];

/** ingress-nginx's own manifests, as far as they matter here: the file `ingress-nginx.yaml` of the guide. */
const OLD_MANIFESTS = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "ingress-nginx" } },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ingress-nginx-controller", namespace: "ingress-nginx" }, data: { "hsts-max-age": "77" } },
  {
    apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "ingress-nginx-controller", namespace: "ingress-nginx" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "controller", image: "ingress-nginx", args: ["/nginx-ingress-controller", ...OLD_ARGS] }] } },
    },
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration", metadata: { name: "ingress-nginx-admission" },
    webhooks: [{
      name: "validate.nginx.ingress.kubernetes.io", failurePolicy: "Fail", sideEffects: "None", admissionReviewVersions: ["v1"], timeoutSeconds: 1,
      rules: [{ apiGroups: ["networking.k8s.io"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["ingresses"] }],
      clientConfig: { service: { name: "ingress-nginx-controller-admission", namespace: "ingress-nginx", path: "/networking/v1/ingresses" } },
    }],
  },
];

/** The commands under a heading of the guide, in their order. */
function commandsUnder(heading: string): readonly string[] {
  const [, part = ""] = PAGE.split(`### ${heading}\n`);
  const [own = ""] = part.split(/^##/m);
  return [...own.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = ""]) => block.trim().split("\n"));
}

describe("moving from ingress-nginx as the guide says", { skip: envtestMissing ?? kubectlMissing ?? false, timeout: 240_000 }, () => {
  let cluster: Cluster;
  let echo: EchoBackend;
  let folder: string;
  let old: Sluice;
  let beside: Sluice;
  let inPlace: Sluice | undefined;

  const admin = (args: readonly string[], input?: string): string => kubectl(args, { kubeconfig: cluster.envtest.kubeconfig, ...(input === undefined ? {} : { input }) });
  const get = (...what: readonly string[]): ApiObject => JSON.parse(admin(["get", ...what, "-o", "json"])) as ApiObject;
  const exists = (...what: readonly string[]): boolean => admin(["get", ...what, "--ignore-not-found", "-o", "name"]).trim() !== "";
  const objectsOf = (path: string): readonly ApiObject[] => {
    const versions = new Set(admin(["api-versions"]).trim().split("\n"));
    const rendered = objectsIn(kubectl(["kustomize", join(folder, path)]));
    return rendered.filter(({ apiVersion }) => versions.has(apiVersion));
  };
  const list = (objects: readonly object[]): string => JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });

  /** The container `controller` of a Deployment as a process: its arguments, and the rights of its account alone. */
  const startController = async (namespace: string, name: string): Promise<Sluice> => {
    const { serviceAccountName, containers } = podOf([get("deployment", name, "-n", namespace)]).spec as ReturnType<typeof podOf>["spec"] & { readonly serviceAccountName: string };
    const token = admin(["create", "token", serviceAccountName, "-n", namespace]).trim();
    const kubeconfig = join(folder, `${namespace}.kubeconfig`);
    writeFileSync(kubeconfig, JSON.stringify({
      clusters: [{ name: "c", cluster: { server: cluster.envtest.server, "certificate-authority": cluster.envtest.ca } }],
      users: [{ name: "u", user: { token } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    }), { mode: 0o600 });
    const own = (containers[0]?.args ?? []).filter((word) => word.startsWith("--") && !["--external-agent", "--runtime-dir", "--shutdown"].some((flag) => word.startsWith(flag)));
    assert.ok(own.length > 3, own.join(" "));
    return startSluice({ args: [`--kubeconfig=${kubeconfig}`, ...own.map((word) => word.replaceAll("$(POD_NAMESPACE)", namespace))], env: { POD_NAME: `${name}-0`, POD_NAMESPACE: namespace } });
  };

  /** What is done here in place of commands that need nodes. */
  const NODES: readonly (readonly [RegExp, (line: string) => void | Promise<Ended>])[] = [
    [/^kubectl -n \S+ rollout status /, (line) => assert.ok(exists(line.split(" ").at(-1) ?? "", "-n", line.split(" ")[2] ?? ""), line)],
    [/^kubectl -n ingress-nginx logs /, () => copyFileSync(join(old.runtimeDir, "access.log"), join(folder, "access.log"))],
    [/^kubectl sluice /, (line) => {
      const asked = line.includes("--deployment=sluice/") ? beside : inPlace;
      return sluice([...line.split(" ").slice(2).filter((word) => !word.startsWith("--deployment")), `--healthz-port=${asked?.health}`, "--healthz-host=127.0.0.1"]);
    }],
  ];

  function sluice(words: readonly string[]): Promise<Ended> {
    const at: Readonly<Record<string, string>> = {
      "--log=access.log": `--log=${join(folder, "access.log")}`,
      "--against=http://OLD": `--against=http://127.0.0.1:${old.http}`, "--against-https=https://OLD": `--against-https=https://127.0.0.1:${old.https}`,
      "--and=http://NEW": `--and=http://127.0.0.1:${beside.http}`, "--and-https=https://NEW": `--and-https=https://127.0.0.1:${beside.https}`,
    };
    return runCommand(words.map((word) => at[word] ?? word));
  }

  /** Runs one command of the guide. What a command of Sluice's prints comes back. */
  async function follow(line: string): Promise<string> {
    const [, instead] = NODES.find(([command]) => command.test(line)) ?? [];
    const words = line.split(/\s+/);
    const done = instead !== undefined ? await instead(line) : words[0] === "sluice" ? await sluice(words.slice(1)) : undefined;
    if (done !== undefined) assert.equal(done.code, 0, `${line}\n${done.stdout}${done.stderr}`);
    if (instead !== undefined || done !== undefined) return done?.stdout ?? "";
    assert.equal(words[0], "kubectl", line);
    const [, verb, flag, path = ""] = words;
    // An old API server lacks some versions, and without a controller manager a namespace that is deleted never ends.
    if (flag === "-k") return admin([verb ?? "", "-f", "-", ...(verb === "delete" ? ["--wait=false"] : [])], list(objectsOf(path)));
    return admin(words.slice(1).map((word) => (word.endsWith(".yaml") ? join(folder, word) : word)));
  }

  async function followAll(heading: string): Promise<Readonly<Record<string, string>>> {
    const lines = commandsUnder(heading);
    assert.ok(lines.length > 0, heading);
    const printed: Record<string, string> = {};
    for (const line of lines) printed[line] = await follow(line);
    return printed;
  }

  const served = async (at: Sluice): Promise<unknown> => {
    const { status, echo: asked } = await ask({ port: at.http, host: "shop.example", path: "/cart" });
    return [status, asked?.path];
  };
  const status = async (): Promise<readonly string[]> => addressesOf(await cluster.ask("GET", ingressPath("shop", "web")));

  before(async () => {
    cluster = await startCluster();
    echo = await startEcho("web");
    folder = mkdtempSync(join(tmpdir(), "sluice-moving-"));
    symlinkSync(join(ROOT, "deploy"), join(folder, "deploy"));
    writeFileSync(join(folder, "ingress-nginx.yaml"), list(OLD_MANIFESTS));
    const kustomizations = [...PAGE.matchAll(/^```yaml\n(apiVersion: kustomize[^]*?)^```/gm)];
    for (const [index, name] of ["beside", "in-place"].entries()) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "kustomization.yaml"), kustomizations[index]?.[1] ?? "");
    }
    admin(["create", "namespace", "shop"]);
    admin(["apply", "-f", "-"], list(objectsIn(site({ name: "web", host: "shop.example", endpoints: [`127.0.0.1:${echo.port}`] }))));
    admin(["apply", "-f", join(folder, "ingress-nginx.yaml")]);
    old = await startSluice({
      args: [`--kubeconfig=${cluster.envtest.kubeconfig}`, ...OLD_ARGS.map((word) => word.replace("$(POD_NAMESPACE)", "ingress-nginx"))],
      env: { POD_NAME: "old-0", POD_NAMESPACE: "ingress-nginx" },
    });
    await eventually("the old controller's status", status, (addresses) => addresses.includes(OLD));
    assert.deepEqual(await served(old), [200, "/cart"]);
  });
  after(async () => {
    for (const one of [old, beside, inPlace]) await one?.stop();
    await echo?.close();
    await cluster?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  test("side by side: the new one serves the same, and takes nothing from the old", async () => {
    const [apply = "", ...others] = commandsUnder("Side by side");
    await follow(apply);
    beside = await startController("sluice", "sluice-ingress-nginx-controller");
    const printed = [];
    for (const line of others) printed.push(await follow(line));
    assert.match(printed.join("\n"), /shop\.example/);
    assert.match(printed.at(-1) ?? "", /LoadBalancer/);
    assert.deepEqual([await served(old), await served(beside)], [[200, "/cart"], [200, "/cart"]]);
    assert.deepEqual(get("ingressclass", "nginx")["spec"], { controller: "k8s.io/ingress-nginx" });
    assert.deepEqual(podOf([get("deployment", "ingress-nginx-controller", "-n", "ingress-nginx")]).spec.containers.map(({ name }) => name), ["controller"]);
    const findings = JSON.parse((await beside.ask("/api/v1/findings")).text) as readonly { readonly code: string; readonly sentence: string }[];
    assert.deepEqual(findings.filter(({ code }) => /forbidden|right-missing/.test(code)), []);
  });

  test("compare: the replay of the old one's log finds no difference", async () => {
    await eventually("a line of the access log", () => readFileSync(join(old.runtimeDir, "access.log"), "utf8"), (text) => text.includes("/cart"));
    const printed = Object.values(await followAll("Compare")).join("");
    assert.match(printed, /^Sent \d+ requests? of .*alike|nothing differs/im);
  });

  test("a part of the clients: both follow a change, the new one says what it serves, and writes nothing", async () => {
    admin(["delete", "validatingwebhookconfiguration", "ingress-nginx-admission"]); // Its pods do not exist here, so it would refuse the change.
    admin(["patch", "ingress", "web", "-n", "shop", "--type=json", `--patch=[{"op":"replace","path":"/spec/rules/0/http/paths/0/path","value":"/cart"}]`]);
    for (const one of [old, beside]) {
      await one.sync();
      assert.deepEqual([await served(one), (await ask({ port: one.http, host: "shop.example", path: "/" })).status], [[200, "/cart"], 404]);
    }
    admin(["apply", "-f", join(folder, "ingress-nginx.yaml")]);
    await followAll("A part of the clients");
    assert.deepEqual(await status(), [OLD]);
    assert.deepEqual(cluster.writes().filter(({ user }) => user.username.includes("sluice")), []);
  });

  test("all of them: in place, while the one beside goes, and what is everybody's stays", async () => {
    const lines = commandsUnder("All of them");
    const apply = lines.findIndex((line) => line.startsWith("kubectl apply -k"));
    for (const line of lines.slice(0, apply + 1)) await follow(line);
    assert.equal(exists("validatingwebhookconfiguration", "ingress-nginx-admission"), false);
    assert.deepEqual(podOf([get("deployment", "ingress-nginx-controller", "-n", "ingress-nginx")]).spec.containers.map(({ name }) => name), ["controller", "nginx"]);
    inPlace = await startController("ingress-nginx", "ingress-nginx-controller");
    assert.deepEqual(await served(inPlace), [200, "/cart"]);
    assert.deepEqual(get("configmap", "ingress-nginx-controller", "-n", "ingress-nginx")["data"], { "hsts-max-age": "77" });
    await old.stop();
    for (const line of lines.slice(apply + 1)) await follow(line);
    assert.deepEqual([exists("ingressclass", "nginx"), exists("deployment", "sluice-ingress-nginx-controller", "-n", "sluice"), exists("clusterrole", "sluice-ingress-nginx"), exists("clusterrole", "ingress-nginx")], [true, false, false, true]);
    assert.deepEqual(await served(inPlace), [200, "/cart"]);
  });

  test("back again: the old manifests are what they were", async () => {
    await followAll("Back again");
    const { containers } = podOf([get("deployment", "ingress-nginx-controller", "-n", "ingress-nginx")]).spec;
    assert.deepEqual(containers.map(({ name, args }) => [name, args]), [["controller", ["/nginx-ingress-controller", ...OLD_ARGS]]]);
    assert.equal(exists("validatingwebhookconfiguration", "ingress-nginx-admission"), true);
    const again = await startSluice({ args: [`--kubeconfig=${cluster.envtest.kubeconfig}`, "--update-status=false"] });
    assert.deepEqual(await served(again), [200, "/cart"]);
    await again.stop();
  });

  test("every command of the guide's part is in one of these", () => {
    const [, part = ""] = PAGE.split("## 4. Move, step by step\n");
    const all = [...(part.split(/^## /m)[0] ?? "").matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = ""]) => block.trim().split("\n"));
    const followed = ["Side by side", "Compare", "A part of the clients", "All of them", "Back again"].flatMap(commandsUnder);
    assert.deepEqual(all, followed);
  });
});
