/** What a real Sluice writes to the status of Gateways and routes, on a current API server: what others wrote stays, and nothing is written twice. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../support/cluster.ts";
import { gatewayOf, httpListener, httpRoute, ruleTo } from "../support/gateways.ts";
import type { ApiObject } from "../support/kubectl.ts";
import { HEALTH_PORT, startGatewaySluice } from "./gateway-sluice.ts";
import { groundMissing, startGround, type Ground } from "./ground.ts";

const API = "/apis/gateway.networking.k8s.io/v1/namespaces/shop";
const FOREIGN_PARENT = {
  parentRef: { group: "gateway.networking.k8s.io", kind: "Gateway", name: "theirs" }, controllerName: "other.example/gateway",
  conditions: [{ type: "Accepted", status: "True", reason: "Accepted", message: "", lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1 }],
};
const FOREIGN_CONDITION = { type: "other.example/Checked", status: "True", reason: "Checked", message: "", lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1 };

interface Said {
  readonly metadata: { readonly generation: number; readonly resourceVersion: string };
  readonly status?: {
    readonly conditions?: readonly ConditionSaid[];
    readonly addresses?: readonly { readonly type: string; readonly value: string }[];
    readonly listeners?: readonly { readonly name: string; readonly attachedRoutes: number; readonly conditions: readonly ConditionSaid[] }[];
    readonly parents?: readonly { readonly parentRef: object; readonly controllerName: string; readonly conditions: readonly ConditionSaid[] }[];
  };
}

interface ConditionSaid {
  readonly type: string;
  readonly status: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

if (groundMissing !== undefined) test("the status of Gateways", { skip: groundMissing }, () => {});
else {
  let ground: Ground;
  const get = async (plural: string, name: string): Promise<Said> => (await ground.ask("GET", `${API}/${plural}/${name}`)) as Said;
  const holds = (conditions: readonly ConditionSaid[] = [], type: string): boolean => conditions.some((one) => one.type === type && one.status === "True");

  before(async () => {
    ground = await startGround();
    await startGatewaySluice(ground);
    await ground.apply([
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
      gatewayOf("shop", undefined, [httpListener("http", 80)]) as ApiObject,
      httpRoute({ name: "web", parents: ["theirs", "shop"], rules: [ruleTo("missing")] }) as ApiObject,
    ]);
  });
  after(() => ground?.stop());

  test("a Gateway gets an address, and is programmed when nginx serves it", async () => {
    await eventually("the Gateway is programmed", () => get("gateways", "shop"), ({ status }) => holds(status?.conditions, "Programmed"));
    const { metadata, status } = await get("gateways", "shop");
    assert.match(status?.addresses?.[0]?.value ?? "", /^10\.245\./);
    assert.equal(status?.listeners?.[0]?.attachedRoutes, 1);
    for (const { observedGeneration } of [...(status?.conditions ?? []), ...(status?.listeners?.[0]?.conditions ?? [])]) assert.equal(observedGeneration, metadata.generation);
  });

  test("entries of other controllers and conditions of other types stay where they are", async () => {
    await ground.ask("PATCH", `${API}/httproutes/web/status`, { status: { parents: [FOREIGN_PARENT] } });
    await eventually("an entry of ours beside theirs", () => get("httproutes", "web"), ({ status }) => status?.parents?.length === 2);
    const { status } = await get("httproutes", "web");
    assert.deepEqual(status?.parents?.[0], FOREIGN_PARENT);
    assert.equal(status?.parents?.[1]?.controllerName, "sluice.ingress/gateway");
    const { conditions = [], listeners = [] } = (await get("gateways", "shop")).status ?? {};
    const marked = listeners.map((one) => ({ ...one, conditions: [...one.conditions, FOREIGN_CONDITION] }));
    await ground.ask("PATCH", `${API}/gateways/shop/status`, { status: { conditions: [FOREIGN_CONDITION, ...conditions], listeners: marked } });
    await ground.ask("PATCH", `${API}/gateways/shop`, { spec: { listeners: [httpListener("http", 80), httpListener("more", 8080)] } });
    await eventually("two listeners", () => get("gateways", "shop"), ({ status }) => status?.listeners?.length === 2);
    const after = (await get("gateways", "shop")).status;
    assert.deepEqual(after?.conditions?.[0], FOREIGN_CONDITION);
    assert.deepEqual(after?.listeners?.[0]?.conditions.filter(({ type }) => type === FOREIGN_CONDITION.type), [FOREIGN_CONDITION]);
  });

  test("the time of a condition moves only with its status, and what is said already is not written again", async () => {
    await ground.ask("PATCH", `${API}/httproutes/web`, { metadata: { labels: { touched: "once" } } });
    await sleep(1500);
    const first = await get("httproutes", "web");
    await ground.ask("PATCH", `${API}/httproutes/web`, { spec: { hostnames: ["shop.example"] } });
    await eventually("the new generation", () => get("httproutes", "web"), ({ status }) => status?.parents?.[1]?.conditions[0]?.observedGeneration === first.metadata.generation + 1);
    await sleep(1500);
    const second = await get("httproutes", "web");
    const times = ({ status }: Said): readonly string[] => (status?.parents?.[1]?.conditions ?? []).map(({ type, lastTransitionTime }) => `${type} ${lastTransitionTime}`).filter((one) => !one.includes("Programmed"));
    assert.deepEqual(times(second), times(first));
    await sleep(1500);
    assert.equal((await get("httproutes", "web")).metadata.resourceVersion, second.metadata.resourceVersion);
  });

  test("what is wrong with a route is an Event on it, and so is that it is mended; a route of others gets none", async () => {
    const events = async (): Promise<readonly string[]> => {
      const { items } = (await ground.ask("GET", "/api/v1/namespaces/shop/events")) as { readonly items: readonly { readonly type: string; readonly reason: string; readonly involvedObject: { readonly apiVersion: string; readonly kind: string; readonly name: string } }[] };
      return items.map(({ type, reason, involvedObject: { apiVersion, kind, name } }) => `${apiVersion} ${kind} ${name} ${type} ${reason}`);
    };
    const wrong = "gateway.networking.k8s.io/v1 HTTPRoute web Warning RouteReferenceUnresolved";
    await eventually("an Event for the missing Service", events, (all) => all.includes(wrong));
    await ground.apply([
      { apiVersion: "v1", kind: "Service", metadata: { name: "missing", namespace: "shop" }, spec: { ports: [{ port: 80 }] } } as ApiObject,
      httpRoute({ name: "theirs", parents: ["theirs"], rules: [ruleTo("none")] }) as ApiObject,
    ]);
    await eventually("an Event for what is mended", events, (all) => all.includes("gateway.networking.k8s.io/v1 HTTPRoute web Normal Mended"));
    assert.deepEqual((await events()).filter((one) => one.includes(" theirs ")), []);
  });

  test("who waits for a route gets the version that the API server has taken", async () => {
    for (const name of ["one", "two", "three"]) {
      const { metadata } = (await ground.ask("PATCH", `${API}/httproutes/web`, { spec: { hostnames: [`${name}.example`] } })) as Said;
      const { text } = await ground.http({ url: `http://127.0.0.1:${HEALTH_PORT}/api/v1/httproutes/shop/web?wait=10` });
      const { state, programmed } = JSON.parse(text) as { readonly state: string; readonly programmed?: { readonly generation: number } };
      assert.deepEqual([state, programmed?.generation], ["programmed", metadata.generation], text);
    }
  });

  test("a Gateway whose labels change stays programmed all the time, and is not written for it", async () => {
    const programmedSince = ({ status }: Said): string => (status?.conditions ?? []).flatMap(({ type, status: holding, lastTransitionTime }) => (type === "Programmed" ? [`${holding} ${lastTransitionTime}`] : [])).join();
    await eventually("the Gateway is programmed", () => get("gateways", "shop"), ({ status }) => holds(status?.conditions, "Programmed"));
    const before = await get("gateways", "shop");
    await sleep(1100);
    await ground.ask("PATCH", `${API}/gateways/shop`, { metadata: { labels: { touched: "once" } } });
    const labelled = await get("gateways", "shop");
    await sleep(1500);
    const after = await get("gateways", "shop");
    assert.equal(programmedSince(after), programmedSince(before));
    assert.equal(after.metadata.resourceVersion, labelled.metadata.resourceVersion);
  });
}
