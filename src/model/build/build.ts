/**
 * Builds the Model from a Snapshot, and keeps it up to date by recomputing no more than a change touches.
 *
 * Guarantee: after any sequence of changes the Model and its findings equal a fresh build from the same Snapshot (but
 * for certificates kept from a Secret's last usable version), and `change` names exactly the keys whose value changed.
 *
 * The units, each a pure function of the ones before it: an Ingress → the hosts it names → pools and certificates.
 * A changed object dirties its unit; a recomputed unit dirties those that read it.
 */
import type { ObjectRef } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import type { Snapshot, WantedObjects } from "../../source/snapshot.ts";
import { atOnce, type Steps } from "../../support/slices.ts";
import type { Config } from "../config/config.ts";
import { sortFindings } from "../findings/findings.ts";
import type { Finding } from "../findings/findings.ts";
import { withHints } from "../findings/hints.ts";
import { commit } from "../memory/part.ts";
import type { SharedMap } from "../memory/shared-map.ts";
import type { Built } from "../model.ts";
import { objectKey } from "../shapes/lookup.ts";
import type { LookedUp } from "../shapes/lookup.ts";
import { judgeCandidate } from "./candidate.ts";
import type { Candidate, Judgement } from "./candidate.ts";
import { asksForListeners } from "../streams/listeners.ts";
import type { ModelSettings } from "./settings.ts";
import { emptyState, startWork } from "./state.ts";
import type { ModelState, Work } from "./state.ts";
import { updateAliases } from "./update-aliases.ts";
import { noteGatewayChange, updateGateways } from "./update-gateways.ts";
import { updateStreams } from "./update-streams.ts";
import { updateCredentials, updateHosts, updateIngresses, updatePools } from "./update.ts";

export interface ModelBuilder {
  /**
   * The Model of `snapshot` as it is now. `changes`: the objects that were put or removed since the last call; the first
   * call looks at everything. Earlier Models stay as they were.
   */
  update(snapshot: Snapshot, changes: readonly ObjectRef[], config: Config): Built;
  /**
   * The same in steps. Objects may be put into the Snapshot meanwhile, if the next update is told of them: what was read before
   * is then read again. Until the last step nothing else may be asked of the builder.
   */
  updating(snapshot: Snapshot, changes: readonly ObjectRef[], config: Config): Steps<Built>;
  /** What would be wrong if an Ingress were written like this, as of the last update; undefined before the first. Changes nothing. */
  consider(candidate: Candidate, snapshot: Snapshot): Judgement | undefined;
}

export function createModelBuilder(settings: ModelSettings): ModelBuilder {
  const state = emptyState(settings);
  return {
    update: (snapshot, changes, config) => atOnce(update(state, snapshot, changes, config)),
    updating: (snapshot, changes, config) => update(state, snapshot, changes, config),
    consider: (candidate, snapshot) => judgeCandidate(state, snapshot, candidate),
  };
}

/** The Model of a Snapshot, from nothing. */
export function buildModel(snapshot: Snapshot, settings: ModelSettings, config: Config): Built {
  return createModelBuilder(settings).update(snapshot, [], config);
}

function* update(state: ModelState, snapshot: Snapshot, changes: readonly ObjectRef[], config: Config): Steps<Built> {
  const first = state.config === undefined;
  const work = startWork(state, snapshot, config);
  if (first) for (const key of snapshot.all("Service").keys()) noteListening(state, work, key);
  for (const change of changes) noteChange(state, work, change);
  yield* updateIngresses(state, work);
  yield* updateGateways(state, work);
  yield* updateHosts(state, work);
  yield* updateAliases(state, work);
  yield* updateCredentials(state, work);
  yield* updatePools(state, work);
  updateStreams(state, work);
  return finish(state, work);
}

