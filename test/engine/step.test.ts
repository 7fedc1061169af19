/**
 * The engine's step against an agent that is late, dies, lies and mixes up its messages.
 *
 * NIGHTLY=1 and RUNS=… make the test longer, SEED=… repeats a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import * as fc from "fast-check";
import { holdsBack, step, type Step } from "../../src/engine/step/step.ts";
import { CONFIG_COUNT, NEEDS } from "./step-choices.ts";
import { World, type Edit, type Lie } from "./step-world.ts";
import { runs } from "../support/runs.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const RUNS = runs(10_000);

const host = fc.nat(3);
const pool = fc.nat(1);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ host, needs: fc.option(fc.nat(NEEDS - 1), { nil: undefined }), pool: fc.option(pool, { nil: undefined }) }) },
  { weight: 1, arbitrary: fc.record({ host, gone: fc.constant(true as const) }) },
  { weight: 3, arbitrary: fc.record({ pool }) },
  { weight: 1, arbitrary: fc.record({ pool, gone: fc.constant(true as const) }) },
);
const lie = fc.constantFrom<Lie>("nonsense", "old status", "refused", "taken", "refused below", "tried", "many leave", "nobody leaves");

/** Something that may happen: a call on a world, and its text for the report of a history that fails. */
interface Deed {
  readonly in: (world: World) => void;
  readonly [fc.toStringMethod]: () => string;
}

function deed<T>(weight: number, name: string, of: fc.Arbitrary<T>, run: (world: World, what: T) => void): { weight: number; arbitrary: fc.Arbitrary<Deed> } {
  return { weight, arbitrary: of.map((what) => ({ in: (world) => run(world, what), [fc.toStringMethod]: () => `${name} ${fc.stringify(what)}` })) };
}

const nothing = fc.constant(undefined);
const EVERY_DAY = [
  deed(6, "edit", fc.array(edit, { minLength: 1, maxLength: 3 }), (world, edits) => world.edit(edits)),
  deed(1, "configure", fc.nat(CONFIG_COUNT - 1), (world, index) => world.configure(index)),
  deed(1, "listen", fc.subarray([9000, 9001, 9002]), (world, ports) => world.listen(ports)),
  deed(8, "obey", nothing, (world) => world.obey()),
  deed(8, "deliver", nothing, (world) => world.deliver()),
  deed(1, "die", nothing, (world) => world.die()),
  deed(1, "kill", nothing, (world) => world.kill()),
  deed(2, "come", nothing, (world) => world.come()),
  deed(1, "drain", fc.boolean(), (world, on) => world.drain(on)),
  deed(6, "acknowledge", fc.tuple(fc.nat(2), fc.constantFrom(0.5, 0.9, 1)), (world, [worker, share]) => world.acknowledge(worker, share)),
  deed(3, "pass", fc.constantFrom(10, 700, 10_000, 31_000), (world, ms) => world.pass(ms)),
];
const BAD_DAYS = [
  deed(1, "deliver out of order", fc.nat(5), (world, index) => world.deliver(index)),
  deed(2, "lie", lie, (world, one) => world.lie(one)),
  deed(1, "unlucky", fc.boolean(), (world, on) => void (world.unlucky = on)),
  deed(1, "late", fc.boolean(), (world, on) => void (world.late = on)),
];
const ofDays = (...deeds: readonly (readonly { weight: number; arbitrary: fc.Arbitrary<Deed> }[])[]): fc.Arbitrary<Deed[]> =>
  fc.array(fc.oneof(...deeds.flat()), { minLength: 5, maxLength: 60, size: "max" });
const history = fc.oneof(ofDays(EVERY_DAY), ofDays(EVERY_DAY, BAD_DAYS));

test("whatever the agent does: what counts as served is acknowledged, nothing is lost, and it comes to rest", () => {
  const seen = { served: 0, reloads: 0, refusals: 0 };
  fc.assert(
    fc.property(history, (deeds) => {
      const world = new World();
      world.come();
      for (const one of deeds) one.in(world);
      seen.served = Math.max(seen.served, world.served);
      world.settle();
      world.checkSettled();
      assert.equal(holdsBack(world.state), false);
      seen.reloads += world.state.http.loads;
      seen.refusals += world.state.http.refusals;
    }),
    { seed: SEED, numRuns: RUNS },
  );
  assert.ok(seen.served > 5 && seen.reloads > RUNS && seen.refusals > RUNS / 10, JSON.stringify(seen));
});

test("an agent that comes without nginx starts one at once, whatever was put off for the nginx before", () => {
  const serve = (world: World): void => {
    for (let i = 0; i < 30; i++) {
      world.obey();
      world.deliver();
    }
  };
  for (const refused of [true, false]) {
    const world = new World();
    world.come();
    world.edit([{ host: 0, needs: 0 }]);
    serve(world);
    world.pass(refused ? 20_000 : 1000);
    world.unlucky = refused;
    world.edit([{ host: 1, needs: 1 }]);
    serve(world);
    assert.equal(world.isOrdered, false, refused ? "nginx has refused" : "the reload waits for its time");
    world.unlucky = false;
    world.kill();
    world.come();
    assert.equal(world.isOrdered, true);
  }
});

test("a step changes nothing that it was given, and is the same when it is taken again", () => {
  const shown = (value: unknown): string => inspect(value, { depth: 7, maxArrayLength: null, maxStringLength: 200 });
  const twice: typeof step = (state, event, moment): Step => {
    const before = shown(state);
    const first = step(state, event, moment);
    assert.equal(shown(step(state, event, moment)), shown(first));
    assert.equal(shown(state), before);
    return first;
  };
  fc.assert(
    fc.property(history, (deeds) => {
      const world = new World(twice);
      world.come();
      for (const one of deeds) one.in(world);
    }),
    { seed: SEED, numRuns: Math.min(RUNS, 30) },
  );
});
