/**
 * The steps of an update that concern Gateways: which are ours, which routes attach to them, what is said of them. A host of a listener
 * is a host like any other (update.ts).
 */
import { isDeepStrictEqual } from "node:util";
import { CATCH_ALL } from "../../../edge/src/program.ts";
import type { ObjectRef } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import type { Steps } from "../../support/slices.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import { attach, parentOf, parentText, type Attachment } from "../gateway/attach.ts";
import type { RouteLookup } from "../gateway/backend-refs.ts";
import { allListeners, judgeGateway, judgeSet, readGateways, type ParsedGateway } from "../gateway/gateways.ts";
import { selectsSets } from "../gateway/listener-sets.ts";
import { isTrouble } from "../gateway/listeners.ts";
import { intersect } from "../gateway/hostnames.ts";
import type { ParsedRoute } from "../gateway/route.ts";
import { isRouteKind, parseAnyRoute, routeByKey } from "../gateway/route-kinds.ts";
import type { ObjectStatus, ParentStatus, StatusCondition } from "../shapes/object-status.ts";
import { noteAll, noteValue } from "../memory/part.ts";
import { frontId } from "../shapes/front.ts";
import { hostKey, type HostKey } from "../shapes/host-key.ts";
import { objectKey } from "../shapes/lookup.ts";
import type { GatewayState, RouteParent } from "./gateway-state.ts";
import type { ModelState, Work } from "./state.ts";

/** Notes what reads an object that changed. */
export function noteGatewayChange({ gateway }: ModelState, { gateways: work }: Work, { kind, namespace, name }: ObjectRef): void {
  if (kind === "GatewayClass" || kind === "Gateway" || kind === "ListenerSet" || (kind === "Secret" && gateway.secrets.has(keyOf(namespace, name)))) work.all = true;
  if (kind === "ReferenceGrant" && gateway.gateways.size > 0) work.all = true;
  if (kind === "Namespace" && [...gateway.gateways.values()].some(({ object }) => selectsSets(object))) work.all = true;
  // Of one that is not ours, too: it is there or not.
  if (kind === "Gateway" || kind === "ListenerSet") for (const route of gateway.routeParents.to(objectKey(kind, namespace, name))) work.routes.add(route);
  if (isRouteKind(kind)) work.routes.add(objectKey(kind, namespace, name));
  else for (const route of gateway.routeObjects.to(readKey(kind, namespace, name))) work.routes.add(route);
}

/** What a route notes that it reads: of a namespace all grants together, of other kinds the object. */
function readKey(kind: ObjectRef["kind"], namespace: string, name: string): string {
  return kind === "ReferenceGrant" ? `${kind} ${namespace}` : objectKey(kind, namespace, name);
}

export function* updateGateways(state: ModelState, work: Work): Steps<void> {
  const { settings, gateway } = state;
  if (!settings.gatewayApi) return;
  const counted = new Set(work.gateways.all ? updateAll(state, work) : []);
  for (const key of work.gateways.routes) {
    yield;
    for (const one of gateway.routeParents.from(key)) counted.add(one);
    updateRoute(state, work, key);
    for (const one of gateway.routeParents.from(key)) counted.add(one);
  }
  for (const key of counted) {
    yield;
    noteParent(state, key);
  }
}

/** Gives the keys of all Gateways that are or were ours, and of their ListenerSets, as of `parentOf`. */
function updateAll({ settings, gateway, credentials }: ModelState, { snapshot, gateways: work }: Work): ReadonlySet<string> {
  const { classes, gateways, fronts } = readGateways(snapshot, settings, gateway.served);
  noteClasses(gateway, classes);
  const parents = parentsIn(gateways);
  const all = new Set([...gateway.parents.keys(), ...parents.keys()]);
  for (const key of all) {
    const [before, after] = [gateway.parents.get(key), parents.get(key)];
    if (before && after && isDeepStrictEqual(before, after)) continue;
    for (const { key: listener } of [...(before?.listeners ?? []), ...(after?.listeners ?? [])]) credentials.nameChanged(hostKey(CATCH_ALL, listener));
    for (const route of gateway.routeParents.to(key)) work.routes.add(route);
  }
  gateway.gateways = gateways;
  gateway.parents = parents;
  const listeners = [...gateways.values()].flatMap(allListeners);
  gateway.served = new Set(listeners.flatMap(({ certificates }) => certificates));
  gateway.secrets = new Set(listeners.flatMap(({ secrets }) => secrets));
  gateway.listeners = new Map(listeners.map((one) => [one.key, one]));
  noteAll(gateway.fronts, fronts);
  return all;
}

