/**
 * The steps of one update, in the order in which units depend on each other. Each recomputes its dirty units, notes
 * their values, and marks what reads them.
 */
import { isDeepStrictEqual } from "node:util";
import type { Ingress, Meta } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import { oncePer } from "../../support/once-per.ts";
import type { Steps } from "../../support/slices.ts";
import { access } from "../annotations/features/access.ts";
import type { Values } from "../annotations/slot.ts";
import { buildPool } from "../backends/endpoints.ts";
import { poolOf, poolTarget, serviceInName } from "../backends/pool.ts";
import type { PoolReference } from "../backends/pool.ts";
import type { Config } from "../config/config.ts";
import { altered, boundFindings } from "../findings/findings.ts";
import type { Finding } from "../findings/findings.ts";
import { decideOwnership, readClasses } from "../ingress/class.ts";
import { canaryClaim, hostClaim } from "../ingress/claims.ts";
import type { ClaimContext } from "../ingress/claims.ts";
import { parseIngress } from "../ingress/ingress.ts";
import type { ParsedIngress } from "../ingress/parsed.ts";
import { sizeOf, withoutRoom } from "../ingress/size.ts";
import { current, noteValue } from "../memory/part.ts";
import { buildHost } from "../routes/hosts.ts";
import type { BuiltHost } from "../routes/hosts.ts";
import type { HostContext } from "../routes/paths.ts";
import { byAge } from "../shapes/age.ts";
import { listenerOfHost, nameOfHost } from "../shapes/host-key.ts";
import type { HostKey } from "../shapes/host-key.ts";
import { lookupIn } from "../shapes/lookup.ts";
import { targetOf } from "../shapes/pool-id.ts";
import type { Alias, Users } from "../shapes/routing.ts";
import type { ModelState, Work } from "./state.ts";
import { ingressOwning, siteHostFrom, siteHostsBeside } from "./site-hosts.ts";
import { claimAliases, placeOfAlias } from "./update-aliases.ts";

export function* updateIngresses(state: ModelState, work: Work): Steps<void> {
  const { snapshot } = work;
  if (work.classes) for (const key of snapshot.all("Ingress").keys()) work.ingresses.add(key);
  if (work.ingresses.size === 0) return;
  const classes = readClasses(snapshot, state.settings);
  const reads = new Map<string, Read>();
  /** What the update has seen: the Snapshot may hold newer ones at its end, which belong to the next update. */
  const seen = new Map<string, Ingress | undefined>();
  for (const key of work.ingresses) {
    yield;
    const ingress = snapshot.all("Ingress").get(key);
    seen.set(key, ingress);
    const admission = ingress && decideOwnership(ingress, classes, state.settings);
    if (!ingress || !admission?.ours) reads.set(key, { parsed: undefined, objects: [], findings: admission?.finding ? [admission.finding] : [] });
    else if (mustRead(state, work, key, ingress)) reads.set(key, readIngress(state, work, ingress));
  }
  boundSizes(state, work, reads, seen);
  for (const [key, read] of reads) {
    yield;
    replaceIngress(state, work, key, read);
  }
  for (const [key, ingress] of seen) noteOwn(state, key, ingress);
}

/** An Ingress as it was read; `parsed` is undefined where it is not ours. */
interface Read {
  readonly parsed: ParsedIngress | undefined;
  /** Keys of the objects that its annotations look up. */
  readonly objects: Iterable<string>;
  readonly findings: readonly Finding[];
}

/** Closes Ingresses that there is no room for, and reads those again that gain or lose room because of others. */
function boundSizes(state: ModelState, work: Work, reads: Map<string, Read>, seen: Map<string, Ingress | undefined>): void {
  const wishes = [...reads].map(([key, { parsed }]) => [key, parsed && { age: parsed.age, size: sizeOf(parsed) }] as const);
  for (const key of state.sizes.set(new Map(wishes))) {
    const ingress = work.snapshot.all("Ingress").get(key);
    if (!ingress || reads.has(key)) continue;
    work.ingresses.add(key);
    seen.set(key, ingress);
    reads.set(key, readIngress(state, work, ingress));
  }
  for (const [key, { parsed, objects }] of reads) {
    if (!parsed || !state.sizes.isBeyond(key)) continue;
    const closed = withoutRoom(parsed);
    reads.set(key, { parsed: closed, objects, findings: closed.findings });
  }
}

