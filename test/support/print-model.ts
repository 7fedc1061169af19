/**
 * A Model in lines that a person reads and a test compares:
 *
 *   shop.example  /  prefix -> shop/web/80 [10.0.0.1:8080]
 */
import type { Finding } from "../../src/model/findings/findings.ts";
import { canariesOf, primaryOf } from "../../src/model/shapes/routing.ts";
import type { Backend, Canary, Pool, Route } from "../../src/model/shapes/routing.ts";
import type { Model } from "../../src/model/model.ts";

/** Hosts by name; routes in the Model's order. The health route of the catch-all is left out: every Model has it. */
export function printRoutes(model: Model): string[] {
  const hosts = [...model.hosts.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return hosts.flatMap(({ name, routes }) =>
    routes.filter((route) => route.origin.field !== "--health-check-path").map((route) => printRoute(model, name, route)),
  );
}

function printRoute(model: Model, host: string, route: Route): string {
  const kind = route.synthesized ? `${route.pathType} (nobody's)` : route.pathType;
  const total = route.backend.kind === "split" ? route.backend.total : 0;
  const canaries = canariesOf(route.backend).map((canary) => ` | ${printCanary(model, canary, total)}`);
  return `${host}  ${route.path}  ${kind} -> ${printBackend(model, primaryOf(route.backend))}${canaries.join("")}`;
}

function printBackend(model: Model, backend: Backend): string {
  if (backend.kind === "service") return printPool(model.pools.get(backend.pool), backend.pool);
  return backend.kind === "default" ? "default backend" : `status ${backend.status}`;
}

function printPool(pool: Pool | undefined, id: string): string {
  if (!pool) return `${id} (no such pool)`;
  const addresses = pool.endpoints.map(({ address, port }) => `${address.includes(":") ? `[${address}]` : address}:${port}`);
  return `${id} [${addresses.join(" ")}]`;
}

function printCanary(model: Model, { backend: { pool }, header, headerValue, headerPattern, cookie, weight }: Canary, total: number): string {
  const rules = [
    header === undefined ? "" : `header ${header}`,
    headerValue === undefined ? "" : `= ${headerValue}`,
    headerPattern === undefined ? "" : `~ ${headerPattern}`,
    cookie === undefined ? "" : `cookie ${cookie}`,
    weight === 0 ? "" : `weight ${weight}/${total}`,
  ].filter((rule) => rule !== "");
  return `canary ${rules.join(" ")} -> ${printPool(model.pools.get(pool), pool)}`;
}

/** `code  Kind namespace/name field`, in the order given. */
export function printFindings(findings: readonly Finding[]): string[] {
  return findings.map(({ code, object, field }) => `${code}  ${object.kind} ${object.namespace}/${object.name} ${field}`);
}
