/**
 * Objects → Snapshot → Model → Program → tables of the edge → decisions, on Node, for objects that were changed at random.
 *
 * Nothing throws; nothing that a tenant wrote is in nginx.conf; what workers are sent is lines of ASCII that they take; each
 * decision is a whole one, and no redirect or rewritten path holds a byte that would end a line.
 *
 * SEED=… repeats a run, RUNS=… says how many worlds are tried. NIGHTLY=1: a million objects.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import * as fc from "fast-check";
import { decide } from "../../edge/src/match.ts";
import { locationOf } from "../../edge/src/redirect.ts";
import type { EngineFacts } from "../../src/compile/facts.ts";
import { nginxConf } from "../../src/compile/nginx-conf.ts";
import { createCompiler, type Program } from "../../src/compile/program.ts";
import { explain } from "../../src/explain/explain.ts";
import { view } from "../../src/explain/view.ts";
import { parseRequest, type ExplainedRequest } from "../../src/explain/request.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import { parseConfig } from "../../src/model/config/parse.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import type { Model } from "../../src/model/model.ts";
import { toldFindings } from "../../src/report/told.ts";
import { parseSettings } from "../../src/settings.ts";
import { declarationsInto } from "../../src/source/manifests/declarations.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { UserError } from "../../src/support/user-error.ts";
import { MARK } from "../support/hostile.ts";
import { readConf, type ReadDirective } from "../support/read-conf.ts";
import { tablesOf } from "../support/tables.ts";
import { unboundedSearch } from "../support/unbounded-search.ts";
import { urlOf, wish, type Wish } from "./requests.ts";
import { operatorWorlds, tenantWorlds, type World } from "./worlds.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
/** A world has some thirteen objects, and there are two tests. */
const RUNS = Number(process.env["RUNS"] ?? (process.env["NIGHTLY"] === "1" ? 40_000 : 300));
const LIMIT_MS = 3_600_000;

const settings = parseSettings(["--configmap=sluice/sluice", "--enable-ssl-passthrough"], "run", {});
const FACTS: EngineFacts = {
  version: [1, 22, 1], modules: ["/m.so"], processors: 2, openFiles: 1024, ipv6: true, accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
};

interface Made {
  readonly snapshot: Snapshot;
  readonly model: Model;
  readonly program: Program;
  readonly conf: string;
  readonly findings: readonly Finding[];
}

function make({ tenants, operator }: World): Made {
  const snapshot = new Snapshot();
  const declarations = declarationsInto(snapshot);
  for (const [file, documents] of [["operator.yaml", operator], ["tenants.yaml", tenants]] as const) {
    for (const _ of declarations.setText(file, documents.join("\n---\n"))) continue;
  }
  declarations.commit(true);
  const { config, findings } = parseConfig(snapshot.get("ConfigMap", "sluice", "sluice"), undefined, snapshot);
  const built = createModelBuilder(settings).update(snapshot, snapshot.takeChanges(), config);
  const compiler = createCompiler(settings.profilesPerNamespace);
  const { program } = compiler.compile(built);
  const ofProgram = compiler.findings((namespace, name) => snapshot.get("Ingress", namespace, name));
  const conf = nginxConf({ settings, config: program.config, facts: FACTS, profiles: program.profiles }).text;
  return { snapshot, model: built.model, program, conf, findings: toldFindings([...declarations.findings(), ...findings, ...built.findings(), ...ofProgram]) };
}

/** Control characters of ASCII: the bytes above it are parts of UTF-8. */
const CONTROLS = /(?![\x80-\x9f])\p{Cc}/u;

