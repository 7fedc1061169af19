/**
 * What one request costs in the edge, as LuaJIT bytecodes and bytes of garbage, in all its phases. The code is interpreted, so
 * the numbers are exact and do not depend on the machine. They are counted in nginx's own LuaJIT, by an nginx that ends before
 * it has listened.
 */
import { fileURLToPath } from "node:url";
import { buildModel } from "../../src/model/build/build.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { parseSettings } from "../../src/settings.ts";
import { programOf, runLua } from "./in-nginx.ts";
import { ingress, ingressClass, service, slice, snapshotOf, type IngressDraft } from "./objects.ts";

const SCRIPT = fileURLToPath(new URL("request-cost.lua", import.meta.url));
const REQUESTS = 1000;

export interface RequestCost {
  readonly bytecodes: number;
  /** What a request leaves to the garbage collector. */
  readonly bytes: number;
}

/** By kind of route, `plain` among them. @param edgeDir folder of `sluice.lua` */
export function requestCosts(edgeDir: string): Readonly<Record<string, RequestCost>> {
  return JSON.parse(runLua(SCRIPT, program(), { requests: REQUESTS }, edgeDir)) as Record<string, RequestCost>;
}

/** A host of each kind, two endpoints behind each. */
function program(): string {
  const at = (name: string): IngressDraft => ingress(`shop/${name}`).host(`${name}.example`).created(0);
  const canary = (name: string, rules: Readonly<Record<string, string>>): IngressDraft[] => [
    at(name).path("/", "web:80"),
    ingress(`shop/${name}-canary`).host(`${name}.example`).path("/", "next:80").canary(rules).created(1),
  ];
  const many = Array.from({ length: 29 }, (_, i) => `/p${i + 1}`);
  const networks = [...Array.from({ length: 99 }, (_, i) => `10.${i}.0.0/16`), "127.0.0.0/8"].join(",");
  const snapshot = snapshotOf(
    ingressClass("nginx"),
    service("shop/web", "80"), slice("shop/web", 8080, "10.0.0.1", "10.0.0.2"),
    service("shop/next", "80"), slice("shop/next", 8080, "10.0.1.1", "10.0.1.2"),
    at("plain").path("/", "web:80"),
    ...canary("weight", { "canary-weight": "30" }),
    at("rollout").path("/", "web:80"),
    ingress("shop/rollout-canary").host("rollout.example").path("/", "next:80").canary({}).rawAnnotation("sluice.ingress/rollout", "{}").created(1),
    { kind: "RolloutWeight", metadata: { namespace: "shop", name: "rollout-canary" }, given: { weight: 30, uid: "", pools: ["shop/next/80"] } },
    ...canary("header", { "canary-by-header": "x-canary" }),
    ...canary("cookie", { "canary-by-cookie": "canary" }),
    at("session").annotate("affinity", "cookie").path("/", "web:80"),
    at("rewrite").annotate("rewrite-target", "/$1").path("/api/(.*)", "web:80", "ImplementationSpecific"),
    at("body").annotate("proxy-body-size", "3m").path("/", "web:80"),
    at("profile").annotate("proxy-buffering", "on").path("/", "web:80"),
    at("limits").annotate("limit-rps", "100000").path("/", "web:80"),
    at("networks").annotate("whitelist-source-range", networks).path("/", "web:80"),
    at("cors").annotate("enable-cors", "true").path("/", "web:80"),
    many.reduce((draft, path) => draft.path(path, "web:80"), at("paths").path("/", "web:80")),
  );
  return programOf(buildModel(snapshot, parseSettings([], "run", {}), DEFAULT_CONFIG));
}
