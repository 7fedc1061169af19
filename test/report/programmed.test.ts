import assert from "node:assert/strict";
import { test } from "node:test";
import type { OwnObject } from "../../src/model/model.ts";
import { trackProgrammed } from "../../src/report/programmed.ts";
import { SERVING } from "../support/engine-state.ts";
import { ingress } from "../support/objects.ts";

/** An engine whose progress the test decides. */
function tracked() {
  const engine = { published: 0, programmed: 0, waiting: new Set<string>() };
  const programmed = trackProgrammed(() => ({ ...SERVING, ...engine, observed: engine.published, workers: 1, slots: 1, behind: ["worker 0"] }));
  const told: string[] = [];
  programmed.listen((keys) => told.push(...keys));
  const own = (host: string): OwnObject => ({ object: ingress("shop/web").object, refused: false, hosts: [host] });
  return { engine, programmed, told, own };
}

const read = Promise.resolve();
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test("an Ingress is programmed when its generation is acknowledged, not when it is sent", async () => {
  const { engine, programmed, told, own } = tracked();
  const web = own("a.example");
  programmed.take(new Map([["shop/web", web]]), new Set(), read);
  await nextTurn();
  assert.equal(programmed.obstacle("shop/web"), "nginx is being started");
  Object.assign(engine, { published: 1 });
  programmed.look();
  assert.equal(programmed.version("shop/web"), undefined);
  assert.equal(programmed.obstacle("shop/web"), "not acknowledged by worker 0");
  // A later generation is on its way. The one that first had all of the Ingress decides.
  Object.assign(engine, { published: 2, programmed: 1 });
  programmed.look();
  assert.equal(programmed.version("shop/web"), web.object);
  assert.deepEqual(told, ["shop/web"]);
  assert.equal(programmed.obstacle("shop/web"), undefined);
});

test("a host that waits for a reload keeps its Ingress from being programmed, and no other", async () => {
  const { engine, programmed, own } = tracked();
  const [a, b] = [own("a.example"), own("b.example")];
  Object.assign(engine, { published: 5, programmed: 5, waiting: new Set(["host a.example"]) });
  programmed.take(new Map([["shop/a", a], ["shop/b", b]]), new Set(), read);
  await nextTurn();
  assert.equal(programmed.version("shop/a"), undefined);
  assert.equal(programmed.version("shop/b"), b.object);
  assert.equal(programmed.obstacle("shop/a"), "nginx is to be reloaded first");
  Object.assign(engine, { published: 6, waiting: new Set() });
  programmed.look();
  assert.equal(programmed.version("shop/a"), undefined);
  Object.assign(engine, { programmed: 6 });
  programmed.look();
  assert.equal(programmed.version("shop/a"), a.object);
});

test("what it refers to is read first; an older version stays programmed meanwhile; what is removed is forgotten", async () => {
  const { engine, programmed, own } = tracked();
  Object.assign(engine, { published: 1, programmed: 1 });
  const [before, after] = [own("a.example"), own("a.example")];
  programmed.take(new Map([["shop/web", before]]), new Set(), read);
  await nextTurn();
  let finish = (): void => {};
  programmed.take(new Map([["shop/web", after]]), new Set(["shop/web"]), new Promise((resolve) => (finish = resolve)));
  await nextTurn();
  assert.equal(programmed.version("shop/web"), before.object);
  assert.equal(programmed.obstacle("shop/web"), "Secrets that it refers to are being read");
  finish();
  await nextTurn();
  assert.equal(programmed.version("shop/web"), after.object);
  programmed.take(new Map(), new Set(["shop/web"]), read);
  assert.equal(programmed.version("shop/web"), undefined);
});