function checkSentences(findings: readonly Finding[]): void {
  for (const { code, sentence, effect, hint, line } of findings) {
    for (const said of [sentence, effect, hint ?? ""]) assert.doesNotMatch(said, /[\p{Cc}\u2028\u2029\u202e]|\[object |undefined|NaN/u, `${code} says ${JSON.stringify(said)}`);
    assert.ok(line === undefined || line >= 1, code);
  }
}

function checkFrames({ parts }: Program): void {
  for (const { key, frame } of parts.values()) {
    const line = frame.reveal().toString("latin1");
    assert.match(line, /^[ -~]*$/, key);
    assert.doesNotThrow(() => JSON.parse(line) as unknown, key);
  }
}

function asked(url: string, { headers, method }: Wish): ExplainedRequest | undefined {
  try {
    return parseRequest(url, headers, method);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function checkDecision({ model, program, findings }: Made, tables: ReturnType<typeof tablesOf>, one: Wish): boolean {
  const request = asked(urlOf(one, model), one);
  if (request === undefined) return false;
  const known = view(request, () => 0, () => {}, "192.0.2.1", unboundedSearch);
  const { pool, status, uri, route, ...rest } = decide(tables, known, request.host, request.path, request.https);
  assert.ok(pool !== undefined || (Number.isInteger(status) && status >= 200 && status <= 599), `status ${status}`);
  assert.ok(pool === undefined || pool.endpoints.length > 0);
  const location = locationOf({ pool, status, uri, route, ...rest }, tables.settings, known);
  if (location !== undefined) assert.doesNotMatch(location, CONTROLS);
  if (pool !== undefined && route?.detour?.rewrite !== undefined && uri !== undefined) assert.match(uri, /^\/[\x21-\x7e]*$/);
  const told = explain(model, program, request, findings, { configmap: "sluice/sluice", defaultBackendService: "" });
  assert.ok(told.steps.length > 0);
  return true;
}

interface Seen {
  objects: number;
  routes: number;
  decisions: number;
  findings: number;
}

function check(world: World, wishes: readonly Wish[], seen: Seen): Made {
  const made = make(world);
  checkSentences(made.findings);
  checkFrames(made.program);
  const tables = tablesOf(made.program);
  for (const one of wishes) if (checkDecision(made, tables, one)) seen.decisions++;
  seen.objects += world.tenants.length + world.operator.length;
  seen.findings += made.findings.length;
  for (const { routes } of made.model.hosts.values()) seen.routes += routes.length;
  return made;
}

const wishes = fc.array(wish, { minLength: 3, maxLength: 6 });

function report(t: TestContext, seen: Seen): void {
  t.diagnostic(`SEED=${SEED} RUNS=${RUNS}: ${seen.objects} objects, ${seen.routes} routes, ${seen.findings} findings, ${seen.decisions} decisions`);
  assert.ok(seen.objects > 4 * RUNS && seen.routes > 2 * RUNS && seen.findings > RUNS && seen.decisions > RUNS, JSON.stringify(seen));
}

test("objects that were changed at random are judged and served, and nothing of theirs is in nginx.conf", { timeout: LIMIT_MS }, (t) => {
  const seen: Seen = { objects: 0, routes: 0, decisions: 0, findings: 0 };
  fc.assert(fc.property(tenantWorlds, wishes, (world, some) => {
    const { conf, program: { config } } = check(world, some, seen);
    if (!config.allowSnippetAnnotations) assert.ok(!conf.includes(MARK), conf.slice(Math.max(0, conf.indexOf(MARK) - 200), conf.indexOf(MARK) + 100));
  }), { seed: SEED, numRuns: RUNS });
  report(t, seen);
});

test("an operator's objects that were changed at random add no directive to nginx.conf", { timeout: LIMIT_MS }, (t) => {
  const seen: Seen = { objects: 0, routes: 0, decisions: 0, findings: 0 };
  fc.assert(fc.property(operatorWorlds, wishes, (world, some) => {
    const { conf, program: { config } } = check(world, some, seen);
    if (!config.allowSnippetAnnotations) for (const name of namesIn(readConf(conf))) assert.match(name, /^[a-z0-9_]+$|^$/, name);
  }), { seed: SEED, numRuns: RUNS });
  report(t, seen);
});

/** Blocks of values, not of directives. */
const VALUES: ReadonlySet<string> = new Set(["map", "geo", "types"]);

function namesIn(list: readonly ReadDirective[]): string[] {
  return list.flatMap(({ words: [name = ""], children = [] }) => [name, ...(VALUES.has(name) ? [] : namesIn(children))]);
}
