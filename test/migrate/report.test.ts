/** `sluice migrate report`: what it finds in ingress-nginx's own manifests, in the walk-through, and in a set with differences on purpose. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import type { MoveReport } from "../../src/migrate/report.ts";
import { runCommand, type Ended } from "../support/command.ts";
import { ROOT } from "../support/sluice.ts";
import { reportOfTexts } from "./judged.ts";

const here = (name: string): string => relative(process.cwd(), join(ROOT, "test/migrate", name));
const STOCK = here("stock.yaml");
const DIFFERENCES = here("differences.yaml");
const WALKTHROUGH = relative(process.cwd(), join(ROOT, "test/source/manifests/walkthrough"));

const run = (...args: readonly string[]): Promise<Ended> => runCommand(["migrate", "report", ...args]);
const json = async (...args: readonly string[]): Promise<MoveReport> => JSON.parse((await run(...args, "-o", "json")).stdout) as MoveReport;

const named = ({ objects }: MoveReport): readonly string[] => objects.map(({ verdict, kind, namespace, name, remarks }) => `${verdict}: ${kind} ${namespace}/${name}: ${remarks.map(({ kind: what, code }) => (what === "differs" ? `differs:${code}` : code)).join(" ")}`);

test("ingress-nginx's own manifests: everything works, with its own settings, and the values say what they said", async () => {
  const { code, stdout, stderr } = await run(STOCK);
  assert.equal(stdout, readFileSync(join(ROOT, "test/migrate/stock.golden.txt"), "utf8"));
  assert.deepEqual([code, stderr], [0, ""]);
});

test("the set with differences and refusals: exactly these are found", async () => {
  assert.equal((await run(DIFFERENCES)).stdout, readFileSync(join(ROOT, "test/migrate/differences.golden.txt"), "utf8"));
  const report = await json(DIFFERENCES);
  assert.deepEqual(named(report), [
    "refused: Ingress shop/snippet: snippet-refused",
    "refused in part: ConfigMap edge/settings: config-key-without-effect config-key-refused config-key-unknown config-value-invalid differs:use-forwarded-headers differs:ssl-session-ticket-key",
    "refused in part: Ingress shop/closed: annotation-closed certificate-broken",
    "refused in part: Ingress shop/odd: annotation-unknown annotation-former annotation-invalid annotation-of-others annotation-unknown service-missing differs:enable-access-log",
    "refused in part: Secret shop/pair: certificate-broken",
    "not ours: Ingress shop/lost: ingress-class-unknown",
  ]);
  assert.deepEqual(report.keys.map(({ name, state }) => `${name} ${state}`), [
    "keep-alive works", "proxy-body-size works", "proxy-bodysize unknown", "reuse-port no effect", "server-snippet refused", "ssl-session-ticket-key differs", "use-forwarded-headers differs", "use-proxy-protocol works",
  ]);
  assert.deepEqual(report.annotations.map(({ name, state, uses, errors }) => `${uses} ${errors} ${state} ${name}`), [
    "1 1 unknown <img src=x onerror=alert(1)>", "1 1 works allowlist-source-range", "1 1 refused configuration-snippet", "1 0 differs enable-access-log",
    "1 0 unknown proxy-read-timeouts", "1 0 works proxy-send-timeout", "1 0 unknown secure-backends", "1 0 works ssl-redirect",
  ]);
  assert.deepEqual(report.arguments.map(({ text, state }) => `${state}: ${text}`), [
    "works: --configmap=edge/settings", "works: --tcp-services-configmap=edge/tcp", "differs: --publish-service=edge/front-controller", "works: --default-ssl-certificate shop/pair",
    "works: --watch-ingress-without-class=true", "differs: --enable-metrics=true", "no effect: --sync-period", "no effect: --maxmind-license-key", "refused: --time-buckets=nonsense",
    "unknown: --invented", "no effect: --v", "works: --annotations-prefix=nginx.ingress.kubernetes.io", "differs: --exclude-socket-metrics=request_size", "differs: --exclude-socket-metrics=bytes_sent", "works: --http-port=8080",
  ]);
  const { summary, controller } = report;
  assert.equal(summary.otherIngresses, 2);
  assert.deepEqual([summary.hosts, summary.paths, summary.tcpPorts, summary.certificates], [3, 4, 1, { named: 1, read: 0 }]);
  assert.deepEqual([controller?.kind, controller?.namespace, controller?.name], ["DaemonSet", "edge", "front-controller"]);
  const [snippet] = report.objects;
  assert.match(snippet?.remarks[0]?.text ?? "", /custom-headers/);
  assert.equal(snippet?.remarks[0]?.line, 24);
});

test("no form of the report tells what Secrets, arguments without effect and variables hold", async () => {
  for (const form of [["-o", "text"], ["-o", "json"], ["-o", "html"], ["--values"], ["--all"]]) {
    const { code, stdout, stderr } = await run(DIFFERENCES, ...form);
    assert.equal(code, 1);
    assert.ok(stdout.length > 500);
    assert.doesNotMatch(stdout + stderr, /VERY-PRIVATE|VkVSWS1QUklWQVRF/, form.join(" "));
    assert.ok(!stdout.includes("\u001b"), "nothing colours a terminal");
  }
});

test("the walk-through: examples and the manifests of the former controller", async () => {
  const examples = await json(relative(process.cwd(), join(ROOT, "examples")), "--partial");
  assert.deepEqual(named(examples), []);
  assert.deepEqual([examples.summary.hosts, examples.summary.canaries, examples.summary.verdicts.refused], [10, 8, 0]);
  const { code, stdout } = await run(WALKTHROUGH, "--partial", "-o", "json");
  const former = JSON.parse(stdout) as MoveReport;
  assert.match(former.controller?.image ?? "", /nginx-ingress-controller/);
  assert.deepEqual(former.arguments.filter(({ state }) => state === "unknown" || state === "refused"), []);
  assert.equal(code, former.objects.some(({ remarks }) => remarks.some(({ kind }) => kind === "error")) ? 1 : 0);
});

test("every finding of a check is in the report, and no other", async () => {
  const folders = new Set(["examples/**/*.yaml", "test/source/manifests/walkthrough/*.yaml", "test/cases/**/*.yaml"].flatMap((pattern) => globSync(pattern, { cwd: ROOT })).map((file) => dirname(file)));
  assert.ok(folders.size > 100);
  let told = 0;
  for (const folder of folders) {
    const texts = new Map(globSync("*.yaml", { cwd: join(ROOT, folder) }).map((name) => [name, readFileSync(join(ROOT, folder, name), "utf8")]));
    const { findings, report } = await reportOfTexts(texts);
    // What one line does to several hosts is one finding there.
    const wanted = [...new Set(findings.map(({ object, field, code, sentence, file, line }) => `${object.kind} ${object.namespace}/${object.name} ${field} ${code} ${file}:${line} ${sentence}`))].map((text) => text.split(" ").slice(0, 4).join(" "));
    const found = report.objects.flatMap(({ kind, namespace, name, remarks }) => remarks.flatMap(({ kind: what, code, field }) => (what === "differs" ? [] : [`${kind} ${namespace}/${name} ${field} ${code}`])));
    assert.deepEqual(found.sort(), wanted.sort(), folder);
    told += wanted.length;
  }
  assert.ok(told > 100);
});

