/**
 * What one change costs does not depend on how many hosts there are: the same parts are made anew, the same frames are sent,
 * and about the same work is done for it.
 */
import { workOf } from "../support/work.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCompiler } from "../../src/compile/program.ts";
import { Ledger } from "../../src/engine/ledger.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import type { ModelChange } from "../../src/model/model.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { atOnce, inSlices } from "../../src/support/slices.ts";
import { ingress, ingressClass, objectOf, put as putObject, service, slice, testConfig, testSettings, type Given } from "../support/objects.ts";

const FEW = 100;
const MANY = 2000;

/** Names of one length, so that frames about any of them are as long. */
const numbered = (i: number): string => String(10_000 + i);

function host(i: number): Given[] {
  const name = numbered(i);
  return [ingress(`shop/${name}`).host(`h${name}.example`).path("/", `${name}:80`).created(i), service(`shop/${name}`, "80"), slice(`shop/${name}`, 80, "10.0.0.1")];
}

function put(snapshot: Snapshot, ...objects: readonly Given[]): void {
  for (const object of objects) putObject(snapshot, objectOf(object));
}

interface Cost {
  readonly made: Readonly<Record<string, number>>;
  readonly frames: number;
  readonly bytes: number;
  readonly work: number;
}

/** The costs of a new host, and of other endpoints, where there are so many hosts. */
async function costsAmong(hosts: number): Promise<Cost[]> {
  const snapshot = new Snapshot();
  const builder = createModelBuilder({ ...testSettings, manifests: ["folder"] });
  const compiler = createCompiler();
  const ledger = new Ledger();
  let change: ModelChange | undefined;
  let lines: string[] = [];
  const turn = (): void => {
    const built = builder.update(snapshot, snapshot.takeChanges(), testConfig);
    const { program, changed } = compiler.compile(built);
    ledger.publish(new Map([...changed].map((key) => [key, program.parts.get(key)])));
    lines = [...ledger.latest()];
    change = built.change;
  };
  const costOf = async (objects: readonly Given[]): Promise<Cost> => {
    put(snapshot, ...objects);
    const work = await workOf(turn);
    const made = Object.fromEntries(Object.entries(change ?? {}).map(([part, keys]) => [part, typeof keys === "boolean" ? Number(keys) : (keys as ReadonlySet<string>).size]));
    return { made, frames: lines.length, bytes: lines.slice(0, -1).join("").length, work };
  };
  put(snapshot, ingressClass("nginx"), ...Array.from({ length: hosts }, (_, i) => host(i)).flat());
  turn();
  // The second of each kind: the first one finds functions that have never run.
  const more = [host(9000), host(9001), [slice("shop/10001", 80, "10.0.0.2")], [slice("shop/10002", 80, "10.0.0.3")]];
  const costs: Cost[] = [];
  for (const objects of more) costs.push(await costOf(objects));
  return [costs[1] as Cost, costs[3] as Cost];
}

test("a change among many hosts makes, sends and costs what it does among few", async () => {
  const [few, many] = [await costsAmong(FEW), await costsAmong(MANY)];
  for (const [index, { work, ...counted }] of many.entries()) {
    const { work: least, ...wanted } = few[index] as Cost;
    assert.deepEqual(counted, wanted);
    assert.ok(counted.frames >= 2 && counted.frames <= 3, `${counted.frames} frames`);
    assert.ok(work < 1.5 * least, `${work} steps among ${MANY} hosts, ${least} among ${FEW}`);
  }
});

test("a turn in slices comes to what a turn at once does, and others run in between", async () => {
  const snapshot = new Snapshot();
  put(snapshot, ingressClass("nginx"), ...Array.from({ length: MANY }, (_, i) => host(i)).flat());
  const changes = snapshot.takeChanges();
  let others = 0;
  const timer = setInterval(() => others++, 1);
  const [sliced, whole] = [createModelBuilder(testSettings), createModelBuilder(testSettings)];
  const built = await inSlices(sliced.updating(snapshot, changes, testConfig));
  const { program } = await inSlices(createCompiler().compiling(built));
  clearInterval(timer);
  const expected = createCompiler().compile(atOnce(whole.updating(snapshot, changes, testConfig))).program;
  assert.deepEqual([...program.parts].map(([key, { digest }]) => [key, digest]), [...expected.parts].map(([key, { digest }]) => [key, digest]));
  assert.ok(others > 0, "nothing else had its turn");
});

test("what is put into the Snapshot between two slices is taken in by the next update", () => {
  const snapshot = new Snapshot();
  put(snapshot, ingressClass("nginx"), ...host(1), ...host(2));
  const builder = createModelBuilder(testSettings);
  const steps = builder.updating(snapshot, snapshot.takeChanges(), testConfig);
  const changes = [slice("shop/10001", 80, "10.0.0.9"), ...host(3)];
  for (let step = 0; !steps.next().done; step++) if (step === 5) put(snapshot, ...changes);
  const { model } = builder.update(snapshot, snapshot.takeChanges(), testConfig);
  const fresh = createModelBuilder(testSettings).update(snapshot, [], testConfig).model;
  assert.deepEqual(new Map(model.hosts), new Map(fresh.hosts));
  assert.deepEqual(new Map(model.pools), new Map(fresh.pools));
});
