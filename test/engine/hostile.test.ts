/** Whatever tenants write, real workers accept every frame that comes of it, and others are served as before. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import { createCompiler } from "../../src/compile/program.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import type { AnyObject } from "../../src/source/objects.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { startEngine, type TestEngine } from "../support/engine.ts";
import { hostileObjects } from "../support/hostile.ts";
import { ingress, ingressClass, put, service, slice, testConfig, testSettings } from "../support/objects.ts";

const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

let echo: EchoBackend;
let engine: TestEngine;
before(async () => {
  echo = await startEcho("good");
  engine = await startEngine();
});
after(async () => {
  await engine?.stop();
  await echo?.close();
});

test("hostile objects are programmed, and a neighbour is served through all of it", { timeout: 120_000 }, async () => {
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const compiler = createCompiler();
  const good = [ingressClass("nginx"), ingress("good/web").host("good.example").path("/", "web:80").object, service("good/web", "80"), slice("good/web", echo.port, "127.0.0.1")];
  for (const object of good) put(snapshot, object);
  let before: readonly AnyObject[] = [];
  const profiles = new Set<string>();
  // Annotations that need new profiles are left out: reloads are another test's subject.
  for (const objects of fc.sample(hostileObjects, { seed: SEED, numRuns: 150 }).map(withoutTuning)) {
    for (const { kind, metadata } of before) snapshot.remove({ kind, namespace: metadata.namespace, name: metadata.name });
    for (const object of objects) put(snapshot, object);
    before = objects;
    const { program, changed } = compiler.compile(builder.update(snapshot, snapshot.takeChanges(), testConfig));
    for (const id of program.profiles.keys()) profiles.add(id);
    if (changed.size > 0) await engine.run(program, changed);
    const { status, echo: answered } = await ask({ port: engine.http, host: "good.example" });
    assert.deepEqual([status, answered?.backend], [200, "good"], `SEED=${SEED}`);
  }
  const complaints = engine.engineLog().split("\n").filter((line) => /\[(?:error|crit|alert|emerg)\]|cannot be read/.test(line));
  assert.deepEqual(complaints, []);
  // Now and then a random value still needs a profile.
  assert.ok(engine.engine.state.reloads <= profiles.size, `SEED=${SEED}: ${engine.engine.state.reloads} reloads for ${profiles.size} profiles`);
});

function withoutTuning(objects: readonly AnyObject[]): AnyObject[] {
  return objects.filter((object) => object.kind !== "IngressClass").map((object) => {
    if (object.kind !== "Ingress") return object;
    const annotations = Object.entries(object.metadata.annotations ?? {}).filter(([name]) => !name.includes("/proxy-"));
    return { ...object, metadata: { ...object.metadata, annotations: Object.fromEntries(annotations) } };
  });
}
