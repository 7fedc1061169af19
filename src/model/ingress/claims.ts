/**
 * What an Ingress asks of each host that it names.
 *
 * ingress-nginx behaviour: an Ingress offers its default backend, with its annotations, for the `/` of each of its hosts;
 * one without rules offers it for every name that nobody declares, without redirects and rewrites.
 */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import type { Ingress } from "../../source/objects.ts";
import { oneOfAll } from "../../support/kept-text.ts";
import { printable } from "../../support/text.ts";
import { affinity } from "../annotations/features/affinity-values.ts";
import { alias } from "../annotations/features/alias.ts";
import { balance } from "../annotations/features/balance.ts";
import { canary } from "../annotations/features/canary.ts";
import { hostTls } from "../annotations/features/host-tls.ts";
import { proxy } from "../annotations/features/proxy.ts";
import { redirects, withoutRedirects } from "../annotations/features/redirects.ts";
import { rewrite, rewriteOf } from "../annotations/features/rewrite.ts";
import { filtersOf } from "../annotations/filters.ts";
import type { Values } from "../annotations/slot.ts";
import { balanceOf } from "../backends/balance.ts";
import type { CanaryClaim, CanaryWish, DraftRoute, HostClaim } from "../claims/claim.ts";
import { closedBackend, closedFilters } from "../claims/closed.ts";
import type { Config } from "../config/config.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding, Place } from "../findings/findings.ts";
import { poolId } from "../shapes/pool-id.ts";
import type { Alternatives, Backend, HostTls, PathType } from "../shapes/routing.ts";
import { isCatchAll, rulesFor } from "./parsed.ts";
import type { ParsedIngress, ServiceRef } from "./parsed.ts";

export interface ClaimContext {
  /** Without the slash. */
  readonly annotationsPrefix: string;
  readonly defaults: Values;
  readonly config: Config;
  /** Flag --https-port. */
  readonly httpsPort: number;
}

/** What an ordinary Ingress asks of one host. @param parsed no canary. @param host the name of one of its hosts. */
export function hostClaim(parsed: ParsedIngress, host: string, context: ClaimContext): HostClaim {
  const { ingress: object, age, values, closed } = parsed;
  const placeOf = (annotation: string): Place => ({ object, field: `metadata.annotations[${context.annotationsPrefix}/${annotation}]` });
  const paths = rulesFor(parsed, host).flatMap((rule) => rule.paths);
  const root = rootOf(parsed, host, context);
  const { appRoot } = rewrite.of(values);
  return {
    object,
    age,
    routes: paths.map((path) => routeOf(host, parsed, { ...path, field: oneOfAll(`${path.field}.backend`) }, context)),
    ...(root ? { root } : {}),
    ...(appRoot === undefined || closed ? {} : { appRoot }),
    aliases: alias.of(values).names,
    www: redirects.of(values).fromToWww && !closed,
    tls: hostTlsOf(values),
    passthrough: hostTls.of(values).passthrough,
    closed,
    placeOf,
    findings: host === CATCH_ALL ? [...(isCatchAll(object) ? checkCatchAll(values, context.defaults, placeOf) : []), ...checkTls(object)] : [],
  };
}

function hostTlsOf(values: Values): HostTls {
  const { clients, ciphers, preferServer } = hostTls.of(values);
  return { ...(clients ? { clients } : {}), ...(ciphers === undefined ? {} : { ciphers }), ...(preferServer === undefined ? {} : { preferServer }) };
}

function rootOf(parsed: ParsedIngress, host: string, context: ClaimContext): (() => DraftRoute) | undefined {
  const { defaultBackend: backend, values } = parsed;
  const at = { path: "/", pathType: "prefix", backend } as const;
  if (host !== CATCH_ALL) return () => ({ ...routeOf(host, parsed, { ...at, field: backend?.field ?? "spec" }, context), synthesized: true });
  if (!backend || !isCatchAll(parsed.ingress)) return undefined;
  const plain = rewrite.put(withoutRedirects(values), rewrite.of(context.defaults));
  return () => routeOf(host, parsed, { ...at, field: backend.field, values: plain }, context);
}

interface Declared {
  readonly path: string;
  readonly pathType: PathType;
  readonly backend: ServiceRef | undefined;
  /** The field of the Ingress that declares it. */
  readonly field: string;
  /** The path's own values, in place of the Ingress's. */
  readonly values?: Values;
  readonly closed?: boolean;
  readonly when?: Alternatives;
}

