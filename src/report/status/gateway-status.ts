/**
 * The status of a GatewayClass, Gateway or route: what the Model says of it, and whether it is served, put into what is stored already.
 *
 * Guarantees: entries and conditions of others stay as they are, and in their order; the time of a condition moves only when its status does;
 * the generation that is named is the one that was read.
 * Source: Gateway API, "Status"; Kubernetes API conventions, "Typical status properties".
 */
import { isDeepStrictEqual } from "node:util";
import type { ListenerStatus, ObjectStatus, ParentStatus, StatusCondition } from "../../model/shapes/object-status.ts";
import { MOST_ADDRESSES } from "../../model/gateway/gateways.ts";
import { condition } from "../../model/shapes/object-status.ts";
import { fields } from "../../source/kubernetes/trim.ts";
import type { StatusChange } from "./status-requests.ts";

/** Whether two versions of an object differ in their status or metadata alone: the API server counts `generation` up with every change of the spec. */
export function sameGeneration(a: ObjectStatus["object"], b: ObjectStatus["object"]): boolean {
  return a.metadata.uid !== undefined && a.metadata.uid === b.metadata.uid && a.metadata.generation === b.metadata.generation;
}

export interface StatusFacts {
  readonly controller: string;
  /** nginx serves this version of the object, as far as it is valid. */
  readonly programmed: boolean;
  /** Keys of fronts (`Front.id`) whose port cannot be opened. */
  readonly blocked: ReadonlySet<string>;
  /** Addresses of a Gateway that has none of its own. */
  readonly shared: readonly { readonly type: string; readonly value: string }[];
  /** RFC 3339. */
  readonly now: string;
}

type Entry = Readonly<Record<string, unknown>>;

/** The types that are ours to write, also where they do not hold any more. */
const OWN_TYPES = {
  object: ["Accepted", "Programmed"],
  listener: ["Accepted", "Programmed", "ResolvedRefs", "Conflicted"],
  parent: ["Accepted", "ResolvedRefs", "PartiallyInvalid", "sluice.ingress/Programmed"],
} as const;

/** The fields that the status should have. Fields of others are not among them. */
export function gatewayStatus(said: ObjectStatus, facts: StatusFacts): StatusChange {
  const { object, conditions, listeners, parents, features } = said;
  const stored = fields(object.status);
  const generation = object.metadata.generation ?? 0;
  const writing = { ...facts, generation };
  if (parents) return { parents: mergedParents(entries(stored["parents"]), parents, writing) };
  if (listeners) {
    const addresses = said.addresses?.length === 0 ? facts.shared : said.addresses;
    const all = [...conditions.filter(({ type }) => type !== "Programmed"), gatewayProgrammed(said, facts, addresses === undefined || addresses.length > 0)];
    return {
      ...(addresses === undefined ? {} : { addresses: addresses.slice(0, MOST_ADDRESSES).map((one) => ({ ...one })) }),
      // Releases of the API before there were ListenerSets do not keep the field.
      ...(said.attachedListenerSets === 0 && stored["attachedListenerSets"] === undefined ? {} : said.attachedListenerSets === undefined ? {} : { attachedListenerSets: said.attachedListenerSets }),
      conditions: mergedConditions(entries(stored["conditions"]), all, OWN_TYPES.object, writing),
      listeners: listeners.map((one) => mergedListener(entries(stored["listeners"]).find(({ name }) => name === one.name), one, writing)),
    };
  }
  return {
    conditions: mergedConditions(entries(stored["conditions"]), conditions, OWN_TYPES.object, writing),
    ...(features ? { supportedFeatures: features.map((name) => ({ name })) } : {}),
  };
}

const BLOCKED = "The port cannot be opened on this machine; it is tried again";

interface Writing extends StatusFacts {
  readonly generation: number;
}

function gatewayProgrammed({ conditions, listeners = [] }: ObjectStatus, { programmed, blocked }: StatusFacts, hasAddress: boolean): StatusCondition {
  const given = conditions.find(({ type }) => type === "Programmed");
  if (given) return given;
  if (conditions.some(({ type, status }) => type === "Accepted" && status === "False")) return condition("Programmed", false, "Invalid", "The Gateway is not valid");
  if (!hasAddress) return condition("Programmed", false, "AddressNotAssigned", "No address is known yet");
  if (!programmed) return condition("Programmed", false, "Pending", "Not every worker has it yet");
  return listeners.some(({ front }) => front !== undefined && !blocked.has(front))
    ? condition("Programmed", true, "Programmed", "Every worker serves it")
    : condition("Programmed", false, "Invalid", "No listener can be served");
}