/** What routes attach to, as of `parentOf`. A set that a Gateway does not take has no listeners. */
function parentsIn(gateways: ReadonlyMap<string, ParsedGateway>): ReadonlyMap<string, RouteParent> {
  return new Map([...gateways.values()].flatMap((gateway): [string, RouteParent][] => [
    [`Gateway ${gateway.key}`, { gateway: gateway.key, address: gateway.addresses.own?.[0], listeners: gateway.listeners }],
    ...gateway.sets.map(({ key, listeners }): [string, RouteParent] => [`ListenerSet ${key}`, { gateway: gateway.key, address: gateway.addresses.own?.[0], listeners }]),
  ]));
}

function noteClasses({ judged }: GatewayState, classes: readonly ObjectStatus[]): void {
  const now = new Map(classes.map((one) => [objectKey("GatewayClass", "", one.object.metadata.name), one]));
  for (const key of judged.map.keys()) if (key.startsWith("GatewayClass ") && !now.has(key)) noteValue(judged, key, undefined);
  for (const [key, one] of now) noteValue(judged, key, one);
}

function updateRoute(state: ModelState, work: Work, key: string): void {
  const { gateway } = state;
  const object = routeByKey(work.snapshot, key);
  for (const host of gateway.routeHosts.from(key)) work.hosts.add(host);
  const objects = new Set<string>();
  const parsed = object && parseAnyRoute(object, lookup(work, objects));
  const attachments = parsed ? attachAll(state, work, parsed, objects) : [];
  if (parsed) gateway.routes.set(key, parsed);
  else gateway.routes.delete(key);
  if (parsed) gateway.attachments.set(key, attachments);
  else gateway.attachments.delete(key);
  gateway.routeParents.set(key, parsed ? parsed.parents.flatMap((one) => parentOf(one, parsed.object.metadata.namespace) ?? []) : []);
  gateway.routeObjects.set(key, objects);
  gateway.routeListeners.set(key, attachments.flatMap(({ listeners }) => listeners.map((one) => one.key)));
  const hosts = parsed ? attachments.flatMap((one) => hostsOf(parsed, one)) : [];
  gateway.routeHosts.set(key, hosts);
  for (const host of hosts) work.hosts.add(host);
  noteValue(gateway.judged, key, parsed && judgeRoute(parsed, attachments, state.settings.gatewayController, (parent) => gateway.parents.get(parent)?.address));
  const findings = parsed ? routeFindings(state, work, parsed, attachments) : [];
  noteValue(state.findings, key, findings.length > 0 ? findings : undefined);
}

function lookup({ snapshot }: Work, noted: Set<string>): RouteLookup {
  return {
    service(namespace, name) {
      noted.add(readKey("Service", namespace, name));
      return snapshot.get("Service", namespace, name);
    },
    grants(namespace) {
      noted.add(readKey("ReferenceGrant", namespace, ""));
      return [...snapshot.all("ReferenceGrant").values()].filter(({ metadata }) => metadata.namespace === namespace);
    },
  };
}

function attachAll({ gateway }: ModelState, { snapshot }: Work, route: ParsedRoute, noted: Set<string>): readonly Attachment[] {
  const { namespace } = route.object.metadata;
  return route.parents.flatMap((parentRef, index) => {
    // Of two equal references the first counts: the status has one entry for both.
    if (route.parents.findIndex((one) => isDeepStrictEqual(one, parentRef)) < index) return [];
    const key = parentOf(parentRef, namespace);
    const parent = key === undefined ? undefined : gateway.parents.get(key);
    if (key === undefined || !parent) return [];
    if (parent.listeners.some(({ namespaces }) => namespaces.from === "Selector")) noted.add(readKey("Namespace", "", namespace));
    return [attach(route, parentRef, key, parent.listeners, snapshot.get("Namespace", "", namespace)?.metadata.labels ?? {})];
  });
}

/** The hosts of an attachment's listeners that can be served. */
function hostsOf({ hostnames }: ParsedRoute, { listeners }: Attachment): readonly HostKey[] {
  return listeners.filter(({ usable }) => usable).flatMap(({ key, hostname }) => hostnames.filter((one) => intersect(hostname, one)).map((name) => hostKey(name, key)));
}