function routeOf(host: string, parsed: ParsedIngress, declared: Declared, context: ClaimContext): DraftRoute {
  const { ingress } = parsed;
  const { path, pathType, backend, field, when } = declared;
  const { values = parsed.values } = declared;
  const closed = parsed.closed || declared.closed === true;
  const { namespace, name, uid } = ingress.metadata;
  const { config, httpsPort } = context;
  const contextOf = {
    host, path, pathType, namespace, ingress: name, ...(uid === undefined ? {} : { uid }), shared: parsed.values, ...(backend ? { service: backend.service } : {}), config, httpsPort,
  };
  return {
    path,
    pathType,
    ...(when ? { when } : {}),
    backend: closed ? closedBackend(proxy.of(values)) : backendOf(namespace, backend, path, values),
    canaries: [],
    filters: closed ? closedFilters(rewriteOf(rewrite.of(values), path).regex === true) : filtersOf(values, contextOf),
    synthesized: false,
    origin: { kind: "Ingress", namespace, name, field },
    object: ingress,
    age: parsed.age,
    characters: parsed.extent.characters,
  };
}

function backendOf(namespace: string, ref: ServiceRef | undefined, path: string, values: Values): Backend {
  if (!ref) return { kind: "default", proxy: proxy.of(values) };
  const { service, port } = ref;
  const pool = poolOf(namespace, ref, values);
  const policy = balanceOf(values, pool, path);
  return { kind: "service", pool, service, port, proxy: proxy.of(values), ...(policy ? { balance: policy } : {}) };
}

function poolOf(namespace: string, { service, port }: ServiceRef, values: Values): string {
  return poolId(namespace, service, port, balance.of(values).serviceUpstream);
}

/** What a canary asks of one host. @param parsed a canary. Its default backend stands for the `/` of the catch-all. */
export function canaryClaim(parsed: ParsedIngress, host: string): CanaryClaim {
  const { ingress: object, age, defaultBackend, extent: { characters } } = parsed;
  const paths = rulesFor(parsed, host).flatMap((rule) => rule.paths);
  const wishes = paths.map(({ path, pathType, backend, field }) => wishOf(parsed, { path, pathType, field: `${field}.path` }, backend));
  if (host === CATCH_ALL && defaultBackend) wishes.push(wishOf(parsed, { path: "/", pathType: "prefix", field: defaultBackend.field }, defaultBackend));
  return { object, age, wishes, characters };
}

function wishOf({ ingress, values }: ParsedIngress, at: Pick<CanaryWish, "path" | "pathType" | "field">, backend: ServiceRef): CanaryWish {
  const { service, port, field: backendField } = backend;
  const { enabled: _, ...rules } = canary.of(values);
  const pool = poolOf(ingress.metadata.namespace, backend, values);
  const policy = balanceOf(values, pool, "/");
  const joinsSessions = affinity.of(values).canaryBehavior !== "legacy";
  // A Service that the release is not of waits for its own release.
  const isReleased = rules.rollout === undefined || rules.rollout.pools.includes(pool);
  return { ...at, backendField, pool, service, port, ...rules, ...(isReleased ? {} : { weight: 0 }), ...(policy ? { balance: policy } : {}), joinsSessions };
}

/** Certificates are those of names: an Ingress that names no host has none of its own. */
function checkTls(object: Ingress): Finding[] {
  const { tls = [], rules = [] } = object.spec;
  const index = tls.findIndex(({ secretName = "" }) => secretName !== "");
  if (index < 0 || rules.some(({ host = "" }) => host !== "")) return [];
  return [found.tlsForNoHost({ object, field: `spec.tls[${index}].secretName` }, { secret: printable(tls[index]?.secretName ?? "") })];
}

/** Unlike ingress-nginx, Sluice says what has no effect on an Ingress without rules. */
function checkCatchAll(values: Values, defaults: Values, placeOf: HostClaim["placeOf"]): Finding[] {
  return NOT_ON_CATCH_ALL.flatMap(([name, valueOf]) => (valueOf(values) === valueOf(defaults) ? [] : [found.redirectOnCatchAll(placeOf(name), { name })]));
}

const NOT_ON_CATCH_ALL: readonly (readonly [name: string, valueOf: (values: Values) => unknown])[] = [
  ["temporal-redirect", (values) => redirects.of(values).temporal],
  ["permanent-redirect", (values) => redirects.of(values).permanent],
  ["force-ssl-redirect", (values) => redirects.of(values).forceSslRedirect],
  ["rewrite-target", (values) => rewrite.of(values).target],
];