test("a whole cluster from a pipe, objects of a List among them; --all lists what works", async () => {
  const { parseAllDocuments } = await import("yaml");
  const items = parseAllDocuments(readFileSync(STOCK, "utf8")).map((document): unknown => document.toJS());
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const { code, stdout } = await runCommand(["migrate", "report", "-", "--all", "-o", "json"], {}, undefined, input);
  const report = JSON.parse(stdout) as MoveReport;
  assert.deepEqual([code, report.controller?.name, report.controller?.file, report.controller?.line, report.source], [0, "ingress-nginx-controller", "stdin", 1, "stdin"]);
  assert.deepEqual(named(report), ["works: ConfigMap ingress-nginx/ingress-nginx-controller: ", "works: IngressClass /nginx: "]);
});

test("Ingresses with settings that nginx does not always have are named, with what they cost", async () => {
  const ingress = (name: string, annotations: Readonly<Record<string, string>>): string =>
    JSON.stringify({ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { namespace: "shop", name, annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value])) }, spec: { ingressClassName: "nginx", rules: [{ host: `${name}.example`, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }] } }] } });
  const service = JSON.stringify({ apiVersion: "v1", kind: "Service", metadata: { namespace: "shop", name: "web" }, spec: { ports: [{ port: 80 }] } });
  const usual = [ingress("plain", {}), ingress("large", { "proxy-body-size": "333m", "proxy-buffer-size": "16k" })];
  const own = [ingress("slow", { "proxy-next-upstream-timeout": "7" }), ingress("late", { "proxy-next-upstream-timeout": "7" }), ingress("pages", { "custom-http-errors": "418" })];
  const asked = async (objects: readonly string[], form: string): Promise<string> => (await runCommand(["migrate", "report", "-", "--partial", "-o", form], {}, undefined, objects.join("\n---\n"))).stdout;
  const { combinations } = JSON.parse(await asked([...usual, ...own, service], "json")) as MoveReport;
  assert.deepEqual([combinations?.count, combinations?.ingresses.map(({ name, line }) => [name, line])], [2, [["late", 7], ["pages", 9], ["slow", 5]]]);
  for (const form of ["text", "html"]) {
    const text = await asked([...usual, ...own, service], form);
    for (const said of [/Settings that nginx takes only from its file/, /Ingress shop\/late/, /four at once/]) assert.match(text, said, form);
    assert.doesNotMatch(await asked([...usual, service], form), /only from its file/, form);
  }
});

