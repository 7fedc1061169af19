/** The way of a host's traffic, from the Model: its routes, who takes their requests, and the endpoints. Pure. */
import type { JournalRow } from "../../edge/src/journal.ts";
import { CATCH_ALL } from "../../edge/src/program.ts";
import type { Model } from "../model/model.ts";
import { backendText, isWritten, routePath, routeTarget, ruleText } from "../model/routes/route-text.ts";
import { canariesOf, primaryOf } from "../model/shapes/routing.ts";
import type { Backend, Canary, Host, Route } from "../model/shapes/routing.ts";
import { printable } from "../support/text.ts";
import { endpointText, securedBy } from "../get/rows.ts";
import type { Way, WayArm, WayPool, WayRoute } from "./shapes.ts";

/** Routes and endpoints of a picture: more cannot be looked at. */
const MOST_ROUTES = 60;
const MOST_ENDPOINTS = 24;

/** @param name a host's name; `*` for the rules without host. Undefined: no object declares the host. */
export function wayOf(model: Model, name: string): Way | undefined {
  const host = model.hosts.get(name === "*" ? CATCH_ALL : name);
  if (!host) return undefined;
  const declared = host.routes.filter(isWritten);
  if (declared.length === 0 && host.name === CATCH_ALL && host.passthrough === undefined) return undefined;
  const shown = declared.slice(0, MOST_ROUTES);
  const routes = shown.map((route) => wayRoute(route, model));
  const pools = new Set(routes.flatMap(({ arms }) => arms.flatMap(({ pool }) => pool ?? [])));
  return {
    host: name,
    aliases: aliasesOf(host, model),
    tls: securedBy(host, model),
    routes,
    more: declared.length - shown.length,
    pools: Object.fromEntries([...pools].map((pool) => [pool, wayPool(pool, model)])),
  };
}

/**
 * Whether a request that workers noted is of the host of this name, which `wayOf` would show: its own name, an alias, a
 * name that its wildcard stands for, or one that nobody else has.
 */
export function takesRequest(model: Model, name: string): (row: Pick<JournalRow, "host" | "namespace" | "ingress">) => boolean {
  const asked = name === "*" ? CATCH_ALL : name;
  const { hosts, aliases } = model;
  const host = hosts.get(asked);
  return (row) => {
    // An alias may be a pattern, which only workers can say who it is of: then its Ingress decides.
    const known = hosts.has(row.host) ? row.host : aliases.get(row.host)?.host;
    if (known !== undefined) return known === asked;
    return host !== undefined && ownersOf(host).has(`${row.namespace}/${row.ingress}`) && (asked === CATCH_ALL || !asked.startsWith("*.") || row.host.endsWith(asked.slice(1)));
  };
}

/** Host → the Ingresses of its routes, of which there may be thousands. */
const owners = new WeakMap<Host, ReadonlySet<string>>();

function ownersOf(host: Host): ReadonlySet<string> {
  const known = owners.get(host);
  if (known) return known;
  const names = new Set(host.routes.map(({ origin }) => `${origin.namespace}/${origin.name}`));
  owners.set(host, names);
  return names;
}

function aliasesOf({ name }: Host, { aliases }: Model): readonly string[] {
  return [...aliases].filter(([, { host }]) => host === name).map(([alias]) => alias);
}

function wayRoute(route: Route, model: Model): WayRoute {
  const { origin, path, backend, filters } = route;
  const primaryBackend = primaryOf(backend);
  const service = primaryBackend.kind === "service" ? primaryBackend.service : "";
  const base = { namespace: origin.namespace, ingress: origin.name, path, text: printable(routePath(route)), service };
  if (filters.redirect) return { ...base, arms: [], redirect: routeTarget(route) };
  const canaries = canariesOf(backend);
  const total = backend.kind === "split" ? backend.total : 100;
  const rest = total - canaries.reduce((sum, { weight }) => sum + weight, 0);
  const primary = armOf(primaryBackend, { canary: "", ingress: "", rule: "", share: percent(rest, total) }, model);
  return { ...base, arms: [...canaries.map((canary) => canaryArm(canary, total, model)), primary], redirect: "" };
}

function canaryArm(canary: Canary, total: number, model: Model): WayArm {
  const { origin, backend, weight } = canary;
  return armOf(backend, { canary: model.pools.get(backend.pool)?.name ?? "", ingress: `${origin.namespace}/${origin.name}`, rule: ruleText(canary), share: percent(weight, total) }, model);
}

function armOf(backend: Backend, arm: Omit<WayArm, "target" | "pool">, { pools }: Model): WayArm {
  const pool = backend.kind === "service" && pools.has(backend.pool) ? { pool: backend.pool } : {};
  return { ...arm, target: backendText(backend), ...pool };
}

function wayPool(id: string, { pools }: Model): WayPool {
  const endpoints = pools.get(id)?.endpoints ?? [];
  return { endpoints: endpoints.slice(0, MOST_ENDPOINTS).map(endpointText), more: Math.max(0, endpoints.length - MOST_ENDPOINTS) };
}

function percent(part: number, total: number): number {
  return Math.round((part / total) * 1000) / 10;
}
