/** The bound on profiles of a namespace: its oldest Ingresses get theirs, and neither other namespaces nor the order of arrival matter. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createCompiler, type Program } from "../../src/compile/program.ts";
import { createProfileCap, type Need } from "../../src/compile/profile-cap.ts";
import { withoutTuning, defaultProfile } from "../../src/compile/profiles.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import { snippetOf } from "../../src/model/snippets/snippet.ts";
import { readFrame } from "../../src/explain/tables.ts";
import { ingress, service, slice, snapshotOf, testConfig, testSettings, ingressClass } from "../support/objects.ts";

const need = (ingressName: string, second: number, profile: string, namespace = "shop"): Need => ({
  namespace, ingress: ingressName, profile, closes: profile.startsWith("!"), age: { created: second, file: "", document: 0, name: `${namespace}/${ingressName}` },
});

test("the oldest keep theirs; one that goes makes room", () => {
  const cap = createProfileCap(2);
  cap.note("c", [need("c", 3, "C"), need("c", 3, "A")]);
  cap.note("a", [need("a", 1, "A")]);
  assert.deepEqual([...cap.settle()], []);
  cap.note("b", [need("b", 2, "!B")]);
  assert.deepEqual([...cap.settle()], ["c"]);
  assert.deepEqual([cap.beyond("shop", "C"), cap.beyond("shop", "A"), cap.beyond("shop", "!B"), cap.beyond("other", "C")], [true, false, false, false]);
  assert.deepEqual(cap.findings(() => undefined).map(({ object, code, effect }) => [object.name, code, /503/.test(effect)]), [["c", "profiles-exhausted", false]]);
  cap.note("d", [need("d", 0, "!B"), need("d", 9, "!D")]);
  assert.deepEqual([...cap.settle()], ["d"]);
  assert.deepEqual(cap.findings(() => undefined).map(({ object, effect }) => [object.name, /503/.test(effect)]).sort(), [["c", false], ["d", true]]);
  cap.note("d", []);
  cap.note("b", []);
  assert.deepEqual([...cap.settle()], ["c"]);
  assert.deepEqual(cap.findings(() => undefined), []);
});

test("another namespace's needs are its own", () => {
  const cap = createProfileCap(1);
  cap.note("host", [need("a", 1, "A"), need("b", 2, "B", "other"), need("c", 3, "A", "other")]);
  assert.deepEqual([...cap.settle()], ["host"]);
  assert.deepEqual([cap.beyond("shop", "A"), cap.beyond("other", "A"), cap.beyond("other", "B")], [false, true, false]);
});

test("sizes and times have a substitute; what says how a backend is spoken to, or what inspects, has none", () => {
  const usual = defaultProfile(testConfig);
  assert.deepEqual(withoutTuning({ ...usual, bodySize: 7, errorCodes: [404], httpVersion: "1.0" }, testConfig), usual);
  assert.deepEqual(withoutTuning({ ...usual, filtered: true, bufferSize: 1 }, testConfig), { ...usual, filtered: true });
  const others = [{ protocol: "HTTPS" }, { mirror: "whole" }, { modsecurity: "on" }, { transactionId: true }, { fastcgiParams: ["A"] }, { snippet: snippetOf([{ name: "deny", args: ["all"] }]) }] as const;
  for (const other of others) assert.equal(withoutTuning({ ...usual, ...other }, testConfig), undefined, JSON.stringify(other));
});

const tables = ({ parts }: Program): unknown => [...parts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { frame }]) => readFrame(frame.reveal().toString("latin1")));

test("change by change comes to the same as from nothing", () => {
  const change = fc.record({ name: fc.constantFrom("a", "b", "c", "d"), namespace: fc.constantFrom("shop", "other"), size: fc.integer({ min: 0, max: 4 }), age: fc.integer({ min: 0, max: 3 }) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
      const snapshot = snapshotOf(ingressClass("nginx"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1"));
      const builder = createModelBuilder(testSettings);
      const compiler = createCompiler(2);
      let program: Program | undefined;
      for (const { name, namespace, size, age } of changes) {
        if (size === 0) snapshot.remove({ kind: "Ingress", namespace, name });
        else snapshot.put(ingress(`${namespace}/${name}`).host(`${name}.example`).path(`/${namespace}`, "web:80").annotate("proxy-next-upstream-timeout", `${size}`).created(age).object);
        program = compiler.compile(builder.update(snapshot, snapshot.takeChanges(), testConfig)).program;
      }
      const fresh = createCompiler(2);
      const whole = fresh.compile(createModelBuilder(testSettings).update(snapshot, [], testConfig)).program;
      assert.deepEqual(tables(program as Program), tables(whole));
      assert.deepEqual([...(program as Program).profiles.keys()].sort(), [...whole.profiles.keys()].sort());
      const names = (one: typeof fresh): string[] => one.findings(() => undefined).map(({ object }) => `${object.namespace}/${object.name}`).sort();
      assert.deepEqual(names(compiler), names(fresh));
    }),
    { numRuns: 300 },
  );
});