test("without a Deployment the flags of the command line count, and the report says so", async () => {
  const ingresses = (await run(relative(process.cwd(), join(ROOT, "examples/canary")), "--ingress-class=nobody", "-o", "json")).stdout;
  const report = JSON.parse(ingresses) as MoveReport;
  assert.deepEqual([report.summary.hosts, report.controller, report.arguments], [0, undefined, []]);
  assert.match(report.notes.join(" "), /No Deployment or DaemonSet of ingress-nginx was found/);
});

test("flags that are given win over the old controller's; of several controllers one is chosen", async () => {
  const both = await json(DIFFERENCES, STOCK);
  assert.match(both.notes.join(" "), /There are 2 controllers: DaemonSet edge\/front-controller, Deployment ingress-nginx\/ingress-nginx-controller\./);
  assert.equal(both.controller?.namespace, "edge");
  const chosen = await json(DIFFERENCES, STOCK, "--controller=ingress-nginx/ingress-nginx-controller", "--configmap=edge/settings");
  assert.deepEqual([chosen.controller?.namespace, chosen.keys.length > 0, chosen.summary.tcpPorts], ["ingress-nginx", true, 0]);
  const { code, stderr } = await run(STOCK, "--controller=ingress-nginx/other");
  assert.deepEqual([code, stderr], [2, "sluice: No Deployment or DaemonSet ingress-nginx/other runs ingress-nginx: there is Deployment ingress-nginx/ingress-nginx-controller.\n"]);
});

test("exit codes: 2 for a slip and for what cannot be read; slips of the command itself", async () => {
  for (const args of [["migrate", "report", "/nowhere"], ["migrate", "report", STOCK, "-o", "pdf"], ["migrate", "report", STOCK, "--http-port=80"], ["migrate"], ["migrate", "reprot"], ["migrate", "report", "--kubeconfig=/nowhere"]]) {
    const { code, stdout, stderr } = await runCommand(args);
    assert.deepEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, /^sluice: .*[.?!]\n$/);
  }
  assert.deepEqual((await runCommand(["migrate", "report", "-"], {}, undefined, "")).code, 2);
  assert.match((await runCommand(["migrate", "reprot"])).stderr, /did you mean "migrate report"\?/);
  assert.match((await runCommand(["migrate", "--help"])).stdout, /^Usage: sluice migrate SUBCOMMAND[\s\S]* {2}report /);
  assert.match((await run("--help")).stdout, /^Usage: sluice migrate report /);
  const broken = await runCommand(["migrate", "report", "-", "-o", "json"], {}, undefined, "kind: Ingress\n  bad: [\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n");
  assert.deepEqual([broken.code, named(JSON.parse(broken.stdout) as MoveReport)], [1, ["not read: File /stdin: yaml-invalid"]]);
});
