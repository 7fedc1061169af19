/** A waiter for a Program waits until all that the Program changed is served, and for no later change. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import * as fc from "fast-check";
import type { Part, PartKey } from "../../src/compile/program.ts";
import { createCompiler } from "../../src/compile/program.ts";
import { apply, firstOrdered, nextGeneration, noted, NOTHING_APPLIED, servedNumber, waitingOrdered } from "../../src/engine/step/applied.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { startEngine } from "../support/engine.ts";
import { ingress, ingressClass, put, service, slice, testConfig, testSettings } from "../support/objects.ts";
import { poolPart } from "./parts.ts";

/** Stands for the rest of the engine: parts with versions, the profiles that they need, generations and acknowledgements. */
class World {
  applied = NOTHING_APPLIED;
  readonly parts = new Map<PartKey, Part>();
  readonly versions = new Map<Part, { readonly number: number; readonly needs: number | undefined }>();
  readonly loaded = new Set<number>();
  readonly generations: ReadonlyMap<PartKey, Part | undefined>[] = [];
  programmed = 0;
  #configured = 0;
  #ordered: { readonly number: number; readonly needs: readonly number[] } | undefined;

  /** The version of each part that was published last. */
  readonly published = new Map<PartKey, Part | undefined>();

  /** @param changes key → the profile that its new version needs; undefined: none. */
  apply(changes: ReadonlyMap<string, number | undefined>): void {
    const parts = [...changes].map(([key, needs]) => {
      const part = poolPart(key, this.versions.size + 1);
      this.parts.set(part.key, part);
      this.versions.set(part, { number: this.applied.number + 1, needs });
      return [part.key, { published: this.published.get(part.key), newest: part }] as const;
    });
    this.applied = apply(this.applied, new Map(parts));
    this.advance();
  }

  advance(): void {
    const mayGo = (part: Part | undefined): boolean => {
      const needs = part && this.versions.get(part)?.needs;
      return needs === undefined || this.loaded.has(needs);
    };
    const next = nextGeneration(this.applied, mayGo);
    if (next) {
      this.applied = next.state;
      this.generations.push(next.changes);
      for (const [key, part] of next.changes) this.published.set(key, part);
    }
    const needs = [...this.parts.values()].flatMap((part) => this.versions.get(part)?.needs ?? []);
    const complete = needs.every((one) => this.loaded.has(one));
    if (!this.#ordered && complete) this.#configured = this.applied.number;
    if (!this.#ordered && !complete) {
      this.#ordered = { number: this.applied.number, needs };
      this.applied = this.generations.length === 0 ? firstOrdered(this.applied) : waitingOrdered(this.applied);
    }
    this.applied = noted(this.applied, this.#configured, this.programmed);
  }

  /** Completes the reload that is under way, if there is one. */
  load(): void {
    if (!this.#ordered) return;
    for (const one of this.#ordered.needs) this.loaded.add(one);
    this.#configured = this.#ordered.number;
    this.#ordered = undefined;
    this.advance();
  }

  get served(): number {
    return servedNumber(this.applied, this.programmed);
  }

  /** What every worker holds: key → number of the Program that the part's version belongs to. */
  held(): Map<PartKey, number> {
    const held = new Map<PartKey, number>();
    for (const generation of this.generations.slice(0, this.programmed)) {
      for (const [key, part] of generation) held.set(key, (part && this.versions.get(part)?.number) ?? 0);
    }
    return held;
  }
}

test("a change that waits for a reload keeps its waiter waiting, and those that came before it nobody", () => {
  const world = new World();
  world.apply(new Map([["a", undefined]]));
  world.programmed = 1;
  assert.equal(world.served, 1);
  world.apply(new Map([["a", 7]]));
  world.apply(new Map([["b", undefined]]));
  world.programmed = 2;
  assert.equal(world.served, 1, "the second is not served though later generations are acknowledged");
  world.load();
  world.programmed = 3;
  assert.equal(world.served, 3);
});

test("something changes before anybody has acknowledged the last change, always: everybody is served all the same", () => {
  const world = new World();
  for (let i = 1; i <= 500; i++) {
    world.apply(new Map([["a", undefined]]));
    // Acknowledgements are always one generation behind.
    world.programmed = i - 1;
    assert.equal(world.served, i - 1);
  }
});

test("who needs another profile all the time keeps nobody from the first generation", () => {
  const world = new World();
  world.apply(new Map([["a", undefined], ["restless", 1]]));
  assert.equal(world.generations.length, 0);
  world.apply(new Map([["restless", 2]]));
  world.load();
  assert.deepEqual([...(world.generations[0]?.keys() ?? [])], ["pool a", "pool restless"], "the Program that nginx was loaded for");
  world.programmed = 1;
  assert.deepEqual([world.served, world.held().get("pool restless")], [1, 1]);
  for (let profile = 3; profile < 20; profile++) {
    world.apply(new Map([["restless", profile]]));
    world.load();
  }
  world.load();
  world.programmed = world.generations.length;
  assert.equal(world.served, world.applied.number);
});

test("whatever happens, what counts as served is held by everybody, and in the end everything is", () => {
  const key = fc.constantFrom("a", "b", "c");
  const needs = fc.option(fc.nat(6), { nil: undefined, freq: 2 });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.array(fc.tuple(key, needs), { maxLength: 3 }).map((changes) => ({ apply: new Map(changes) })) },
    { weight: 2, arbitrary: fc.constant("load" as const) },
    { weight: 3, arbitrary: fc.constantFrom(0.5, 0.8, 1).map((share) => ({ acknowledge: share })) },
    { weight: 1, arbitrary: fc.constant("a worker is new" as const) },
  );
  let served = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const world = new World();
      const wanted: Map<PartKey, number>[] = [new Map()];
      for (const one of steps) {
        if (one === "load") world.load();
        else if (one === "a worker is new") world.programmed = 0;
        else if ("apply" in one) {
          world.apply(one.apply);
          const next = new Map(wanted.at(-1));
          for (const name of one.apply.keys()) next.set(`pool ${name}`, world.applied.number);
          wanted.push(next);
        } else world.programmed = Math.max(world.programmed, Math.floor(world.generations.length * one.acknowledge));
        const held = world.held();
        const number = world.served;
        served = Math.max(served, number);
        for (const [name, version] of wanted[number] ?? []) assert.ok((held.get(name) ?? 0) >= version, `${name} of ${number}: ${held.get(name)} < ${version}`);
      }
      for (let i = 0; i < 3; i++) world.load();
      world.programmed = world.generations.length;
      if (world.generations.length > 0) assert.equal(world.served, world.applied.number);
    }),
    { numRuns: 500 },
  );
  assert.ok(served > 5, String(served));
});