/** Undefined: no parent is ours, and nothing of ours is in its status. @param addressOf of a parent, as in `RouteParent` */
function judgeRoute(route: ParsedRoute, attachments: readonly Attachment[], controller: string, addressOf: (parent: string) => string | undefined): ObjectStatus | undefined {
  if (attachments.length === 0 && !JSON.stringify(route.object.status ?? {}).includes(JSON.stringify(controller))) return undefined;
  const { object, partiallyInvalid, resolved } = route;
  const parents = attachments.map((one): ParentStatus => ({
    parentRef: one.parentRef, conditions: [one.accepted, resolved, ...(partiallyInvalid ? [partiallyInvalid] : [])], hosts: hostsOf(route, one),
    fronts: [...new Set(one.listeners.filter(({ usable }) => usable).map(({ port }) => frontId(addressOf(one.parent), port)))],
  }));
  return { object, conditions: [], parents, hosts: parents.flatMap((one) => one.hosts) };
}

function routeFindings({ gateway }: ModelState, { snapshot }: Work, route: ParsedRoute, attachments: readonly Attachment[]): readonly Finding[] {
  const { object, accepted, problems, unresolved } = route;
  const missing = route.parents.flatMap((parentRef, index) => {
    const key = parentOf(parentRef, object.metadata.namespace);
    if (key === undefined || gateway.parents.has(key)) return [];
    const [kind, name = ""] = key.split(" ");
    if (snapshot.all(kind === "Gateway" ? "Gateway" : "ListenerSet").has(name)) return [];
    return [found.routeNotAttached({ object, field: `spec.parentRefs[${index}]` }, { why: `There is no ${parentText(key)}: create it or correct the name`, parent: parentText(key) })];
  });
  if (attachments.length === 0) return missing;
  return [
    ...missing,
    ...attachments.flatMap((one) => (one.accepted.status === "True" || one.accepted === accepted ? [] : [
      found.routeNotAttached({ object, field: `spec.parentRefs[${route.parents.indexOf(one.parentRef)}]` }, { why: one.accepted.message, parent: parentText(one.parent) }),
    ])),
    ...problems.map((why) => found.routeInvalid({ object, field: fieldOf(why) }, { why, whole: accepted.status === "False" })),
    ...unresolved.map((why) => found.routeReferenceUnresolved({ object, field: fieldOf(why) }, { why })),
  ];
}

/** The field with which a sentence begins. */
function fieldOf(sentence: string): string {
  return /^spec(?:\.[A-Za-z]+(?:\[\d+\])?)+/.exec(sentence)?.[0] ?? "spec";
}

/** @param key as of `parentOf` */
function noteParent(state: ModelState, key: string): void {
  const { gateway } = state;
  const judged = judgeParent(state, key);
  noteValue(gateway.judged, key, judged);
  const findings = judged ? parentFindings(judged) : [];
  noteValue(state.findings, key, findings.length > 0 ? findings : undefined);
}

function judgeParent({ gateway }: ModelState, key: string): ObjectStatus | undefined {
  const parent = gateway.parents.get(key);
  const parsed = parent && gateway.gateways.get(parent.gateway);
  if (!parsed) return undefined;
  const attached = (listener: string): number => gateway.routeListeners.to(listener).size;
  return key.startsWith("Gateway ") ? judgeGateway(parsed, attached) : judgeSet(parsed, key.slice("ListenerSet ".length), attached);
}

function parentFindings({ object, conditions, listeners = [] }: ObjectStatus): readonly Finding[] {
  // Of a ListenerSet both conditions have one reason.
  const own = conditions.filter((one, index) => one.status === "False" && one.reason !== "ListenersNotValid" && !(index > 0 && conditions[0]?.message === one.message));
  return [
    ...own.map(({ message }) => found.gatewayNotServed({ object, field: "spec" }, { why: message, kind: object.kind })),
    ...listeners.flatMap(({ name, conditions: all }, index) => messagesOf(all.filter(isTrouble)).map((message) =>
      found.listenerNotServed({ object, field: `spec.listeners[${index}]` }, { why: message, listener: name }))),
  ];
}

function messagesOf(conditions: readonly StatusCondition[]): readonly string[] {
  return [...new Set(conditions.map(({ message }) => message))];
}
