/** What lists of expressions at their bounds cost a request and a worker, in nginx's own LuaJIT with its PCRE. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ALIAS_BOUNDS, PATH_BOUNDS } from "../../src/model/shapes/bounds.ts";
import { build } from "../support/build.ts";
import { programOf, runLua } from "../support/in-nginx.ts";
import { ingress, ingressClass, service, type IngressDraft } from "../support/objects.ts";

const SCRIPT = fileURLToPath(new URL("../support/expressions.lua", import.meta.url));

interface Took {
  /** How many patterns were compiled. */
  readonly compiled: number;
  /** The status of the last request. */
  readonly status: number;
  /** Processor time of each request, in microseconds. */
  readonly each: number;
}

interface Measured {
  readonly names: Took;
  readonly again: Took;
  readonly paths: Took;
  readonly hostile: Took;
  /** Compiled patterns in memory: after the requests (`kept`), and after a while without requests (`left`). */
  readonly kept: number;
  readonly left: number;
}

const aliased = (i: number): IngressDraft =>
  ingress(`n${i}/web`).host(`n${i}.example`).path("/", "web:80")
    .annotate("server-alias", Array.from({ length: ALIAS_BOUNDS.ingress }, (_, k) => `~^shop${k}[a-z0-9-]*\\.n${i}\\.example$`).join(","));
const withPaths = (key: string, host: string, texts: readonly string[]): IngressDraft =>
  texts.reduce((one, text) => one.path(text, "web:80", "ImplementationSpecific"), ingress(key).host(host).annotate("use-regex", "true"));
const texts = (count: number, text: (i: number) => string): string[] => Array.from({ length: count }, (_, i) => text(i));

test("at the bounds each expression is compiled once, a search ends in time, and what nobody uses is freed", (t) => {
  const built = build(
    ...texts(ALIAS_BOUNDS.all / ALIAS_BOUNDS.ingress, String).map((i) => aliased(Number(i))),
    ...[0, 1, 2, 3].map((k) => withPaths(`p${k}/web`, "paths.example", texts(PATH_BOUNDS.ingress, (i) => `/api${k}/v${i}/([^/]+)/(.*)`))),
    // On a path of many letters, each search takes most of the steps that one search may, and matches nothing.
    ...[0, 1, 2, 3].map((k) => withPaths(`h${k}/web`, "hostile.example", texts(PATH_BOUNDS.ingress, (i) => `/(a|a)*[b-y${k}${i}]?$`))),
    service("n0/web", "80"), ingressClass("nginx"),
  );
  const requests = 20;
  const measured = JSON.parse(runLua(SCRIPT, programOf(built), { requests })) as Measured;
  for (const [what, took] of Object.entries(measured)) t.diagnostic(`${what}: ${JSON.stringify(took)}`);
  const { names, again, paths, hostile, kept, left } = measured;
  assert.equal(names.compiled, ALIAS_BOUNDS.all, "a name that nobody declares is matched against all of them");
  assert.equal(again.compiled, 0);
  assert.equal(paths.compiled, PATH_BOUNDS.all + 1, "and / beside them");
  assert.equal(hostile.status, 500, "a search that takes too long ends the request");
  assert.ok(hostile.compiled < PATH_BOUNDS.all, `${hostile.compiled} of the hostile ones were tried`);
  assert.equal(kept, names.compiled + paths.compiled + hostile.compiled);
  assert.equal(left, 0);
});
