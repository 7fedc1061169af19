/** A thousand generated Ingresses: what the commands say of them agrees with itself, and with what was written. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { checkGithub } from "../../src/check/github.ts";
import type { CheckResult, PlacedFinding } from "../../src/check/result.ts";
import { checkSarif } from "../../src/check/sarif.ts";
import { checkText } from "../../src/check/text.ts";
import { judgeSource } from "../../src/commands/judged.ts";
import { explainServed } from "../../src/explain/served.ts";
import type { MoveReport } from "../../src/migrate/report.ts";
import { parseSettings } from "../../src/settings.ts";
import { textSource } from "../../src/source/text.ts";
import { plain } from "../../src/support/terminal.ts";
import { certificatesOf } from "../support/cases/certificates.ts";
import type { Ended } from "../support/command.ts";
import { startCommands } from "../support/commands.ts";
import { CORPUS } from "../support/corpus.ts";
import { filesOf, generate, type GeneratedIngress } from "../support/generated.ts";
import { documents } from "../support/manifests.ts";
import { ROOT } from "../support/sluice.ts";

const SEED = 20_260_401;
const GOLDEN = join(CORPUS, "generated.txt");

const ingresses = generate(SEED, 1000);
const secrets = documents(...certificatesOf(Object.fromEntries(Array.from({ length: 20 }, (_, at) => [[`gen-${at}/wild`, [`*.gen-${at}.example`]], [`gen-${at}/other`, ["other.example"]]] as const).flat()), "generated").secrets);
const commands = startCommands();
let top: string;
let folder: string;

function writeFolder(name: string, written: readonly GeneratedIngress[]): string {
  const path = join(top, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of filesOf(written)) writeFileSync(join(path, file), text);
  writeFileSync(join(path, "secrets.yaml"), secrets);
  return path;
}

before(() => {
  mkdirSync(join(ROOT, "tmp"), { recursive: true });
  top = relative(process.cwd(), mkdtempSync(join(ROOT, "tmp/generated-")));
  folder = writeFolder("all", ingresses);
});
after(async () => {
  await commands.close();
  rmSync(top, { recursive: true, force: true });
});

const run = async (...args: readonly string[]): Promise<Ended> => {
  const ended = await commands.run(args);
  assert.equal(ended.stderr, "", args.join(" "));
  return ended;
};

interface Row {
  readonly namespace: string;
  readonly ingress: string;
  readonly host: string;
  readonly path: string;
}

const said = new Map<string, Promise<Ended>>();

/** What a command says of the folder, asked once. */
async function json(...args: readonly string[]): Promise<unknown> {
  const key = args.join(" ");
  const ended = said.get(key) ?? run(...args, "-o", "json");
  said.set(key, ended);
  return JSON.parse((await ended).stdout) as unknown;
}

const check = async (): Promise<CheckResult> => (await json("check", folder)) as CheckResult;
const routes = async (): Promise<readonly Row[]> => (await json("get", "routes", `--manifests=${folder}`)) as readonly Row[];
const placeText = ({ file, line, column }: PlacedFinding): string => `${file}:${line}:${column}`;

