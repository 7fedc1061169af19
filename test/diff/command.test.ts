/** The command line of `sluice diff`: files, standard input, a cluster, and exit codes. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { standInApi, type Manifest } from "../source/kubernetes/api.ts";
import { ingress, service } from "../source/kubernetes/cases.ts";
import { runCommand } from "../support/command.ts";
import { site } from "../support/manifests.ts";

let folder: string;
let old: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-diff-"));
  old = join(folder, "old.yaml");
  writeFileSync(old, site({ name: "web", host: "shop.example", endpoints: [] }));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("exit codes as diff has them: 0 the same, 1 different, 2 trouble; standard input is one side", async () => {
  const changed = site({ name: "web", host: "new.example", endpoints: [] });
  for (const [expected, input, ...args] of [
    [0, undefined, old, old], [1, changed, old, "-"], [1, changed, "-", old], [2, undefined], [2, undefined, old, join(folder, "nowhere")], [2, "", "-", "-"], [2, undefined, old, old, old],
  ] as const) {
    const { code, stdout, stderr } = await runCommand(["diff", ...args], {}, undefined, input);
    assert.equal(code, expected, `${args.join(" ")}\n${stdout}${stderr}`);
    assert.equal(stderr === "", expected !== 2, stderr);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
  const { stdout } = await runCommand(["diff", old, "-", "-o", "json"], {}, undefined, changed);
  const hosts = (JSON.parse(stdout) as { what: string; change: string; name: string }[]).filter(({ what }) => what === "host");
  assert.deepEqual(hosts.map(({ change, name }) => `${change} ${name}`), ["added new.example", "removed shop.example"]);
  const markdown = await runCommand(["diff", old, "-", "-o", "markdown"], { FORCE_COLOR: "1" }, undefined, changed);
  assert.equal(markdown.code, 1);
  assert.match(markdown.stdout, /^\*\*Sluice:\*\* 1 host added[^]*\n```diff\n\+ new\.example\n/);
});

test("a mistake that both sides have is none of the change, whatever the folders are called; an empty new side is trouble", async () => {
  const [one, two] = ["one", "two"].map((name) => join(folder, name));
  for (const side of [one ?? "", two ?? ""]) {
    mkdirSync(side);
    writeFileSync(join(side, "web.yaml"), site({ name: "web", host: "shop.example", endpoints: [] }));
    writeFileSync(join(side, "broken.yaml"), "kind: Ingress\nmetadata: {name: a\n");
  }
  assert.deepEqual((await runCommand(["diff", one ?? "", two ?? ""])).code, 0);
  const empty = await runCommand(["diff", old, "-"], {}, undefined, "");
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /There is no Kubernetes object in standard input: everything would be gone/);
});

test("a cluster, and the same with files applied to it: what is not in the files stays", async (t) => {
  const api = await standInApi();
  t.after(() => api.stop());
  const namespace = await api.namespace();
  const ours = (name: string, annotations: Record<string, string> = {}): Manifest => {
    const one = ingress(name, annotations);
    return { ...one, spec: { ...(one["spec"] as object), ingressClassName: "nginx" } };
  };
  await api.create("", { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "nginx" }, spec: { controller: "k8s.io/ingress-nginx" } });
  await api.create(namespace, ours("kept"));
  const created = (one: Manifest, day: string): Manifest => ({ ...one, metadata: { ...one.metadata, creationTimestamp: `2026-01-${day}T00:00:00Z` } });
  await api.create(namespace, created(ours("moved"), "01"));
  await api.create(namespace, service("web"));
  // A younger one for the same path: applied again, the older one still wins.
  await api.create(namespace, created({ ...ours("younger"), spec: ours("moved")["spec"] }, "02"));
  const applied = ours("moved", { "nginx.ingress.kubernetes.io/permanent-redirect": "https://elsewhere.example" });
  const text = JSON.stringify({ ...applied, metadata: { ...applied.metadata, namespace } });
  const { code, stdout, stderr } = await runCommand(["diff", "-", `--kubeconfig=${api.kubeconfig}`], {}, undefined, text);
  assert.equal(stdout, `  moved.example\n  ~ / (prefix)  ${namespace}/web:80 → 301 to https://elsewhere.example\n      nginx.ingress.kubernetes.io/permanent-redirect: https://elsewhere.example, was absent\n`);
  assert.deepEqual([code, stderr], [1, ""]);
});
