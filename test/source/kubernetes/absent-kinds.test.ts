/** Kinds of the Gateway API that a cluster does not have, that come later, and that seem to be gone for a moment. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { eventually } from "../../support/cluster.ts";
import { standInApi } from "./api.ts";
import { follow, type Followed } from "./follow.ts";

type Server = Awaited<ReturnType<typeof standInApi>>;

const ROUTES = "httproutes";
const ofGateways = ({ plural }: { readonly plural: string }): boolean => ["gatewayclasses", "gateways", ROUTES, "referencegrants"].includes(plural);
const route = (name: string): Record<string, unknown> => ({ metadata: { namespace: "shop", name }, spec: { parentRefs: [{ name: "web" }] }, status: { parents: [{ controllerName: "other" }] } });

async function serverFor(t: TestContext, streams: boolean): Promise<Server> {
  const server = await standInApi();
  server.standIn.streams = streams;
  t.after(() => server.stop());
  return server;
}

async function started(t: TestContext, server: Server): Promise<Followed> {
  const followed = follow(t, { kubeconfig: server.kubeconfig, gateways: true });
  await followed.started;
  return followed;
}

for (const streams of [false, true]) {
  const how = streams ? "streamed lists" : "lists in pages";
  test(`${how}: kinds that are not there are no error, and are read when they come`, { timeout: 20_000 }, async (t) => {
    const server = await serverFor(t, streams);
    let absent = true;
    server.standIn.fail((asked) => absent && ofGateways(asked), 404, {}, Infinity);
    const followed = await started(t, server);
    assert.deepEqual([followed.source.findings, followed.log.filter((line) => /^(warn|error)/.test(line))], [[], []]);
    server.standIn.put(ROUTES, route("late"));
    absent = false;
    await followed.until(() => followed.names("HTTPRoute").length === 1);
    const { spec, status } = followed.source.snapshot.get("HTTPRoute", "shop", "late") ?? {};
    assert.deepEqual([spec, status], [{ parentRefs: [{ name: "web" }] }, { parents: [{ controllerName: "other" }] }]);
    // A kind that is missing says nothing of how the server lists the others.
    if (streams) assert.ok(server.standIn.requests.some(({ plural, query }) => plural === "ingresses" && query.has("sendInitialEvents")));
  });
}

test("what was there is kept while the server does not know the kind for a moment, and is gone when it stays so", { timeout: 20_000 }, async (t) => {
  const server = await serverFor(t, false);
  server.standIn.put(ROUTES, route("kept"));
  const followed = await started(t, server);
  await followed.until(() => followed.names("HTTPRoute").length === 1);
  await server.standIn.watching(ROUTES);
  const before = followed.changes;
  const asked = server.standIn.requests.length;
  server.standIn.fail(({ plural }) => plural === ROUTES, 404, {}, 2);
  server.gate.cut();
  // Two answers of 404, and a read that is granted.
  await eventually("routes are read again", () => server.standIn.requests.slice(asked).filter(({ plural }) => plural === ROUTES).length, (count) => count >= 4);
  assert.deepEqual([followed.names("HTTPRoute"), followed.changes], [["shop/kept"], before]);
  server.standIn.fail(({ plural }) => plural === ROUTES, 404, {}, Infinity);
  server.gate.cut();
  await followed.until(() => followed.names("HTTPRoute").length === 0);
});
