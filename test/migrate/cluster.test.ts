/** The report of a cluster, with an account that may read all of it and with accounts that may not. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { MoveReport } from "../../src/migrate/report.ts";
import { standInApi, type Api, type Manifest } from "../source/kubernetes/api.ts";
import { runCommand, type Ended } from "../support/command.ts";
import { objectsIn } from "../support/kubectl.ts";
import { ROOT } from "../support/sluice.ts";

const KINDS = ["ConfigMap", "Service", "Deployment", "DaemonSet", "IngressClass", "Ingress", "Secret"];

let api: Api;

before(async () => {
  api = await standInApi();
  const objects = objectsIn(readFileSync(join(ROOT, "test/migrate/differences.yaml"), "utf8")).filter(({ kind }) => KINDS.includes(kind));
  for (const object of objects) if (object.kind !== "Secret") await api.create(object.metadata.namespace ?? "", object as unknown as Manifest);
});
after(() => api?.stop());

const run = (kubeconfig: string, ...args: readonly string[]): Promise<Ended> => runCommand(["migrate", "report", `--kubeconfig=${kubeconfig}`, ...args]);

test("ingress-nginx is found by its program, and the cluster is judged with its arguments", async () => {
  const { code, stdout, stderr } = await run(api.kubeconfig, "-o", "json");
  const report = JSON.parse(stdout) as MoveReport;
  assert.deepEqual([code, stderr, report.controller?.name, report.controller?.file], [1, "", "front-controller", undefined]);
  assert.deepEqual([report.service?.name, report.summary.tcpPorts, report.keys.length], ["front-controller", 1, 8]);
  assert.match(report.notes[0] ?? "", /^Judged with the arguments of DaemonSet edge\/front-controller\./);
  assert.ok(report.objects.some(({ verdict, name }) => verdict === "refused" && name === "snippet"));
  const text = await run(api.kubeconfig);
  assert.match(text.stdout, /Ingress shop\/snippet\n {4}error {4}metadata\.annotations/);
});

test("what may not be read is told in a sentence, and the rest goes on", async () => {
  for (const [plural, sentence] of [["daemonsets", /The account may not list daemonsets\.apps: /], ["secrets", /about the account of this command.*may not list secrets/], ["endpointslices", /may not list endpointslices/], ["ingressclasses", /may not list ingressclasses/]] as const) {
    const { kubeconfig } = await api.restricted(plural);
    const { code, stdout, stderr } = await run(kubeconfig, "--configmap=edge/settings", "-o", "json");
    assert.deepEqual([code, stderr], [1, ""], plural);
    const report = JSON.parse(stdout) as MoveReport;
    assert.match(JSON.stringify([report.notes, report.objects]), sentence);
    assert.ok(report.summary.hosts > 0 && report.keys.length > 0, plural);
  }
});

test("a ConfigMap that may not be read is told, and its keys have their defaults", async () => {
  const { kubeconfig } = await api.restricted("configmaps");
  const { code, stdout } = await run(kubeconfig, "-o", "json");
  const report = JSON.parse(stdout) as MoveReport;
  assert.deepEqual([code, report.keys], [1, []]);
  assert.match(JSON.stringify(report.objects), /may not list configmaps/);
  assert.match(report.notes.join(" "), /The ConfigMap edge\/settings that --configmap names was not found/);
});
