/** Charts and kustomizations in a folder that is checked: said once, with the command that makes objects of them. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { unrenderedBelow } from "../../src/source/manifests/unrendered.ts";
import { runCommand } from "../support/command.ts";
import { site } from "../support/manifests.ts";

const base = mkdtempSync(join(tmpdir(), "sluice-unrendered-"));
after(() => rmSync(base, { recursive: true }));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(base, "case-"));
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

interface Look {
  readonly files: readonly string[];
  readonly told: readonly string[];
}

async function look(...paths: readonly string[]): Promise<Look> {
  const { files, findings } = await unrenderedBelow(paths.length === 0 ? [folder] : paths);
  const short = (text: string): string => text.replaceAll(`${folder}/`, "").replaceAll(folder, ".");
  return { files: [...files].map(short).sort(), told: findings.map(({ code, file = "", sentence }) => short(`${code} ${file} ${sentence.split(", ").at(-1) ?? ""}`)) };
}

const CHART = "apiVersion: v2\nname: shop\nversion: 0.1.0\n";
const INGRESS = "{{- if .Values.enabled }}\nkind: Ingress\nmetadata:\n  {{- with .Values.x }}\n  name: {{ . }}\n  {{- end }}\n{{- end }}\n";
const PLAIN = site({ name: "web", host: "web.example", endpoints: [] });

test("a chart: its templates and those of its subcharts, not what is an object as it is", async () => {
  write({ "shop/Chart.yaml": CHART, "shop/values.yaml": "a: b\n", "shop/templates/a/ingress.yaml": INGRESS, "shop/templates/plain.yaml": PLAIN, "shop/charts/db/Chart.yaml": CHART, "shop/charts/db/templates/x.yaml": INGRESS, "templates/own.yaml": INGRESS });
  assert.deepEqual(await look(), { files: ["shop/charts/db/templates/x.yaml", "shop/templates/a/ingress.yaml"], told: ["chart-unrendered shop/Chart.yaml helm template shop | sluice check -"] });
  const { code, stdout } = await runCommand(["check", join(folder, "shop")]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /Chart\.yaml\n +1:1 +warning +chart-unrendered\n[^]*2 templates are not looked at\.\n\n0 errors, 1 warning, 0 info; 2 objects read\n$/);
});

test("nothing but templates is nothing read: the exit code is 2, with the remedy", async () => {
  write({ "Chart.yaml": CHART, "templates/ingress.yaml": INGRESS });
  const { code, stdout, stderr } = await runCommand(["check", folder]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.ok(stderr.includes(`helm template ${folder} | sluice check -.`), stderr);
});

test("a chart without templates, and templates without a chart, are left to the reader of manifests", async () => {
  write({ "a/Chart.yaml": CHART, "a/templates/web.yaml": PLAIN, "b/templates/ingress.yaml": INGRESS });
  assert.deepEqual(await look(), { files: [], told: [] });
  assert.match((await runCommand(["check", join(folder, "b")])).stdout, /yaml-invalid\n.*it looks like a template: render it first/);
});

const PATCH = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: shop}\nspec: {ingressClassName: nginx}\n";

test("kustomizations: patches are passed over; those are named on which no other builds", async () => {
  write({
    "base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": PLAIN,
    "overlays/prod/kustomization.yml": "resources: [../../base]\npatches:\n- {path: patch.yaml}\n- patch: |\n    - op: remove\n", "overlays/prod/patch.yaml": PATCH,
    "overlays/dev/Kustomization": "bases: [../../base/]\npatchesStrategicMerge: [../patch.yaml]\npatchesJson6902: [{path: six.yaml, target: {}}]\n", "overlays/patch.yaml": PATCH, "overlays/dev/six.yaml": "- {op: remove, path: /a}\n",
    "plain/kustomization.yaml": "resources: [x.yaml]\n", "broken/kustomization.yaml": "a: [\n",
  });
  assert.deepEqual(await look(), {
    files: ["overlays/dev/six.yaml", "overlays/patch.yaml", "overlays/prod/patch.yaml"],
    told: ["kustomization-unbuilt overlays/dev/Kustomization kubectl kustomize overlays/dev | sluice check -", "kustomization-unbuilt overlays/prod/kustomization.yml kubectl kustomize overlays/prod | sluice check -"],
  });
  const { stdout } = await runCommand(["check", join(folder, "overlays"), join(folder, "base")]);
  assert.doesNotMatch(stdout, /api-server-refuses/);
  assert.match(stdout, /0 errors, 2 warnings, 0 info; 2 objects read/);
});

test("what a base changes, the one that builds on it changes too; a circle ends", async () => {
  write({
    "base/kustomization.yaml": "resources: [web.yaml]\nnamespace: shop\n", "base/web.yaml": PLAIN, "top/kustomization.yaml": "resources: [../base]\n",
    "round/a/kustomization.yaml": "resources: [../b]\n", "round/b/kustomization.yaml": "resources: [../a]\nnamespace: x\n", "outside/kustomization.yaml": "resources: [../round/a]\n",
  });
  assert.deepEqual((await look()).told.map((one) => one.split(" ")[1]), ["outside/kustomization.yaml", "top/kustomization.yaml"]);
});

test("--fix leaves templates and patches alone", async () => {
  const old = PATCH.replace("networking.k8s.io/v1", "extensions/v1beta1");
  write({ "kustomization.yaml": "resources: [web.yaml]\npatches: [{path: patch.yaml}]\n", "web.yaml": PLAIN, "patch.yaml": old });
  const { stderr } = await runCommand(["check", folder, "--fix"]);
  assert.deepEqual([stderr, readFileSync(join(folder, "patch.yaml"), "utf8")], ["", old]);
});
