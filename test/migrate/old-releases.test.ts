/** What older releases of ingress-nginx did otherwise: Ingresses without a class, `rewrite-target`, a default backend that is gone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { moveHtml } from "../../src/migrate/html.ts";
import { versionText } from "../../src/migrate/old-version.ts";
import type { MoveReport } from "../../src/migrate/report.ts";
import { moveText } from "../../src/migrate/text.ts";
import { reportOfTexts } from "./judged.ts";

const PROJECT = "quay.io/kubernetes-ingress-controller/nginx-ingress-controller";

const controller = (image: string, ...args: readonly string[]): unknown => ({
  apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "nginx-ingress-controller", namespace: "ingress-nginx" },
  spec: { selector: { matchLabels: { app: "old" } }, template: { metadata: { labels: { app: "old" } }, spec: { containers: [{ name: "c", image, args: ["/nginx-ingress-controller", ...args] }] } } },
});
const ingress = (name: string, annotations: Readonly<Record<string, string>>, spec: Readonly<Record<string, unknown>> = {}): unknown => ({
  apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, namespace: "shop", annotations },
  spec: { ...spec, rules: [{ host: `${name}.example`, http: { paths: [{ path: "/api", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }] } }] },
});
const WEB = { apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "shop" }, spec: { ports: [{ port: 80 }] } };
const PLAIN = ingress("plain", {});

async function reported(objects: readonly unknown[], ...flags: readonly string[]): Promise<MoveReport> {
  return (await reportOfTexts(new Map([["all.yaml", [WEB, ...objects].map((one) => stringify(one)).join("---\n")]]), ...flags)).report;
}

const told = ({ classless, install, objects }: MoveReport): unknown => [
  classless?.state, classless?.ingresses.map(({ name }) => name), (parse(install.values) as { controller: Record<string, unknown> }).controller["watchIngressWithoutClass"],
  objects.filter(({ verdict }) => verdict === "not ours").map(({ name }) => name),
];

test("images say their release, as far as they are the project's", () => {
  const images = [`${PROJECT}:0.20.0`, "registry.k8s.io/ingress-nginx/controller:v1.15.1@sha256:00", "rancher/nginx-ingress-controller:nginx-0.35.0-rancher2", `localhost:5000/${PROJECT}`, "localhost:5000/copy:0.3", `${PROJECT}:latest`];
  assert.deepEqual(images.map(versionText), ["0.20.0", "1.15.1", "0.35.0-rancher2", undefined, undefined, undefined]);
});

test("an Ingress without a class that ingress-nginx serves is reported first, judged as served, and the values keep it", async () => {
  for (const [image, ...args] of [[`${PROJECT}:0.49.3`], [`${PROJECT}:v1.9.0`, "--watch-ingress-without-class"]] as const) {
    const report = await reported([PLAIN, controller(image, ...args)]);
    assert.deepEqual(told(report), ["served", ["plain"], true, []], image);
    assert.equal(report.summary.hosts, 1);
    const text = moveText(report, 100, (_, words) => words);
    assert.match(text, /\nWithout a class: served only with --watch-ingress-without-class\n {2}Ingress shop\/plain {2}all\.yaml:\d+\n[\s\S]*controller\.watchIngressWithoutClass: true/);
    assert.match(moveHtml(report), /<h2>Without a class: served only with --watch-ingress-without-class \(1\)<\/h2>/);
  }
});

test("an Ingress without a class that ingress-nginx ignores, or a default class takes, is no matter of the move", async () => {
  const standard = { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "nginx", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } }, spec: { controller: "k8s.io/ingress-nginx" } };
  assert.deepEqual(told(await reported([PLAIN, controller(`${PROJECT}:1.0.0`)])), [undefined, undefined, undefined, ["plain"]]);
  assert.deepEqual(told(await reported([PLAIN, controller(`${PROJECT}:0.49.3`, "--ingress-class=mine")])), [undefined, undefined, undefined, ["plain"]]);
  assert.deepEqual(told(await reported([PLAIN, standard, controller(`${PROJECT}:1.0.0`)])), [undefined, undefined, undefined, []]);
});

test("where nobody knows whether it is served, or the command line decides, the report says so", async () => {
  assert.deepEqual(told(await reported([PLAIN])), ["may stop", ["plain"], undefined, ["plain"]]);
  assert.deepEqual(told(await reported([PLAIN, controller(`${PROJECT}:latest`)])), ["may stop", ["plain"], undefined, ["plain"]]);
  assert.deepEqual(told(await reported([PLAIN], "--watch-ingress-without-class")), ["served", ["plain"], true, []]);
  assert.deepEqual(told(await reported([PLAIN, controller(`${PROJECT}:1.0.0`)], "--watch-ingress-without-class")), ["served", ["plain"], true, []]);
  assert.deepEqual(told(await reported([PLAIN, controller(`${PROJECT}:0.49.3`)], "--watch-ingress-without-class=false")), ["stops", ["plain"], undefined, ["plain"]]);
});

test("before 0.22 a rewrite-target without a group kept the rest of the path: it differs", async () => {
  const key = "nginx.ingress.kubernetes.io/rewrite-target";
  const nginx = { ingressClassName: "nginx" };
  const objects = [ingress("rest", { [key]: "/" }, nginx), ingress("group", { [key]: "/$1" }, nginx)];
  const differing = async (image: string): Promise<unknown> => {
    const { objects: all, annotations } = await reported([...objects, controller(image)]);
    const isRaised = (text: string): boolean => text.includes("before 0.22, which runs here");
    return [all.filter(({ remarks }) => remarks.some(({ kind, code, text }) => kind === "differs" && code === "rewrite-target" && isRaised(text))).map(({ name, verdict }) => `${name} ${verdict}`), annotations.map(({ sentence }) => isRaised(sentence))];
  };
  assert.deepEqual(await differing(`${PROJECT}:0.21.0`), [["rest differs"], [true]]);
  assert.deepEqual(await differing(`${PROJECT}:0.22.0`), [[], [false]]);
});

test("a default backend that is not there is missing, and not unreadable", async () => {
  const { objects, summary } = await reported([controller(`${PROJECT}:1.0.0`, "--default-backend-service=ingress-nginx/gone")]);
  assert.deepEqual(objects.map(({ verdict, kind, name }) => `${verdict}: ${kind} ${name}`), ["missing: Service gone"]);
  assert.deepEqual([summary.verdicts.missing, summary.verdicts["not read"]], [1, 0]);
});
