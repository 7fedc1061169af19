/** The command line of `sluice explain`: its arguments, its output and its exit codes. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { realApi } from "../source/kubernetes/api.ts";
import { ingress } from "../source/kubernetes/cases.ts";
import { runCommand } from "../support/command.ts";
import { envtestMissing } from "../support/envtest.ts";
import { configMap, site } from "../support/manifests.ts";

let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-explain-"));
  const files: Readonly<Record<string, string>> = {
    "shop.yaml": site({ name: "web", host: "shop.example", endpoints: ["10.0.0.1:80"] }),
    "empty.yaml": site({ name: "empty", host: "empty.example", endpoints: [] }),
    "closed.yaml": site({ name: "closed", host: "closed.example", endpoints: ["10.0.0.1:80"], annotations: { "auth-type": "basic", "auth-secret": "missing" } }),
    "moved.yaml": site({ name: "moved", host: "moved.example", endpoints: [], annotations: { "permanent-redirect": "https://elsewhere.example" } }),
    "refused.yaml": site({ name: "refused", host: "refused.example", endpoints: ["10.0.0.1:80"], annotations: { "server-snippet": "return 204;" } }),
    "foreign.yaml": site({ name: "foreign", host: "foreign.example", endpoints: ["10.0.0.1:80"] }).replace('"ingressClassName":"nginx"', '"ingressClassName":"other"'),
    "beside.yaml": site({ name: "beside", host: "Shop.Example", endpoints: ["10.0.0.1:80"], annotations: { "server-snippet": "return 204;" } }),
    "wild.yaml": site({ name: "wild", host: "*.wild.example", endpoints: ["10.0.0.1:80"], annotations: { "server-snippet": "return 204;" } }),
    "ports.yaml": configMap({ "9000": "shop/web:80", "9001": "shop/empty:80" }).replace("name: sluice\n", "name: ports\n"),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: readonly string[]) => runCommand(["explain", ...args, `--manifests=${folder}`]);

test("the exit code: 0 a backend or a redirect, 3 for 404, 4 for 503 and where no endpoint is ready, 2 for a slip", async () => {
  const codes: readonly (readonly [string, number])[] = [
    ["http://shop.example/", 0], ["http://moved.example/", 0], ["http://nobody.example/", 3], ["http://empty.example/", 4], ["http://closed.example/", 4],
    ["http://shop.example/%zz", 2], ["/cart", 2], ["", 2],
  ];
  for (const [url, code] of codes) {
    const ended = await run(url);
    assert.equal(ended.code, code, `${url}\n${ended.stdout}${ended.stderr}`);
    assert.equal(ended.stderr === "", code !== 2, ended.stderr);
  }
});

test("an Ingress that names the host and is not served is named, with the reason", async () => {
  for (const [url, name, code] of [["http://refused.example/x", "refused", "snippet-refused"], ["http://a.wild.example/", "wild", "snippet-refused"], ["http://foreign.example/", "foreign", "ingress-class-unknown"]] as const) {
    const { stdout, code: exit } = await run(url, "--output=json");
    const { steps, findings } = JSON.parse(stdout) as { steps: { why: string }[]; findings: { code: string; object: { name: string } }[] };
    assert.equal(exit, 3);
    assert.match(steps[0]?.why ?? "", new RegExp(`is named by (?:the )?Ingress shop/${name}, but not served: refused, of another class`));
    assert.ok(findings.some((one) => one.code === code && one.object.name === name), JSON.stringify(findings));
  }
  const { stdout, code } = await run("http://shop.example/");
  assert.equal(code, 0);
  assert.match(stdout, /the exact name[^]*server-snippet puts text into nginx's configuration/);
  assert.doesNotMatch((await run("http://nobody.example/")).stdout, /server-snippet|named by/);
});

test("a URL without a scheme is asked over http", async () => {
  const [short, long] = [await run("shop.example/cart?a=b"), await run("http://shop.example/cart?a=b")];
  assert.equal(short.stdout, long.stdout);
  assert.equal(short.code, 0);
  assert.match((await run("shop.example:8080")).stdout, /^http:\/\/shop\.example\/\n/);
});

test("habits of curl and kubectl: -o json, -v", async () => {
  const plain = await run("shop.example");
  const { pool } = JSON.parse((await run("shop.example", "--output=json")).stdout) as { pool: string };
  for (const words of [["-o", "json"], ["-ojson"], ["-o=json"], ["--output", "json"]]) {
    const { stdout, code } = await run(...words, "shop.example");
    assert.equal((JSON.parse(stdout) as { pool: string }).pool, pool, words.join(" "));
    assert.equal(code, 0);
  }
  for (const words of [["-v"], ["-vv"], ["--verbose"], ["-v5"], ["-v=5"], ["-v", "5"]]) assert.equal((await run(...words, "shop.example")).stdout, plain.stdout, words.join(" "));
  assert.match((await run("-o", "yaml", "shop.example")).stderr, /--output must be/);
});

test("against a real cluster: the answer, its exit code, and nothing else", { skip: envtestMissing ?? false, timeout: 180_000 }, async (t) => {
  const api = await realApi();
  t.after(() => api.stop());
  await api.create("", { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "nginx" }, spec: { controller: "k8s.io/ingress-nginx" } });
  await api.create("default", ingress("web", { "kubernetes.io/ingress.class": "nginx", "nginx.ingress.kubernetes.io/permanent-redirect": "https://elsewhere.example" }));
  for (const [url, code] of [["web.example", 0], ["nobody.example", 3]] as const) {
    const ended = await runCommand(["explain", url, `--kubeconfig=${api.kubeconfig}`]);
    assert.deepEqual([ended.code, ended.stderr], [code, ""], ended.stdout);
  }
  const roles = await runCommand(["rbac", "--service-account=a/b", `--kubeconfig=${api.kubeconfig}`]);
  assert.deepEqual([roles.code, roles.stderr], [0, ""]);
});