test("with real workers, who waits while something changes at every turn is served while it goes on", { timeout: 120_000 }, async (t) => {
  const running = await startEngine();
  t.after(() => running.stop());
  const { engine } = running;
  const snapshot = new Snapshot();
  const builder = createModelBuilder(testSettings);
  const compiler = createCompiler();
  for (const object of [ingressClass("nginx"), ingress("good/web").host("good.example").path("/", "web:80").object, service("good/web", "80")]) put(snapshot, object);
  let port = 1024;
  const change = (): void => {
    put(snapshot, slice("good/web", port++, "127.0.0.1"));
    const { program, changed } = compiler.compile(builder.update(snapshot, snapshot.takeChanges(), testConfig));
    engine.apply(program, changed);
  };
  change();
  await running.until("it serves", ({ served }) => served === 1);
  let goesOn = true;
  const churn = (async () => {
    while (goesOn) {
      change();
      await turn();
    }
  })();
  const meanwhile: number[] = [];
  try {
    for (let waiter = 0; waiter < 20; waiter++) {
      await turn();
      change();
      const wanted = engine.state.applied;
      // No acknowledgement arrives within a turn of the event loop: so this change surely comes before the waiter is served.
      change();
      const { applied } = await running.until("a waiter's Program is served", ({ served }) => served >= wanted);
      meanwhile.push(applied - wanted);
    }
  } finally {
    goesOn = false;
    await churn;
  }
  assert.ok(meanwhile.every((others) => others > 0), `others came meanwhile: ${meanwhile.join()}`);
  await running.until("all of it is served in the end", ({ served, applied }) => served === applied);
});

test("a part whose every version needs something new is published in the version that nginx was loaded for", () => {
  const world = new World();
  const key = (id: string): PartKey => poolPart(id, 1).key;
  world.apply(new Map([["shared", undefined], ["other", undefined]]));
  for (let needs = 1; needs <= 5; needs++) {
    world.apply(new Map([["shared", needs]]));
    const { number } = world.applied;
    // The next version comes before nginx has what this one needs.
    world.apply(new Map([["shared", 100 + needs], ["other", undefined]]));
    world.load();
    world.programmed = world.applied.generation;
    world.apply(new Map([["other", undefined]]));
    assert.equal(world.held().get(key("shared")), number, "the version that was ordered");
    assert.equal(world.served, number, "who waits for it waits no longer, and nobody is told more");
    world.load();
    world.programmed = world.applied.generation;
    assert.equal(world.held().get(key("shared")), number + 1);
  }
});

test("what a version refers to that may still be published is not dropped", () => {
  const needing = (id: string, profile: string, refersTo: readonly PartKey[]): Part =>
    ({ ...poolPart(id, 1), profiles: new Map([[profile, {} as never]]), refersTo });
  const loaded = new Set(["old"]);
  const mayGo = (part: Part | undefined): boolean => [...(part?.profiles.keys() ?? [])].every((profile) => loaded.has(profile));
  const [old, ordered, newest] = [needing("host", "old", []), needing("host", "ordered", ["pool p"]), needing("host", "newest", [])];
  const pool = poolPart("p", 1);
  const start = { ...NOTHING_APPLIED, generation: 1, number: 1 };
  const first = nextGeneration(apply(start, new Map([[old.key, { published: old, newest: ordered }], [pool.key, { published: undefined, newest: pool }]])), mayGo);
  assert.deepEqual([...(first?.changes.keys() ?? [])], [pool.key]);
  const later = apply(waitingOrdered(first?.state ?? start), new Map([[old.key, { published: old, newest }], [pool.key, { published: pool, newest: undefined }]]));
  assert.equal(nextGeneration(later, mayGo), undefined, "the pool stays");
  loaded.add("ordered");
  const second = nextGeneration(later, mayGo);
  assert.deepEqual([...(second?.changes ?? [])], [[old.key, ordered]]);
  loaded.add("newest");
  const third = nextGeneration(second?.state ?? start, mayGo);
  assert.deepEqual(new Map(third?.changes), new Map([[old.key, newest], [pool.key, undefined]]));
});