test("each finding has its object, its place, a sentence and an effect, and none is told twice", async () => {
  const { findings } = await check();
  assert.ok(findings.length > 300, `${findings.length}`);
  for (const one of findings) {
    const text = JSON.stringify(one);
    assert.ok(one.object.name !== "" && (one.line ?? 0) > 0 && (one.column ?? 0) > 0, text);
    assert.match(one.sentence, /^\S[^]*\S$/, text);
    assert.doesNotMatch(one.sentence + one.effect, /undefined|\[object|NaN/, text);
    assert.ok(one.effect.length > 5, text);
  }
  const keys = findings.map((one) => `${placeText(one)} ${one.code} ${one.sentence}`);
  assert.deepEqual(keys.filter((key, index) => keys.indexOf(key) !== index), []);
});

test("text, SARIF and GitHub's annotations tell the same at the same places, and the exit code is theirs", async () => {
  const result = await check();
  const { findings, counts } = result;
  const wanted = findings.map((one) => `${placeText(one)} ${one.severity} ${one.code}`).sort();
  const text = checkText(result, plain);
  let file = "";
  const inText = text.split("\n").flatMap((line) => {
    if (/^\S.*\.yaml$/.test(line)) file = line;
    const [, place, severity, code] = /^ {4}(\d+:\d+) +(error|warning|info) +(\S+)$/.exec(line) ?? [];
    return place === undefined ? [] : [`${file}:${place} ${severity} ${code}`];
  });
  assert.deepEqual(inText.sort(), wanted);
  assert.ok(text.includes(`${counts.error} errors, ${counts.warning} warnings, ${counts.info} info`), text.slice(-200));
  const sarif = JSON.parse(checkSarif(result, "1", (path) => path)) as { runs: { results: { ruleId: string; level: string; locations: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number; startColumn: number } } }[] }[] }[] };
  const inSarif = sarif.runs.flatMap(({ results }) => results).map(({ ruleId, level, locations: [place] }) => `${place?.physicalLocation.artifactLocation.uri}:${place?.physicalLocation.region.startLine}:${place?.physicalLocation.region.startColumn} ${level === "note" ? "info" : level} ${ruleId}`);
  assert.deepEqual(inSarif.sort(), wanted);
  const inGithub = checkGithub(result, (path) => path).trim().split("\n").map((line) => {
    const [, severity, path, at, column, code] = /^::(\w+) file=([^,]+),line=(\d+),col=(\d+),title=([^:]+)::/.exec(line) ?? [];
    return `${path}:${at}:${column} ${severity === "notice" ? "info" : severity} ${code}`;
  });
  assert.deepEqual(inGithub.sort(), wanted);
  assert.equal((await said.get(`check ${folder}`))?.code, counts.error === 0 ? 0 : 1);
});

const rowOf = (host: string, path: string, pathType: string): string => `${host === "" ? "*" : host} ${path} ${pathType === "Exact" ? "exact" : "prefix"}`;

test("each route that is listed was written, once; what was written and is not listed has a finding", async () => {
  const rows = await routes();
  const listed = rows.map(({ host, path }) => `${host} ${path}`);
  assert.deepEqual(listed.filter((key, index) => listed.indexOf(key) !== index), []);
  const { findings } = await check();
  const excused = new Set(findings.filter(({ severity }) => severity !== "info").map(({ object }) => `${object.namespace}/${object.name}`));
  const served = new Set(rows.map(({ namespace, ingress, host, path }) => `${namespace}/${ingress} ${host} ${path.replace(/ \((?:expression, )?(exact|expression|prefix)\).*$/, " $1").replace(/ expression$/, " prefix")}`));
  const written = new Set<string>();
  for (const { namespace, name, canary, paths, annotations } of ingresses) {
    for (const { host, path, pathType, service } of paths) {
      const key = `${namespace}/${name} ${rowOf(host, path, pathType)}`;
      written.add(key);
      const isCanary = canary && annotations["nginx.ingress.kubernetes.io/canary"] === "true";
      // Of a path with and without its last slash, for one Service, the one stands for both.
      const twin = path.endsWith("/") && paths.some((other) => other.host === host && `${other.path}/` === path && other.service === service && other.pathType !== "Exact");
      if (!isCanary && !twin && !served.has(key)) assert.ok(excused.has(`${namespace}/${name}`), `${key} is not served, and nothing says why`);
    }
  }
  assert.deepEqual([...served].filter((key) => !written.has(key)), []);
});