function mergedListener(stored: Entry | undefined, { name, supportedKinds, attachedRoutes, conditions, front }: ListenerStatus, writing: Writing): Entry {
  const valid = conditions.every(({ type, status }) => type !== "ResolvedRefs" || status === "True" || front !== undefined);
  const given = conditions.find(({ type }) => type === "Programmed");
  const programmed = given ?? (front === undefined || !valid
    ? condition("Programmed", false, "Invalid", "The listener is not valid")
    : writing.blocked.has(front)
    ? condition("Programmed", false, "Pending", BLOCKED)
    : condition("Programmed", writing.programmed, writing.programmed ? "Programmed" : "Pending", writing.programmed ? "Every worker serves it" : "Not every worker has it yet"));
  return {
    ...stored, name, supportedKinds: supportedKinds.map((one) => ({ ...one })), attachedRoutes,
    conditions: mergedConditions(entries(stored?.["conditions"]), [...conditions.filter((one) => one !== given), programmed], OWN_TYPES.listener, writing),
  };
}

/** Entries of ours whose reference is gone are removed; new ones follow all others. */
function mergedParents(stored: readonly Entry[], parents: readonly ParentStatus[], writing: Writing): readonly Entry[] {
  const isOurs = ({ controllerName }: Entry): boolean => controllerName === writing.controller;
  const of = (parent: ParentStatus, before: Entry | undefined): Entry => ({
    ...before, parentRef: parent.parentRef, controllerName: writing.controller,
    conditions: mergedConditions(entries(before?.["conditions"]), [...parent.conditions, routeProgrammed(parent, writing)], OWN_TYPES.parent, writing),
  });
  const fitting = (entry: Entry): ParentStatus | undefined => parents.find(({ parentRef }) => isDeepStrictEqual(parentRef, entry["parentRef"]));
  const kept = stored.flatMap((entry) => {
    if (!isOurs(entry)) return [entry];
    const parent = fitting(entry);
    return parent ? [of(parent, entry)] : [];
  });
  const known = new Set(stored.filter(isOurs).flatMap((entry) => fitting(entry) ?? []));
  return [...kept, ...parents.filter((one) => !known.has(one)).map((one) => of(one, undefined))];
}

function routeProgrammed({ hosts, fronts }: ParentStatus, { programmed, blocked }: Writing): StatusCondition {
  const type = "sluice.ingress/Programmed";
  if (hosts.length === 0) return condition(type, false, "NotServed", "No listener serves the route");
  if (fronts.every((one) => blocked.has(one))) return condition(type, false, "Pending", BLOCKED);
  return programmed ? condition(type, true, "Programmed", "Every worker serves it") : condition(type, false, "Pending", "Not every worker has it yet");
}

function mergedConditions(stored: readonly Entry[], wanted: readonly StatusCondition[], own: readonly string[], { generation, now }: Writing): readonly Entry[] {
  const made = (one: StatusCondition): Entry => {
    const before = stored.find(({ type }) => type === one.type);
    const since = before?.["status"] === one.status && typeof before["lastTransitionTime"] === "string" ? before["lastTransitionTime"] : now;
    return { type: one.type, status: one.status, reason: one.reason, message: one.message.slice(0, MOST_MESSAGE), observedGeneration: generation, lastTransitionTime: since };
  };
  const kept = stored.flatMap((entry) => {
    const one = wanted.find(({ type }) => type === entry["type"]);
    if (one) return [made(one)];
    return own.includes(String(entry["type"])) ? [] : [entry];
  });
  const known = new Set(stored.map(({ type }) => type));
  return [...kept, ...wanted.filter(({ type }) => !known.has(type)).map(made)];
}

/** metav1.Condition: longer messages are refused. */
const MOST_MESSAGE = 32_768;

function entries(value: unknown): readonly Entry[] {
  return Array.isArray(value) ? value.map((one: unknown) => fields(one)) : [];
}
