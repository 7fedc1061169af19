/** An update gives way to the event loop between its steps, and the Snapshot changes meanwhile: nothing is lost, and nothing is served by halves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame } from "../../edge/src/program.ts";
import { createCompiler } from "../../src/compile/program.ts";
import { createModelBuilder } from "../../src/model/build/build.ts";
import type { Built } from "../../src/model/model.ts";
import { atOnce } from "../../src/support/slices.ts";
import type { Snapshot } from "../../src/source/snapshot.ts";
import { ingress, ingressClass, put, secret, service, slice, snapshotOf, testConfig, testSettings } from "../support/objects.ts";
import { selfSigned } from "../support/openssl.ts";

const names = ["a.example", "b.example"];
const [before, after] = [selfSigned(names, "before"), selfSigned(names, "after")];
const certificate = (pair: typeof before) => secret("shop/cert", { "tls.crt": pair.chain, "tls.key": pair.key });
const web = (host: string, path: string) => ingress(`shop/${host}`).host(host).path(path, "web:80").tls("cert", host).object;

function world(): Snapshot {
  const snapshot = snapshotOf(ingressClass("nginx"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1"));
  for (const name of names) put(snapshot, web(name, "/"));
  put(snapshot, certificate(before));
  return snapshot;
}

/** Updates a builder, and changes the Snapshot after so many steps. Answers undefined when the update has fewer. */
function changedAfter(steps: number, snapshot: Snapshot, change: () => void, builder = createModelBuilder(testSettings)): { first: Built; second: Built } | undefined {
  const update = builder.updating(snapshot, snapshot.takeChanges(), testConfig);
  for (let step = 0; step < steps; step++) if (update.next().done) return undefined;
  change();
  const first = atOnce(update);
  return { first, second: atOnce(builder.updating(snapshot, snapshot.takeChanges(), testConfig)) };
}

test("an Ingress that changes while it is taken in is told as changed by the update that takes in the change", () => {
  for (let steps = 0; ; steps++) {
    const snapshot = world();
    const newer = web("a.example", "/newer");
    const built = changedAfter(steps, snapshot, () => put(snapshot, newer));
    if (!built) return assert.ok(steps > 5, `${steps} steps`);
    const [own, later] = [built.first, built.second].map((one) => one.own.get("Ingress shop/a.example")?.object);
    // Whoever waits for this version is told when routes are of this version.
    const [routed, laterRouted] = [built.first, built.second].map(({ model }) => model.hosts.get("a.example")?.routes.some(({ path }) => path === "/newer"));
    assert.deepEqual([own === newer, later === newer, laterRouted], [routed, true, true], `after ${steps} steps`);
    if (own !== newer) assert.ok(built.second.change.own.has("Ingress shop/a.example"), `after ${steps} steps`);
  }
});

test("a Secret that changes while names are looked at is one certificate for all of them", () => {
  for (let steps = 0; ; steps++) {
    const snapshot = world();
    const built = changedAfter(steps, snapshot, () => put(snapshot, certificate(after)));
    if (!built) return assert.ok(steps > 5, `${steps} steps`);
    for (const one of [built.first, built.second]) {
      const { program } = createCompiler().compile(one);
      const served = names.map((name) => {
        const frame = JSON.parse(program.parts.get(`tls ${name}`)?.frame.reveal().toString("latin1") ?? "{}") as Frame;
        return frame.op === "set" ? String(frame.value) : "none";
      });
      assert.ok(served.every((id) => id === served[0] && id.length === 64), `after ${steps} steps: ${served.join(", ")}`);
    }
  }
});