/** A status that was written makes a new version of the Ingress, in which nothing new is to be read. */
function mustRead(state: ModelState, work: Work, key: string, ingress: Ingress): boolean {
  const before = state.ingresses.get(key)?.ingress;
  if (!before || work.configChanged || work.reread.has(key)) return true;
  return before !== ingress && !readsTheSame(before.metadata, ingress.metadata);
}

/** Whether spec, annotations and labels are the same: the API server counts `generation` up with every change of the spec. */
function readsTheSame(a: Meta, b: Meta): boolean {
  return a.uid !== undefined && a.uid === b.uid && a.generation !== undefined && a.generation === b.generation &&
    isDeepStrictEqual(a.annotations, b.annotations) && isDeepStrictEqual(a.labels, b.labels);
}

function noteOwn(state: ModelState, key: string, ingress: Ingress | undefined): void {
  const parsed = state.ingresses.get(key);
  const own = ingress && parsed && { object: ingress, refused: parsed.refused, hosts: parsed.hosts };
  // The key is that of `objectKey`.
  noteValue(state.own, `Ingress ${key}`, own);
}

function readIngress(state: ModelState, work: Work, ingress: Ingress): Read {
  const { config, defaults, snapshot } = work;
  const { settings } = state;
  const objects = new Set<string>();
  const lookup = lookupIn(snapshot, objects);
  const parsed = parseIngress(ingress, { annotationsPrefix: settings.annotationsPrefix, config, defaults, settings, lookup });
  return { parsed, objects, findings: parsed.findings };
}

function replaceIngress(state: ModelState, work: Work, key: string, { parsed, objects, findings }: Read): void {
  for (const host of state.ingressHosts.from(key)) work.hosts.add(host);
  for (const host of parsed?.hosts ?? []) work.hosts.add(host);
  state.ingressHosts.set(key, parsed?.hosts ?? []);
  state.credentials.setUsers(key, parsed ? usersOf(parsed) : []);
  state.ingressObjects.set(key, objects);
  if (parsed) state.ingresses.set(key, parsed);
  else state.ingresses.delete(key);
  putFindings(state, `Ingress ${key}`, findings);
}

/** The users that the Ingress, or a single path of it, lets in. */
function usersOf({ values, rules, hosts }: ParsedIngress): readonly Users[] {
  if (hosts.length === 0) return [];
  const all = [values, ...rules.flatMap(({ paths }) => paths.flatMap((path) => path.values ?? []))];
  return all.flatMap((one) => access.of(one).users ?? []);
}

export function routingContext({ settings }: ModelState, defaults: Values, config: Config): RoutingContext {
  const { annotationsPrefix, healthCheckPath, httpsPort, enableSslPassthrough: passthrough } = settings;
  return { annotationsPrefix, defaults, config, healthCheckPath, httpsPort, passthrough };
}

export type RoutingContext = HostContext & ClaimContext;

/** The host, put together from Ingresses. @param ingresses all that name the host, oldest first. */
export function hostFrom(key: HostKey, ingresses: readonly ParsedIngress[], context: RoutingContext): BuiltHost {
  const name = nameOfHost(key);
  const mains = ingresses.filter(({ canary }) => !canary).map((parsed) => hostClaim(parsed, name, context));
  const canaries = ingresses.filter(({ canary }) => canary).map((parsed) => canaryClaim(parsed, name));
  return buildHost(name, { mains, canaries }, context);
}

/** What Gateways' hosts say depends on those of Ingresses. Hosts that are added meanwhile come, too. */
function* ingressHostsFirst(hosts: ReadonlySet<HostKey>): Iterable<HostKey> {
  for (const ofGateway of [false, true]) for (const key of hosts) if ((listenerOfHost(key) !== "") === ofGateway) yield key;
}