/** Finds the units that read this object directly. A slice's change is reported as its Service's as well. */
function noteChange(state: ModelState, work: Work, { kind, namespace, name }: ObjectRef): void {
  const key = keyOf(namespace, name);
  if (state.settings.gatewayApi) noteGatewayChange(state, work, { kind, namespace, name });
  switch (kind) {
    case "Ingress":
      work.ingresses.add(key);
      break;
    case "IngressClass":
      work.classes = true;
      break;
    case "Service":
      for (const pool of state.poolServices.to(key)) work.pools.add(pool);
      work.streams ||= state.streamObjects.to(key).size > 0 || state.listening.has(key);
      noteListening(state, work, key);
      reread(state, work, objectKey(kind, namespace, name));
      break;
    case "ResolvedName":
      for (const pool of state.poolNames.to(name)) work.pools.add(pool);
      work.streams ||= state.streamObjects.to(name).size > 0;
      break;
    case "Secret":
      state.credentials.secretChanged(key);
      reread(state, work, objectKey(kind, namespace, name));
      break;
    case "ConfigMap":
      work.streams ||= key === state.settings.tcpServicesConfigmap || key === state.settings.udpServicesConfigmap;
      reread(state, work, objectKey(kind, namespace, name));
      break;
    case "SnippetVerdict":
    case "RolloutWeight":
      reread(state, work, objectKey(kind, namespace, name));
      break;
    case "Namespace":
      if (state.settings.watchNamespaceSelector !== "") for (const key of work.snapshot.all("Ingress").keys()) if (key.startsWith(`${name}/`)) work.ingresses.add(key);
      break;
    case "Node":
      if (state.settings.enableTopologyAwareRouting) for (const pool of state.poolServices.referrers()) work.pools.add(pool);
      break;
    case "EndpointSlice":
    case "GatewayClass":
    case "Gateway":
    case "ListenerSet":
    case "HTTPRoute":
    case "GRPCRoute":
    case "ReferenceGrant":
      break;
  }
}

function noteListening(state: ModelState, work: Work, key: string): void {
  if (state.settings.manifests.length === 0) return;
  state.listening.delete(key);
  if (!asksForListeners(work.snapshot.all("Service").get(key))) return;
  state.listening.add(key);
  work.streams = true;
}

/** The Ingresses whose annotations look this object up. */
function reread(state: ModelState, work: Work, object: string): void {
  for (const key of state.ingressObjects.to(object)) {
    work.ingresses.add(key);
    work.reread.add(key);
  }
}

function finish(state: ModelState, work: Work): Built {
  const { credentials } = state;
  const change = {
    own: commit(state.own),
    hosts: commit(state.hosts),
    aliases: commit(state.aliases),
    pools: commit(state.pools),
    certificates: commit(credentials.certificates),
    tls: commit(credentials.tls),
    users: commit(credentials.users),
    trusts: commit(credentials.trusts),
    listeners: commit(state.listeners),
    streams: commit(state.streams),
    fronts: commit(state.gateway.fronts),
    judged: commit(state.gateway.judged),
    config: work.configChanged,
  };
  commit(state.findings);
  const { hosts, aliases, pools, listeners, streams, findings } = state;
  const { certificates, tls, users, trusts, changesAt } = credentials;
  return {
    own: state.own.map,
    judged: state.gateway.judged.map,
    model: {
      hosts: hosts.map,
      aliases: aliases.map,
      pools: pools.map,
      certificates: certificates.map,
      tls: tls.map,
      users: users.map,
      trusts: trusts.map,
      listeners: listeners.map,
      streams: streams.map,
      fronts: state.gateway.fronts.map,
      config: work.config,
    },
    change,
    findings: sortedOnce(findings.map, work.snapshot),
    wanted: wantedObjects(state),
    names: namesOf(state),
    asksAbout: (snippet) => state.ingressObjects.to(objectKey("SnippetVerdict", "", snippet)).size > 0,
    changesAt,
  };
}

/** The Secrets and ConfigMaps that are referred to; the same value as before while these are the same. */
function wantedObjects(state: ModelState): WantedObjects {
  const ofHosts = state.credentials.wanted;
  const ofIngresses = state.ingressObjects.targets();
  const before = state.wanted;
  if (before?.ofHosts === ofHosts && before.ofIngresses === ofIngresses) return before.objects;
  const named = (kind: LookedUp): string[] => [...ofIngresses].flatMap((key) => (key.startsWith(`${kind} `) ? key.slice(kind.length + 1) : []));
  const { tcpServicesConfigmap, udpServicesConfigmap } = state.settings;
  const ofFlags = [tcpServicesConfigmap, udpServicesConfigmap].filter((key) => key !== "");
  const objects = { secrets: new Set([...ofHosts, ...named("Secret")]), configMaps: new Set([...named("ConfigMap"), ...ofFlags]) };
  state.wanted = { ofHosts, ofIngresses, objects };
  return objects;
}

/** The DNS names that pools and streams need. */
function namesOf({ poolNames, streamObjects }: ModelState): ReadonlySet<string> {
  const ofStreams = streamObjects.from("names");
  return ofStreams.size === 0 ? poolNames.targets() : new Set([...poolNames.targets(), ...ofStreams]);
}

function sortedOnce(units: SharedMap<readonly Finding[]>, snapshot: Snapshot): () => readonly Finding[] {
  let sorted: readonly Finding[] | undefined;
  return () => (sorted ??= withHints(sortFindings([...units.keys()].sort().flatMap((unit) => units.get(unit) ?? [])), snapshot));
}
