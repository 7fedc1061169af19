/** The Program checks itself: a part refers only to what is there, and a profile's name stands for its content; else paths close. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Frame, EdgeHost, PartValues } from "../../edge/src/program.ts";
import { createCompiler, type Compiler, type Part, type Program } from "../../src/compile/program.ts";
import { profileId, type Profile } from "../../src/compile/profiles.ts";
import { standingProfiles } from "../../src/compile/standing-profiles.ts";
import { referencesOf } from "../../src/compile/references.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import type { Built } from "../../src/model/model.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { hostileObjects } from "../support/hostile.ts";
import { ingress, ingressClass, put, service, slice, testConfig, testSettings } from "../support/objects.ts";

const web = ingress("shop/web").host("web.example").path("/", "web:80");
const sized = (name: string, size: string): ReturnType<typeof ingress> =>
  ingress(`shop/${name}`).host(`${name}.example`).path("/", "web:80").annotate("proxy-body-size", size).annotate("proxy-request-buffering", "off");
const POOL = "pool shop/web/80";

function started(compiler: Compiler = createCompiler(), ...objects: Parameters<typeof put>[1][]) {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  for (const object of [ingressClass("nginx"), service("shop/web", "80:8080"), slice("shop/web", 8080, "10.0.0.1"), ...objects]) put(snapshot, object);
  const built = (): Built => builder.update(snapshot, snapshot.takeChanges(), testConfig);
  return { snapshot, compiler, built, compile: () => compiler.compile(built()) };
}

const valueOf = (part: Part | undefined): unknown => {
  const frame = part && (JSON.parse(part.frame.reveal().toString("latin1")) as Frame);
  return frame?.op === "set" ? frame.value : undefined;
};
const statusesOf = ({ parts }: Program, host: string): (number | undefined)[] => (valueOf(parts.get(`host ${host}`)) as EdgeHost).routes.map(({ respond }) => respond);
const codes = (compiler: Compiler): string[] => compiler.findings(() => undefined).map(({ object, code }) => `${object.name} ${code}`).sort();

test("profiles have names of 128 bits", () => {
  for (const id of standingProfiles(testConfig).keys()) assert.match(id, /^[0-9a-f]{32}$/);
});

test("two combinations of settings with one name: the second closes, in one host and over several; when the first is gone it may be had", () => {
  const standing = standingProfiles(testConfig);
  const nameOf = (profile: Profile): string => (standing.has(profileId(profile)) ? profileId(profile) : "0".repeat(32));
  const { snapshot, compiler, compile } = started(createCompiler(Infinity, nameOf), sized("one", "1m").object, sized("one-too", "1m").object, sized("two", "2m").object);
  assert.deepEqual(statusesOf(compile().program, "one.example"), [undefined], "nginx always has the profile of the default size");
  put(snapshot, sized("one", "3m").object);
  put(snapshot, sized("one-too", "3m").object);
  const both = compile().program;
  assert.deepEqual(["one", "one-too", "two"].map((name) => statusesOf(both, `${name}.example`)[0]).sort(), [503, 503, undefined]);
  assert.equal(both.profiles.get("0".repeat(32))?.bodySize, 2 * 1024 ** 2, "whose it was it stays");
  assert.deepEqual(codes(compiler), ["one program-unsound", "one-too program-unsound"]);

  snapshot.remove({ kind: "Ingress", namespace: "shop", name: "two" });
  compile();
  put(snapshot, sized("one", "4m").object);
  put(snapshot, sized("one-too", "4m").path("/b", "web:80").object);
  const after = compile().program;
  assert.deepEqual([statusesOf(after, "one.example"), statusesOf(after, "one-too.example"), codes(compiler)], [[undefined], [undefined, undefined], []]);
});

test("a path whose pool, users or certificates are not there is closed, and its neighbours are not", () => {
  const { compiler, built } = started(createCompiler(), web.object, ingress("shop/other").host("web.example").path("/other", "web:81").object, service("shop/other", "81"));
  const { model, ...rest } = built();
  const { program } = compiler.compile({ ...rest, model: { ...model, pools: new Map([...model.pools].filter(([id]) => id !== "shop/web/80")) } });
  assert.deepEqual(statusesOf(program, "web.example").sort(), [503, undefined]);
  assert.deepEqual(codes(compiler), ["web program-unsound"]);
});

test("what others refer to is not dropped before they are", () => {
  const { compiler, built, snapshot } = started(createCompiler(), web.object);
  compiler.compile(built());
  const { model, change } = built();
  const without: Built = { ...built(), model: { ...model, pools: new Map() }, change: { ...change, pools: new Set(["shop/web/80"]) } };
  const { program, changed } = compiler.compile(without);
  assert.deepEqual([program.parts.has(POOL), changed.has(POOL)], [true, false]);
  snapshot.remove({ kind: "Ingress", namespace: "shop", name: "web" });
  const after = compiler.compile(built());
  assert.deepEqual([after.program.parts.has(POOL), after.changed.has(POOL)], [false, true]);
});

/** What is wrong in a Program: references to parts that are not there, and profiles under a name that is not theirs. */
function faults({ parts, profiles }: Program): string[] {
  const out: string[] = [];
  // Keys as workers read them: half a surrogate pair becomes a replacement character.
  const there = new Set([...parts.keys()].map((key) => key.toWellFormed()));
  for (const part of parts.values()) {
    const refers = referencesOf(part.kind, valueOf(part) as PartValues[typeof part.kind]);
    for (const key of refers) if (!there.has(key)) out.push(`${part.key} refers to ${key}`);
    for (const [id, profile] of part.profiles) if (profileId(profile) !== id || profileId(profiles.get(id) as Profile) !== id) out.push(`${part.key}: ${id} is another profile`);
  }
  return out;
}

test("whatever comes and goes, the Program is sound after each change, without a path that had to be closed for it", () => {
  fc.assert(
    fc.property(fc.array(hostileObjects, { minLength: 2, maxLength: 4 }), (rounds) => {
      const { snapshot, compiler, compile } = started(createCompiler(), web.object);
      let before: readonly { readonly kind: string; readonly metadata: { readonly namespace: string; readonly name: string } }[] = [];
      for (const objects of rounds) {
        for (const { kind, metadata } of before) snapshot.remove({ kind: kind as "Ingress", namespace: metadata.namespace, name: metadata.name });
        for (const object of objects) put(snapshot, object);
        before = objects;
        const { program } = compile();
        assert.deepEqual(faults(program), []);
        assert.deepEqual(codes(compiler).filter((one) => one.endsWith("program-unsound")), []);
      }
    }),
    { numRuns: 60 },
  );
});
