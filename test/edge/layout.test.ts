/** Tables of one kind have one layout, so that what LuaJIT compiled for some requests serves all, in the LuaJIT of this machine's nginx. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { moveInto } from "../../edge/src/layout.ts";
import { buildModel } from "../../src/model/build/build.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { parseSettings } from "../../src/settings.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { programOf, runLua } from "../support/in-nginx.ts";

const SCRIPT = fileURLToPath(new URL("../support/layouts.lua", import.meta.url));
const PREFIX = "nginx.ingress.kubernetes.io";

/** What LuaJIT compiles depends a little on where things lie in memory. */
const RUNS = 5;
/** Two or three pieces in each run lead from code of other requests to that of plain ones. Without one layout for all tables there are 5 to 20. */
const MOST = 20;

/** Hosts without annotations, with a canary of each kind, and with a profile. */
function program(): string {
  const snapshot = new Snapshot();
  snapshot.put<"IngressClass">({ kind: "IngressClass", metadata: { name: "nginx", namespace: "" }, spec: { controller: "k8s.io/ingress-nginx" } });
  for (const name of ["web", "next"]) {
    const metadata = { name, namespace: "shop" };
    snapshot.put<"Service">({ kind: "Service", metadata, spec: { ports: [{ port: 80 }] } });
    snapshot.put<"EndpointSlice">({
      kind: "EndpointSlice", metadata: { ...metadata, labels: { "kubernetes.io/service-name": name } },
      endpoints: [{ addresses: [`10.0.0.${name.length}`, `10.0.1.${name.length}`] }], ports: [{ port: 8080 }],
    });
  }
  const ingress = (host: string, annotations: Record<string, string>, service = "web"): void => {
    const paths = [{ path: "/", pathType: "Prefix", backend: { service: { name: service, port: { number: 80 } } } }];
    const prefixed = Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`${PREFIX}/${name}`, value]));
    const metadata = { name: `${host}-${service}`, namespace: "shop", annotations: prefixed };
    snapshot.put<"Ingress">({ kind: "Ingress", metadata, spec: { ingressClassName: "nginx", rules: [{ host: `${host}.example`, http: { paths } }] } });
  };
  ingress("plain", {});
  ingress("other", {});
  ingress("profile", { "proxy-buffering": "on" });
  ingress("body", { "proxy-body-size": "3m", "proxy-next-upstream-tries": "2" });
  ingress("slow", { "proxy-connect-timeout": "7" });
  ingress("hashed", { "upstream-hash-by": "$host" });
  ingress("http", { "ssl-redirect": "false" });
  for (const [host, rule] of [["weight", "weight"], ["header", "by-header"], ["cookie", "by-cookie"]] as const) {
    ingress(host, {});
    ingress(host, { canary: "true", [`canary-${rule}`]: rule === "weight" ? "30" : "next" }, "next");
  }
  return programOf(buildModel(snapshot, parseSettings([], "run", {}), DEFAULT_CONFIG));
}

test("plain requests find the code that was compiled for them after others have been there", (t) => {
  const text = program();
  const anew = Array.from({ length: RUNS }, () => {
    const { plain, others, again, interpreted } = JSON.parse(runLua(SCRIPT, text, { requests: 5000 })) as Record<"plain" | "others" | "again" | "interpreted", number>;
    t.diagnostic(`compiled: ${plain} pieces for plain requests, ${others} with others, ${again} in the end`);
    assert.ok(plain > 0, "LuaJIT compiles nothing here");
    assert.ok(others > plain, "the other requests ran the same code");
    // One way is: that to new states, which are made by the hundred.
    assert.ok(interpreted <= 1, `LuaJIT has given up on ${interpreted} ways of requests`);
    return again - others;
  });
  assert.ok(anew.reduce((sum, one) => sum + one, 0) <= MOST, `compiled anew: ${anew.join(", ")}`);
});

test("a table that moved has the fields that it had", () => {
  const given: { b: number; a?: number; c?: number } = { b: 1, c: 0 };
  const moved = moveInto<typeof given>({ a: false, b: false }, given);
  assert.deepEqual(moved, given);
  assert.deepEqual(Object.keys(moved).sort(), ["b", "c"]);
});
