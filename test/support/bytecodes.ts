/**
 * What a plain request costs in the edge, as LuaJIT bytecodes: decision, endpoint, log. The code is interpreted, so the
 * number is exact and does not depend on the machine. It is counted in nginx's own LuaJIT, by an nginx that ends before it
 * has listened.
 */
import { fileURLToPath } from "node:url";
import { buildModel } from "../../src/model/build/build.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { parseSettings } from "../../src/settings.ts";
import { Snapshot } from "../../src/source/snapshot.ts";
import { programOf, runLua } from "./in-nginx.ts";

const SCRIPT = fileURLToPath(new URL("plain-route.lua", import.meta.url));
const REQUESTS = 1000;

/** @param edgeDir folder of `sluice.lua` */
export function plainBytecodes(edgeDir: string): number {
  return Number(runLua(SCRIPT, plainProgram(), { requests: REQUESTS }, edgeDir));
}

/** Two hosts, two endpoints, no annotation. */
function plainProgram(): string {
  const snapshot = new Snapshot();
  const place = (name: string): { name: string; namespace: string } => ({ name, namespace: "shop" });
  const backend = { service: { name: "web", port: { number: 80 } } };
  snapshot.put<"IngressClass">({ kind: "IngressClass", metadata: { name: "nginx", namespace: "" }, spec: { controller: "k8s.io/ingress-nginx" } });
  snapshot.put<"Service">({ kind: "Service", metadata: place("web"), spec: { ports: [{ port: 80 }] } });
  snapshot.put<"EndpointSlice">({
    kind: "EndpointSlice",
    metadata: { ...place("web"), labels: { "kubernetes.io/service-name": "web" } },
    endpoints: [{ addresses: ["10.0.0.1", "10.0.0.2"] }],
    ports: [{ port: 8080 }],
  });
  for (const host of ["shop.example", "other.example"]) {
    const paths = [{ path: "/", pathType: "Prefix", backend }];
    snapshot.put<"Ingress">({ kind: "Ingress", metadata: place(host), spec: { ingressClassName: "nginx", rules: [{ host, http: { paths } }] } });
  }
  return programOf(buildModel(snapshot, parseSettings([], "run", {}), DEFAULT_CONFIG));
}
