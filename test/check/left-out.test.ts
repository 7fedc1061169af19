/** What `sluice check` leaves out on purpose: by --ignore, and by a baseline. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { baselineText, withoutKnown } from "../../src/check/baseline.ts";
import { withoutIgnored } from "../../src/check/ignored.ts";
import { counted, type CheckResult, type PlacedFinding } from "../../src/check/result.ts";
import { UserError } from "../../src/support/user-error.ts";
import { runCommand } from "../support/command.ts";
import { site } from "../support/manifests.ts";

const found = (code: string, name: string, field = "spec.rules[0]", severity: PlacedFinding["severity"] = "error"): PlacedFinding =>
  ({ severity, code, object: { kind: "Ingress", namespace: "shop", name }, field, sentence: "It is wrong", effect: "none" });
const result = (...findings: readonly PlacedFinding[]): CheckResult => counted({ objects: 1, skipped: 0 }, findings);
const here = (file: string): string => file;
const told = ({ findings }: CheckResult): string[] => findings.map(({ code, object, field }) => `${code} ${object.name} ${field}`);

test("--ignore leaves out a code, or a code of an object", () => {
  const all = result(found("service-missing", "web"), found("service-missing", "other"), found("host-invalid", "web"));
  const left = (...rules: string[]): string[] => told(withoutIgnored(all, rules));
  assert.deepEqual(left(), told(all));
  assert.deepEqual(left("service-missing"), ["host-invalid web spec.rules[0]"]);
  assert.deepEqual(left("service-missing:Ingress/shop/web"), ["service-missing other spec.rules[0]", "host-invalid web spec.rules[0]"]);
  assert.deepEqual(left("service-missing:ingress/*/web", "host-invalid:*/shop/*"), ["service-missing other spec.rules[0]"]);
  assert.deepEqual(left("service-missing:Service/shop/web", "service-missing:Ingress/sho/web"), told(all));
  const others = result({ ...found("yaml-invalid", "k8s/a.yaml"), object: { kind: "File", namespace: "", name: "k8s/a.yaml" } }, { ...found("duplicate-object", "nginx"), object: { kind: "IngressClass", namespace: "", name: "nginx" } });
  assert.deepEqual(told(withoutIgnored(others, ["yaml-invalid:File/k8s/a.yaml"])), ["duplicate-object nginx spec.rules[0]"]);
  assert.deepEqual(told(withoutIgnored(others, ["yaml-invalid:File/k8s/b.yaml", "duplicate-object:IngressClass/nginx"])), ["yaml-invalid k8s/a.yaml spec.rules[0]"]);
  const { ignored, counts } = withoutIgnored(all, ["service-missing"]);
  assert.deepEqual([ignored, counts.error], [2, 1]);
  assert.equal(withoutIgnored(all, []), all);
  for (const [rule, says] of [["servic-missing", /did you mean "service-missing"\?$/], ["nothing-like-it-at-all", /findings\.md lists them/], ["service-missing:web", /such as service-missing:Ingress/], ["", /write a code/]] as const) {
    assert.throws(() => left(rule), (error) => error instanceof UserError && error.exitCode === 2 && says.test(error.message), rule);
  }
});

test("a baseline knows findings by code, severity, object and field, wherever they stand; of more than it has, all are told", () => {
  const old = result(found("service-missing", "web", "spec.rules[0].http.paths[1]"), found("host-invalid", "web"), found("host-invalid", "other"));
  const text = baselineText(old, here);
  const left = (...findings: PlacedFinding[]): CheckResult => withoutKnown(result(...findings), text, "b", here);
  const moved = found("service-missing", "web", "spec.rules[2].http.paths[0]");
  assert.deepEqual(told(left(moved, found("host-invalid", "web"), found("host-invalid", "other"))), []);
  const { known, gone, findings } = left(moved, found("host-invalid", "new"));
  assert.deepEqual([known, gone, findings.length], [1, 2, 1]);
  assert.equal(left(moved, found("service-missing", "web")).findings.length, 1, "another field");
  assert.equal(left(moved, { ...moved, line: 7 }).findings.length, 2, "nobody knows which of the two is new");
  assert.equal(left(found("host-invalid", "web", "spec.rules[0]", "warning")).findings.length, 1, "another severity");
  assert.equal(baselineText(result(...[...old.findings].reverse()), here), text, "in any order the same file");
  for (const odd of ["", "[]", "null", '{"version": 2, "findings": []}', '{"version": 1, "findings": [{"code": "a"}]}']) {
    assert.throws(() => withoutKnown(old, odd, "b", here), (error) => error instanceof UserError && error.exitCode === 2 && error.message === '"b" is no baseline: write it with --write-baseline.', odd);
  }
});

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-baseline-"));
});
after(() => rmSync(folder, { recursive: true }));

test("the command writes a baseline, and counts what is new", async () => {
  const [file, baseline] = [join(folder, "web.yaml"), join(folder, "baseline.json")];
  const odd = (name: string): string => site({ name, host: `${name}.example`, endpoints: [], annotations: { "proxy-read-timeout": "soon" } });
  writeFileSync(file, odd("web"));
  const check = (...args: readonly string[]) => runCommand(["check", file, "--fail-on=warning", `--baseline=${baseline}`, ...args]);
  const absent = await check();
  assert.deepEqual([absent.code, absent.stdout], [2, ""]);
  assert.match(absent.stderr, /cannot be read \(ENOENT\): --write-baseline makes it\.$/m);
  const written = await check("--write-baseline");
  assert.deepEqual([written.code, written.stdout], [0, "0 errors, 0 warnings, 0 info; 2 objects read; 1 known by the baseline\n"], written.stderr);
  assert.match(readFileSync(baseline, "utf8"), /"code":"annotation-invalid","severity":"warning","object":"Ingress shop\/web"/);
  assert.equal((await check()).code, 0);
  writeFileSync(file, `# One line more.\n${odd("web")}---\n${odd("next")}`);
  const more = await check("-o", "json");
  const { findings, known, gone } = JSON.parse(more.stdout) as CheckResult;
  assert.deepEqual([more.code, findings.map(({ object }) => object.name), known, gone], [1, ["next"], 1, 0]);
  writeFileSync(file, site({ name: "web", host: "web.example", endpoints: [] }));
  assert.match((await check()).stdout, /; 1 of the baseline is gone \(--write-baseline takes it out\)$/m);
  const elsewhere = await runCommand(["check", file, `--baseline=${join(folder, "no", "where")}`, "--write-baseline"]);
  assert.match(elsewhere.stderr, /cannot be written \(ENOENT\): look at its folder/);
  const alone = await runCommand(["check", file, "--write-baseline"]);
  assert.deepEqual([alone.code, alone.stderr], [2, "sluice: --write-baseline writes the file of --baseline: give both.\n"]);
});

test("the command leaves out what is ignored", async () => {
  const file = join(folder, "odd.yaml");
  writeFileSync(file, site({ name: "web", host: "web.example", endpoints: [], annotations: { "proxy-read-timeout": "soon" } }));
  const { code, stdout } = await runCommand(["check", file, "--fail-on=warning", "--ignore=host-invalid,annotation-invalid:Ingress/shop/web"]);
  assert.deepEqual([code, stdout], [0, "0 errors, 0 warnings, 0 info; 2 objects read; 1 ignored\n"]);
});
