/** What a Sluice serves as rows, one kind of thing at a time. */
import { CATCH_ALL, type EdgeHost } from "../../edge/src/program.ts";
import { defaultProfile, type Profile } from "../compile/profiles.ts";
import type { Program } from "../compile/program.ts";
import type { Finding } from "../model/findings/findings.ts";
import { subjectText } from "../model/findings/findings.ts";
import type { Model } from "../model/model.ts";
import { backendText, canaryTexts, isWritten, routePath, routeTarget, ruleText, shareText } from "../model/routes/route-text.ts";
import { targetOf } from "../model/shapes/pool-id.ts";
import { canariesOf, primaryOf } from "../model/shapes/routing.ts";
import type { Canary, Endpoint, Host, Route } from "../model/shapes/routing.ts";
import type { RolloutStatus } from "../rollout/status.ts";
import { keyOf } from "../source/snapshot.ts";

export const LISTED = ["routes", "hosts", "backends", "certs", "canaries", "findings", "profiles"] as const;
export type ListedKind = (typeof LISTED)[number];

/** A row's values by the names of its columns. `namespace`: that of the object that it comes from. */
export type ListedRow = Readonly<Record<string, string | number | readonly string[]>>;

/** What rows are made of. */
export interface Served {
  readonly model: Model;
  readonly program: Program;
  readonly findings: readonly Finding[];
  /** What is known of releases; absent: nobody runs. */
  readonly rollouts?: readonly RolloutStatus[];
}

const DAY_MS = 24 * 3600 * 1000;

/** Sorted by what names a row. */
export function rowsOf(kind: ListedKind, served: Served): readonly ListedRow[] {
  switch (kind) {
    case "routes":
      return declaredRoutes(served.model).map(([host, route]) => routeRow(host, route, served.model));
    case "hosts":
      return hostRows(served.model);
    case "backends":
      return backendRows(served.model);
    case "certs":
      return certificateRows(served.model);
    case "canaries":
      return declaredRoutes(served.model).flatMap(([host, route]) => canaryRows(host, route, served.rollouts));
    case "findings":
      return served.findings.map(findingRow);
    case "profiles":
      return profileRows(served.program);
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function nameOf(host: string): string {
  return host === CATCH_ALL ? "*" : host;
}

/** Those of flags, and what hosts answer where nobody declares a path, are left out. */
function declaredRoutes({ hosts }: Model): readonly (readonly [Host, Route])[] {
  return [...hosts.values()].sort(byName).flatMap((host) => host.routes.filter(isWritten).map((route) => [host, route] as const));
}

/** Model → what `countRoutes` gives for it: asked every few seconds, and thousands of routes take milliseconds. */
const counted = new WeakMap<Model, number>();

/** How many routes of Ingresses there are, each canary as one of its own. As where requests are counted, an Ingress's path on a host is one route whatever its types and conditions, and so is the rest of a host on which nobody declares `/`. */
export function countRoutes(model: Model): number {
  const known = counted.get(model);
  if (known !== undefined) return known;
  let sum = 0;
  for (const { routes } of model.hosts.values()) {
    const keys = routes.filter(({ origin }) => origin.kind !== "Flag").flatMap(({ origin, path, backend }) => {
      const key = `${origin.namespace}/${origin.name} ${path}`;
      return [key, ...canariesOf(backend).map((canary) => `${key} ${canary.backend.pool}`)];
    });
    sum += new Set(keys).size;
  }
  counted.set(model, sum);
  return sum;
}

function routeRow({ name }: Host, route: Route, { pools }: Model): ListedRow {
  const { origin, filters } = route;
  const primary = primaryOf(route.backend);
  const ready = primary.kind === "service" && !filters.redirect ? (pools.get(primary.pool)?.endpoints.length ?? 0) : "";
  return { namespace: origin.namespace, ingress: origin.name, host: nameOf(name), path: routePath(route), target: routeTarget(route), endpoints: ready, canaries: canaryTexts(route), https: filters.httpsRedirect === "certificate" ? "where a certificate is" : filters.httpsRedirect };
}

function hostRows(model: Model): readonly ListedRow[] {
  const aliases = Map.groupBy(model.aliases.keys(), (alias) => model.aliases.get(alias)?.host);
  const told = [...model.hosts.values()].filter((host) => host.name !== CATCH_ALL || host.routes.some(isWritten));
  return told.sort(byName).map((host) => hostRow(host, model, aliases.get(host.name) ?? []));
}

/** The Secret of the certificate that the host's name gets, or what there is instead, in words. */
export function securedBy({ name, passthrough }: Host, { tls, certificates }: Model): string {
  if (passthrough !== undefined) return "passed through";
  const id = tls.get(name);
  if (id === undefined) return "none";
  const origin = certificates.get(id)?.origin;
  return origin ? `${origin.namespace}/${origin.name}` : "default certificate";
}

function hostRow(host: Host, model: Model, others: readonly string[]): ListedRow {
  const { routes, ingresses } = declaredOf(host);
  return { host: nameOf(host.name), routes, tls: securedBy(host, model), ingresses, aliases: others };
}

/** Host → how many routes it has, and whose: a host stays the same object as long as its routes do. */
const declarations = new WeakMap<Host, { readonly routes: number; readonly ingresses: readonly string[] }>();

function declaredOf(host: Host): { readonly routes: number; readonly ingresses: readonly string[] } {
  const known = declarations.get(host);
  if (known) return known;
  const declared = host.routes.filter(isWritten);
  const ingresses = [...new Set(declared.map(({ origin: { namespace, name } }) => `${namespace}/${name}`))];
  const made = { routes: declared.length, ingresses };
  declarations.set(host, made);
  return made;
}

function backendRows({ pools, hosts }: Model): readonly ListedRow[] {
  const uses = new Map<string, number>();
  for (const { routes } of hosts.values()) for (const { backend } of routes) {
    for (const one of [primaryOf(backend), ...canariesOf(backend).map((canary) => canary.backend)]) if (one.kind === "service") uses.set(one.pool, (uses.get(one.pool) ?? 0) + 1);
  }
  return [...pools.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ id, endpoints }) => {
    // Pools of names that annotations choose, and of the controller's own default backend, are of no namespace.
    const [namespace, service = "", port = ""] = id.includes("/") && targetOf(id) === undefined ? id.split("/") : ["", targetOf(id)?.name ?? id, String(targetOf(id)?.port ?? "")];
    return { namespace: namespace ?? "", service, port, routes: uses.get(id) ?? 0, ready: endpoints.length, endpoints: endpoints.map(endpointText) };
  });
}

