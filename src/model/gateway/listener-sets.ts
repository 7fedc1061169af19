/**
 * ListenerSets: listeners that others add to a Gateway which allows it. All listeners of a Gateway are one list: its own, then those of its sets,
 * the oldest first (Gateway API, ListenerSetSpec). What comes later and is not distinct is not served.
 */
import { GATEWAY_GROUP } from "../../source/gateway/kinds.ts";
import type { Gateway, ListenerSet } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import { ageOf, byGatewayAge } from "../shapes/age.ts";
import { condition, type ListenerStatus, type ObjectStatus, type StatusCondition } from "../shapes/object-status.ts";
import { familyOf, isFaultless, isServed, readListeners, type GatewayListener, type ListenerLookup } from "./listeners.ts";
import { fits } from "./selector.ts";

export interface ParsedListenerSet {
  /** `namespace/name`. */
  readonly key: string;
  readonly object: ListenerSet;
  /** Empty where the Gateway does not take the set. */
  readonly listeners: readonly GatewayListener[];
  /** Why the Gateway does not take it; undefined: it does. */
  readonly refused: StatusCondition | undefined;
}

/** `namespace/name` of the Gateway that a set is for; undefined: it names something else. */
export function parentOfSet({ metadata, spec: { parentRef: { group = GATEWAY_GROUP, kind = "Gateway", namespace, name = "" } = {} } }: ListenerSet): string | undefined {
  return group === GATEWAY_GROUP && kind === "Gateway" ? keyOf(namespace ?? metadata.namespace, name) : undefined;
}

/** What the sets of one Gateway are read with. */
export interface SetParent {
  readonly object: Gateway;
  readonly listeners: readonly GatewayListener[];
  /** Nothing of the Gateway is served. */
  readonly refused: boolean;
}

/** @param sets those that name this Gateway, in any order. @param labels of a namespace */
export function readListenerSets({ object: gateway, listeners: own, refused }: SetParent, sets: readonly ListenerSet[], lookup: ListenerLookup, labels: (namespace: string) => Readonly<Record<string, string>>): readonly ParsedListenerSet[] {
  const taken: Taken = new Map();
  for (const one of own) take(one, taken);
  return sets.map((object) => ({ object, age: ageOf(object) })).sort((a, b) => byGatewayAge(a.age, b.age)).map(({ object }): ParsedListenerSet => {
    const { metadata: { namespace, name } } = object;
    const key = keyOf(namespace, name);
    const refuse = (reason: string, message: string): ParsedListenerSet => ({ key, object, listeners: [], refused: condition("Accepted", false, reason, message) });
    if (!allows(gateway, namespace, labels)) return refuse("NotAllowed", `The Gateway allows no ListenerSet of the namespace "${namespace}" (spec.allowedListeners)`);
    if (refused) return refuse("ParentNotAccepted", "The Gateway is not valid");
    const listeners = readListeners({ kind: "ListenerSet", namespace, name }, object.spec.listeners ?? [], lookup).map((one) => {
      const conflict = conflictWith(one, taken);
      const told = conflict ? refusedFor(one, conflict) : one;
      if (!conflict) take(one, taken);
      return told;
    });
    return { key, object, listeners, refused: undefined };
  });
}

function allows({ metadata, spec: { allowedListeners } }: Gateway, namespace: string, labels: (namespace: string) => Readonly<Record<string, string>>): boolean {
  const { from = "None", selector } = allowedListeners?.namespaces ?? {};
  if (from === "Same") return namespace === metadata.namespace;
  return from === "All" || (from === "Selector" && selector !== undefined && fits(selector, labels(namespace)));
}

/** Whether the Gateway chooses ListenerSets by labels of their namespaces. */
export function selectsSets({ spec: { allowedListeners } }: Gateway): boolean {
  return allowedListeners?.namespaces?.from === "Selector";
}

/** What listeners that come before have, by port: all are of one family, or conflict with each other already. */
type Taken = Map<number, { readonly families: Set<string>; readonly names: Set<string> }>;

function take(listener: GatewayListener, taken: Taken): void {
  if (!isServed(listener)) return;
  const there = taken.get(listener.port) ?? { families: new Set(), names: new Set() };
  taken.set(listener.port, there);
  there.families.add(familyOf(listener));
  there.names.add(listener.hostname);
}

/** Those that come before may be a stranger's: they are not named. */
function conflictWith(listener: GatewayListener, taken: Taken): StatusCondition | undefined {
  const there = taken.get(listener.port);
  if (!there) return undefined;
  if ([...there.families].some((one) => one !== familyOf(listener))) return condition("Conflicted", true, "ProtocolConflict", `A listener that comes before has another protocol on port ${listener.port}: give this one another port`);
  return there.names.has(listener.hostname) ? condition("Conflicted", true, "HostnameConflict", "A listener that comes before has this port and host name: give this one another") : undefined;
}

/** A listener for which there is no room says so in all of its conditions. */
function refusedFor(listener: GatewayListener, conflict: StatusCondition): GatewayListener {
  const { reason, message } = conflict;
  const conditions = listener.conditions.map((one) => (one.type === "Conflicted" ? conflict : one.type === "Accepted" ? condition("Accepted", false, reason, message) : one));
  return { ...listener, usable: false, conditions: [...conditions, condition("Programmed", false, reason, message)] };
}

/** Whether something of a set is served, or would be with routes. */
export function isSetAccepted({ refused, listeners }: ParsedListenerSet): boolean {
  return refused === undefined && listeners.some(({ usable }) => usable);
}

/** What is said of a ListenerSet. */
export function judgeListenerSet(set: ParsedListenerSet, listeners: readonly ListenerStatus[]): ObjectStatus {
  const { object, refused } = set;
  const bad = set.listeners.filter((one) => !isFaultless(one));
  const accepted = refused ?? (bad.length === 0
    ? condition("Accepted", true, "Accepted", "The ListenerSet is valid")
    : condition("Accepted", isSetAccepted(set), "ListenersNotValid", `Not valid: ${bad.map(({ name }) => `listener "${name}"`).join(", ")}`));
  const programmed = accepted.status === "False" ? [condition("Programmed", false, accepted.reason, accepted.message)] : [];
  return { object, hosts: [], listens: true, conditions: [accepted, ...programmed], listeners };
}