export function* updateHosts(state: ModelState, work: Work): Steps<void> {
  const context = routingContext(state, work.defaults, work.config);
  for (const key of ingressHostsFirst(work.hosts)) {
    yield;
    const ofGateway = listenerOfHost(key) !== "";
    const owner = ingressOwning(state.hosts.map.get(key));
    const { host, references, aliases, findings } = ofGateway ? siteHostFrom(state, work, key) : hostFrom(key, ingressesOf(state, key), context);
    noteValue(state.hosts, key, host);
    claimAliases(state, work, key, aliases);
    putFindings(state, `host ${key}`, findings);
    for (const pool of state.hostPools.from(key)) work.pools.add(pool);
    for (const { pool } of references) work.pools.add(pool);
    state.hostPools.set(key, references.map(({ pool }) => pool));
    if (references.length > 0) state.poolReferences.set(key, references);
    else state.poolReferences.delete(key);
    if (ofGateway) continue;
    if (owner !== ingressOwning(host)) for (const one of siteHostsBeside(state, key)) work.hosts.add(one);
    state.credentials.setHost(key, host);
    setPassthrough(state, work, key, host?.passthrough);
  }
}

function setPassthrough(state: ModelState, work: Work, host: string, pool: string | undefined): void {
  if (state.streamHosts.get(host) === pool) return;
  if (pool === undefined) state.streamHosts.delete(host);
  else state.streamHosts.set(host, pool);
  work.streams = true;
}

/** The Ingresses that take part in a host, oldest first. */
function ingressesOf(state: ModelState, host: HostKey): readonly ParsedIngress[] {
  return participants(state, host).sort((a, b) => byAge(a.age, b.age));
}

/** The Ingresses that take part in a host, in no particular order. */
export function participants(state: ModelState, host: HostKey): ParsedIngress[] {
  const parsed: ParsedIngress[] = [];
  for (const key of state.ingressHosts.to(host)) {
    const one = state.ingresses.get(key);
    if (one) parsed.push(one);
  }
  return parsed;
}

/** Comes after `updateHosts` and `updateAliases`: every host and every alias is a server name. */
export function* updateCredentials(state: ModelState, work: Work): Steps<void> {
  const names = {
    mains: (host: string) => ingressesOf(state, host).filter((parsed) => !parsed.canary),
    alias: (name: string) => current(state.aliases, name),
    listener: (name: string) => state.gateway.listeners.get(listenerOfHost(name)),
    placeOfAlias: (name: string, alias: Alias) => placeOfAlias(state, name, alias),
  };
  yield* state.credentials.update(work.snapshot, names, (name, findings) => putFindings(state, `tls ${name}`, findings));
}

export function* updatePools(state: ModelState, work: Work): Steps<void> {
  for (const id of work.pools) {
    yield;
    const users = state.hostPools.to(id);
    if (users.size === 0) {
      dropPool(state, id);
      continue;
    }
    const target = poolTarget(id, state.settings);
    const { endpoints, problem, name } = buildPool(target, work.snapshot, state.settings);
    noteValue(state.pools, id, poolOf(target, endpoints));
    const named = targetOf(id);
    const service = named ? serviceInName(named.name, state.settings) : target;
    state.poolServices.set(id, service ? [keyOf(service.namespace, service.service)] : []);
    state.poolNames.set(id, name === undefined ? [] : [name]);
    const references = problem ? [...users].sort().flatMap((user) => referencesTo(state, user, id)) : [];
    putFindings(state, `pool ${id}`, problem ? references.map((one) => atMost(problem(one), one.severity)) : []);
  }
}

const byPool = oncePer((references: readonly PoolReference[]): ReadonlyMap<string, readonly PoolReference[]> => Map.groupBy(references, ({ pool }) => pool));

function referencesTo(state: ModelState, host: string, pool: string): readonly PoolReference[] {
  const references = state.poolReferences.get(host);
  return references ? (byPool(references).get(pool) ?? []) : [];
}

/** The finding with the severity of the reference: a pool without endpoints is only as bad as what is lost by it. */
function atMost(finding: Finding, severity: PoolReference["severity"]): Finding {
  return severity === undefined || finding.severity === "info" ? finding : altered(finding, { severity });
}

function dropPool(state: ModelState, id: string): void {
  noteValue(state.pools, id, undefined);
  state.poolServices.set(id, []);
  state.poolNames.set(id, []);
  putFindings(state, `pool ${id}`, []);
}

function putFindings(state: ModelState, unit: string, findings: readonly Finding[]): void {
  noteValue(state.findings, unit, findings.length > 0 ? boundFindings(findings) : undefined);
}