test("explain names for each route the Ingress that get routes names", async () => {
  const rows = await routes();
  const source = textSource(new Map([...filesOf(ingresses), ["secrets.yaml", secrets]]));
  await source.start(() => {}, AbortSignal.timeout(0));
  const settings = parseSettings([], "explain");
  const { built: { model }, program, findings } = await judgeSource(source, settings, false);
  const expressions = new Set(rows.filter(({ path }) => path.includes("(expression")).map(({ host }) => host));
  let asked = 0;
  for (const { host, path, namespace, ingress } of rows) {
    const [, text = "", kind] = /^(.*) \((exact|prefix)\)$/.exec(path) ?? [];
    const rivals = rows.filter((other) => other.host === host && other.path.replace(/ \(\w+\)$/, "") === text).length > 1;
    if (kind === undefined || expressions.has(host) || (rivals && kind === "prefix")) continue;
    const name = host === "*" ? "nobody.example" : host.replace("*", "any");
    const { explanation } = explainServed({ model, program, findings, snapshot: source.snapshot }, settings, { url: `https://${name}${encodeURI(text)}`, headers: [], method: "GET" });
    const [object] = explanation.objects ?? [];
    // The host answers before there is a route: app-root, or client certificates that it cannot ask for.
    if (!object && (explanation.status === 302 || explanation.status === 403)) continue;
    assert.deepEqual([object?.namespace, object?.name], [namespace, ingress], `https://${name}${text}: ${JSON.stringify(explanation.steps)}`);
    asked++;
  }
  assert.ok(asked > 300, `${asked}`);
});

test("a state is no different from itself; one edit is the one difference", async () => {
  const same = await run("diff", folder, folder);
  assert.deepEqual([same.code, same.stdout], [0, "Nothing changes for those who ask.\n"]);
  const uses = Map.groupBy(ingresses.flatMap(({ paths }) => paths.map(({ host, path }) => `${host} ${path}`)), (key) => key);
  const hosts = Map.groupBy(ingresses.flatMap(({ paths }) => [...new Set(paths.map(({ host }) => host))]), (host) => host);
  const edited = ingresses.findIndex(({ annotations, paths: [first, second] }) => Object.keys(annotations).length === 0 && first !== undefined && second === undefined
    && first.host.startsWith("h") && first.service !== "gone" && uses.get(`${first.host} ${first.path}`)?.length === 1 && hosts.get(first.host)?.length === 1);
  const old = ingresses[edited] ?? assert.fail("no Ingress is alone on its host");
  const [path = assert.fail("it has no path")] = old.paths;
  const now = ingresses.with(edited, { ...old, paths: [{ ...path, service: path.service === "web" ? "api" : "web" }] });
  const { code, stdout } = await run("diff", folder, writeFolder("edited", now), "-o", "json");
  const differences = JSON.parse(stdout) as readonly { what: string; change: string; host?: string; name: string }[];
  assert.equal(code, 1);
  assert.deepEqual(differences.map(({ what, change, host, name }) => [what, change, host, name.replace(/ \(\w+\)$/, "")]), [["route", "changed", path.host, path.path]]);
});

test("the report of the move names each Ingress once; the summary is as it was", async () => {
  const { objects, summary } = (await json("migrate", "report", folder, "--all")) as MoveReport;
  const named = objects.filter(({ kind }) => kind === "Ingress").map(({ namespace, name }) => `${namespace}/${name}`);
  assert.deepEqual(named.sort(), ingresses.map(({ namespace, name }) => `${namespace}/${name}`).sort());
  const { findings, counts } = await check();
  const codes = [...Map.groupBy(findings, ({ code, severity }) => `${code} ${severity}`)].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = await routes();
  const text = [
    `${ingresses.length} Ingresses, seed ${SEED}: ${counts.error} errors, ${counts.warning} warnings, ${counts.info} info`,
    `${rows.length} routes of ${new Set(rows.map(({ host }) => host)).size} hosts are served`,
    `verdicts of migrate report: ${Object.entries(summary.verdicts).map(([verdict, number]) => `${number} ${verdict}`).join(", ")}`,
    "",
    ...codes.flatMap(([code, all]) => [`${String(all.length).padStart(4)}  ${code}`, `      ${all[0]?.object.kind} ${all[0]?.object.namespace}/${all[0]?.object.name}: ${all[0]?.sentence}. Effect: ${all[0]?.effect}.`]),
    "",
  ].join("\n");
  if (process.env["UPDATE_GOLDEN"]) writeFileSync(GOLDEN, text);
  assert.equal(text, existsSync(GOLDEN) ? readFileSync(GOLDEN, "utf8") : "", `${GOLDEN} says something else (UPDATE_GOLDEN=1 writes it)`);
});
