/**
 * What a Model does for those who ask, in words that can be compared.
 *
 * The parts of the Program say whether anything is different at all; the words say what.
 */
import { CATCH_ALL, type PartKind } from "../../edge/src/program.ts";
import type { Program } from "../compile/program.ts";
import { CONFIG_TABLE } from "../model/config/table.ts";
import type { Model } from "../model/model.ts";
import { canaryTexts, isWritten, routePath, routeTarget } from "../model/routes/route-text.ts";
import { canariesOf, primaryOf } from "../model/shapes/routing.ts";
import type { Host, Route } from "../model/shapes/routing.ts";
import type { Snapshot } from "../source/snapshot.ts";

/** What is compared of one route. All that is not told by name is in `others`. */
export interface RouteFacts {
  /** Whom it leads to: `shop/web:80`, `the default backend`, `503`, `301 to https://…`. */
  readonly target: string;
  /** Canaries with their rules and shares; empty: none. */
  readonly canaries: string;
  /** `Ingress shop/web`, or the flag that it comes from. */
  readonly owner: string;
  /** Whether http is redirected to https. */
  readonly https: "yes" | "no";
  /** Annotations of its Ingress; those of canaries with the canary's name in front. */
  readonly annotations: ReadonlyMap<string, string>;
  /** A text that is the same where everything else is. */
  readonly others: string;
}

export interface HostFacts {
  /** `/cart (prefix)` → what the path does. Routes that nobody declared are left out. */
  readonly routes: ReadonlyMap<string, RouteFacts>;
  /** What holds for the host as a whole, by what it is: a text that is the same where the setting is. */
  readonly wide: ReadonlyMap<string, string>;
}

export interface SettingFacts {
  readonly value: string;
  /** The value must not be shown. */
  readonly secret: boolean;
}

export interface Facts {
  /** By name; `*` for every name that nobody declares. */
  readonly hosts: ReadonlyMap<string, HostFacts>;
  /** Further name → `is shop.example`, `redirects to shop.example`. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Server name → `Secret shop/tls`, `the default certificate`. */
  readonly certificates: ReadonlyMap<string, string>;
  /** `tcp 9000` → `shop/db:5432`, with the PROXY protocol where it is spoken. */
  readonly listeners: ReadonlyMap<string, string>;
  /** Key of the controller's ConfigMap, as people write it → its value. */
  readonly settings: ReadonlyMap<string, SettingFacts>;
  /** Key of each part of the Program but the pools, which are endpoints → its digest. */
  readonly parts: ReadonlyMap<string, string>;
}

const ENDPOINTS: ReadonlySet<PartKind> = new Set(["pool", "stream"]);

export function factsOf({ hosts, aliases, tls, certificates, listeners, config }: Model, { parts }: Program, snapshot: Snapshot): Facts {
  const certificate = (id: string): string => {
    const found = certificates.get(id);
    return found ? `Secret ${found.origin.namespace}/${found.origin.name} (until ${found.notAfter.toISOString().slice(0, 10)})` : "the default certificate";
  };
  const isSecured = (host: string): boolean => tls.has(host) || tls.has(`*${host.slice(host.indexOf("."))}`);
  const named = { "headers to backends": config.named.requestHeaders, "headers to clients": config.named.responseHeaders, "ssl-dh-param": config.named.dhParam?.id };
  return {
    hosts: new Map([...hosts.values()].map((host) => [hostText(host.name), hostFacts(host, isSecured(host.name), snapshot)])),
    aliases: new Map([...aliases].map(([name, { host, redirect }]) => [name, redirect ? `redirects to ${hostText(host)}` : `is ${hostText(host)}`])),
    certificates: new Map([...tls].map(([name, id]) => [hostText(name), certificate(id)])),
    listeners: new Map([...listeners].map(([id, { service, acceptProxy, sendProxy }]) => [id, `${service}${acceptProxy ? ", PROXY protocol from clients" : ""}${sendProxy ? ", PROXY protocol to endpoints" : ""}`])),
    settings: new Map([
      ...Object.entries(CONFIG_TABLE).map(([field, { key, secret }]) => [key, { value: JSON.stringify(config[field as keyof typeof CONFIG_TABLE]) ?? "", secret: secret === true }] as const),
      ...Object.entries(named).map(([name, value]) => [name, { value: JSON.stringify(value) ?? "", secret: false }] as const),
    ]),
    parts: new Map([...parts].flatMap(([key, { kind, digest }]) => (ENDPOINTS.has(kind) ? [] : [[key, digest] as const]))),
  };
}

export function hostText(host: string): string {
  return host === CATCH_ALL ? "*" : host;
}

function hostFacts({ routes, regex, appRoot, tls, passthrough }: Host, secured: boolean, snapshot: Snapshot): HostFacts {
  const declared = routes.filter(isWritten);
  const wide = {
    "paths are expressions": regex ?? false, "app-root": appRoot ?? "none", "client certificates": tls?.clients ?? "not asked for",
    "ciphers": tls?.ciphers ?? "the operator's", "preference of ciphers": tls?.preferServer ?? "the operator's", "TLS passed through to": passthrough ?? "nobody",
  };
  return {
    routes: new Map(declared.map((route) => [routePath(route), routeFacts(route, secured, snapshot)])),
    wide: new Map(Object.entries(wide).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)])),
  };
}

/** Annotations that `canaries` tells of. */
const IN_CANARIES = /\/canary(?:-|$)/;

function routeFacts(route: Route, secured: boolean, snapshot: Snapshot): RouteFacts {
  const { backend, filters: { httpsRedirect, ...filters }, origin } = route;
  const primary = primaryOf(backend);
  const annotationsOf = (kind: string, namespace: string, name: string): [string, string][] =>
    kind === "Ingress" ? Object.entries(snapshot.get("Ingress", namespace, name)?.metadata.annotations ?? {}) : [];
  const ofCanaries = canariesOf(backend).flatMap(({ origin: { kind, namespace, name } }) => annotationsOf(kind, namespace, name).flatMap(([key, value]) => (IN_CANARIES.test(key) ? [] : [[`${key} of ${namespace}/${name}`, value] as const])));
  const canaries = canariesOf(backend).map((canary) => [canary.backend.pool, canary.backend.balance, canary.unbound]);
  return {
    target: routeTarget(route),
    canaries: canaryTexts(route).join(", "),
    owner: `${origin.kind} ${origin.namespace}/${origin.name}`,
    https: httpsRedirect === "always" || (httpsRedirect === "certificate" && secured) ? "yes" : "no",
    annotations: new Map([...annotationsOf(origin.kind, origin.namespace, origin.name), ...ofCanaries]),
    others: JSON.stringify([httpsRedirect, filters, primary.proxy, primary.kind === "service" ? [primary.pool, primary.balance] : undefined, canaries]),
  };
}