/** `10.0.0.1:8080`, `[2001:db8::1]:8080`. */
export function endpointText({ address, port }: Endpoint): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

function certificateRows({ tls, certificates }: Model): readonly ListedRow[] {
  return [...tls].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, id]) => {
    const certificate = certificates.get(id);
    if (!certificate) return { namespace: "", name: nameOf(name), secret: "", served: "default certificate", expires: "", days: "" };
    const { notAfter, origin } = certificate;
    return { namespace: origin.namespace, name: nameOf(name), secret: origin.name, served: "its own", expires: notAfter.toISOString().slice(0, 10), days: Math.floor((notAfter.getTime() - Date.now()) / DAY_MS) };
  });
}

function canaryRows({ name }: Host, route: Route, rollouts: Served["rollouts"]): readonly ListedRow[] {
  const { backend } = route;
  return canariesOf(backend).map((canary) => ({
    namespace: canary.origin.namespace, ingress: canary.origin.name, host: nameOf(name), path: routePath(route), target: backendText(canary.backend),
    rule: ruleText(canary), share: shareOf(canary, backend, rollouts), primary: routeTarget(route),
  }));
}

/** `20 % (rollout: advancing)`, `10 of 100`. */
function shareOf(canary: Canary, backend: Route["backend"], rollouts: Served["rollouts"] = []): string {
  const { origin: { namespace, name }, rollout } = canary;
  const status = rollout && rollouts.find(({ ingress }) => ingress === keyOf(namespace, name))?.status;
  const text = shareText(canary, backend);
  return status === undefined ? text : text.replace("(rollout)", `(rollout: ${status})`);
}

function findingRow({ severity, code, object, field, sentence, hint, effect, file, line }: Finding): ListedRow {
  return { namespace: object.namespace, severity, code, object: subjectText(object), field, says: hint === undefined ? sentence : `${sentence}: ${hint}`, effect, at: file === undefined ? "" : `${file}:${line ?? 1}` };
}

/** The profiles that nginx has for some route, and what they have that the usual one has not. */
function profileRows({ profiles, parts, config }: Program): readonly ListedRow[] {
  const usual: Readonly<Record<string, unknown>> = { ...defaultProfile(config) };
  const routes = new Map<string, number>();
  for (const { kind, frame } of parts.values()) {
    if (kind !== "host") continue;
    const { value } = JSON.parse(frame.reveal().toString()) as { readonly value: EdgeHost };
    for (const { profile } of value.routes) if (profile !== undefined) routes.set(profile, (routes.get(profile) ?? 0) + 1);
  }
  return [...profiles].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, profile]) => ({ profile: id.slice(0, 12), routes: routes.get(id) ?? 0, settings: settingsOf(profile, usual) }));
}

function settingsOf(profile: Profile, usual: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(profile).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key])).map(([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
}
