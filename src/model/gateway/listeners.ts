/** The listeners of one Gateway: which of them can be served, and what they take. */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { GATEWAY_GROUP, type ListenerSpec } from "../../source/gateway/kinds.ts";
import type { LabelSelectorShape } from "../../source/gateway/shared.ts";
import type { ReferenceGrant } from "../../source/objects.ts";
import { flatText } from "../../support/kept-text.ts";
import { listenerKey, type ListenerKey, type ListenerOwner } from "../shapes/listener-key.ts";
import { isGranted, routeParty } from "./grants.ts";
import { isSubdomain, normalHost } from "../grammar/host-name.ts";
import { condition, type StatusCondition } from "../shapes/object-status.ts";

export interface GatewayListener {
  /** What tells its hosts from others (shapes/host-key.ts). */
  readonly key: ListenerKey;
  /** Of the Gateway or the ListenerSet that declares it. */
  readonly namespace: string;
  readonly name: string;
  /** As it is compared; `_`: all names. */
  readonly hostname: string;
  readonly port: number;
  readonly protocol: string;
  /** Secrets that it asks for and may have, and those of them that hold a certificate (`namespace/name`). */
  readonly secrets: readonly string[];
  readonly certificates: readonly string[];
  /** Kinds of routes that may attach. */
  readonly kinds: readonly string[];
  readonly namespaces: { readonly from: string; readonly selector?: LabelSelectorShape };
  /** `Accepted`, `ResolvedRefs` and `Conflicted`, in this order. */
  readonly conditions: readonly StatusCondition[];
  /** False: it serves nothing. */
  readonly usable: boolean;
}

const OF_HTTP = ["HTTPRoute", "GRPCRoute"];
/** Kinds of routes that listeners of a protocol can serve. */
const KINDS: ReadonlyMap<string, readonly string[]> = new Map([["HTTP", OF_HTTP], ["HTTPS", OF_HTTP]]);

/** What a listener reads beside its Gateway. */
export interface ListenerLookup {
  /** Why a Secret holds no certificate that can be served; undefined: it does. */
  certificateProblem(key: string): string | undefined;
  /** The Secret is there, and held a certificate before: that one is served on. */
  hasFormer(key: string): boolean;
  /** The ReferenceGrants of a namespace. */
  grants(namespace: string): Iterable<ReferenceGrant>;
}

/** The listeners that a Gateway or a ListenerSet declares. Of two of a Gateway that are not distinct none is served; a set's are judged elsewhere. */
export function readListeners(owner: ListenerOwner, listeners: readonly ListenerSpec[], lookup: ListenerLookup): readonly GatewayListener[] {
  const conflicts = owner.kind === "Gateway" ? conflictsOf(listeners) : undefined;
  return listeners.flatMap((listener, index) => {
    const { name: section = "" } = listener;
    const firstOfName = listeners.findIndex((one) => one.name === section) === index;
    return firstOfName && isSubdomain(section) ? [readListener(owner, listener, conflicts?.get(listener), lookup)] : [];
  });
}

function readListener(owner: ListenerOwner, listener: ListenerSpec, conflict: StatusCondition | undefined, lookup: ListenerLookup): GatewayListener {
  const { namespace } = owner;
  const { name = "", hostname = "", port = 0, protocol = "", allowedRoutes = {} } = listener;
  const host = hostname === "" ? CATCH_ALL : normalHost(hostname);
  const able = KINDS.get(protocol) ?? [];
  const asked = (allowedRoutes.kinds ?? []).map(({ group = GATEWAY_GROUP, kind = "" }) => ({ group, kind }));
  const valid = asked.filter(({ group, kind }) => group === GATEWAY_GROUP && able.includes(kind));
  const kinds = asked.length === 0 ? able : [...new Set(valid.map(({ kind }) => kind))];
  const accepted = accept(listener, host !== undefined && port > 0);
  const odd = asked.find((one) => !valid.includes(one));
  const certified = protocol === "HTTPS" ? readCertificates(listener, owner, lookup) : { secrets: [] };
  const resolved = certified.problem ?? (odd === undefined || able.length === 0
    ? condition("ResolvedRefs", true, "ResolvedRefs", "All references are resolved")
    : condition("ResolvedRefs", false, "InvalidRouteKinds", `Listener "${name}" cannot take routes of the kind "${odd.kind}": allow ${able.join(", ")}`));
  const { from = "Same", selector } = allowedRoutes.namespaces ?? {};
  return {
    key: flatText(listenerKey(owner, name)), namespace, name, secrets: certified.secrets, certificates: certified.usable ?? [], hostname: host ?? CATCH_ALL, port, protocol, kinds,
    namespaces: { from, ...(selector === undefined ? {} : { selector }) },
    conditions: [accepted, resolved, conflict ?? condition("Conflicted", false, "NoConflicts", "No other listener stands in the way")],
    usable: accepted.status === "True" && conflict === undefined && kinds.length > 0 && (protocol !== "HTTPS" || (certified.usable ?? []).length > 0),
  };
}

interface Certified {
  readonly secrets: readonly string[];
  readonly usable?: readonly string[];
  /** `ResolvedRefs`, where some reference leads nowhere. */
  readonly problem?: StatusCondition;
}

/** A reference into another namespace is refused before its Secret is looked for, so that nobody finds out names. */
function readCertificates({ name, tls = {} }: ListenerSpec, { kind: from, namespace }: ListenerOwner, lookup: ListenerLookup): Certified {
  const { certificateRefs = [], mode = "Terminate" } = tls;
  const refuse = (reason: string, message: string): StatusCondition => condition("ResolvedRefs", false, reason, `Listener "${name}" ${message}`);
  if (mode !== "Terminate" || certificateRefs.length === 0) return { secrets: [], problem: refuse("InvalidCertificateRef", "needs tls.mode Terminate and tls.certificateRefs") };
  const problems: StatusCondition[] = [];
  const secrets: string[] = [];
  const usable: string[] = [];
  for (const { group = "", kind = "Secret", name: secret = "", namespace: where = namespace } of certificateRefs) {
    const key = `${where}/${secret}`;
    const to = { group, kind, namespace: where, name: secret };
    if (group !== "" || kind !== "Secret") problems.push(refuse("InvalidCertificateRef", `names a ${kind}, which is no certificate: name a Secret`));
    else if (!isGranted(routeParty(from, namespace), to, where === namespace ? [] : lookup.grants(where))) {
      problems.push(refuse("RefNotPermitted", `names a Secret of the namespace "${where}", which allows that to nobody of "${namespace}": create a ReferenceGrant there`));
    } else {
      secrets.push(key);
      const why = lookup.certificateProblem(key);
      if (why === undefined || lookup.hasFormer(key)) usable.push(key);
      if (why !== undefined) problems.push(refuse("InvalidCertificateRef", `names the Secret "${key}", which cannot be used: ${why}`));
    }
  }
  return { secrets, usable, ...(problems[0] ? { problem: problems[0] } : {}) };
}

function accept({ name, protocol = "", hostname = "", port }: ListenerSpec, valid: boolean): StatusCondition {
  if (!KINDS.has(protocol)) {
    return condition("Accepted", false, "UnsupportedProtocol", `Listener "${name}" is of the protocol "${protocol}": use ${[...KINDS.keys()].join(" or ")}`);
  }
  if (valid) return condition("Accepted", true, "Accepted", "The listener is valid");
  return condition("Accepted", false, "Invalid", port === undefined ? `Listener "${name}" names no port from 1 to 65535` : `"${hostname}" is not a host name`);
}

/** Whether a listener is valid and distinct, whatever its references lead to. */
export function isAdmitted({ conditions }: GatewayListener): boolean {
  return conditions.every(({ type, status }) => (type !== "Accepted" || status === "True") && (type !== "Conflicted" || status === "False"));
}

/** A listener that serves something, or would with routes. */
export function isFaultless({ usable, conditions }: GatewayListener): boolean {
  return usable && !conditions.some(isTrouble);
}

/** Conditions of a listener are as they should be when they are true, but for `Conflicted`. */
export function isTrouble({ type, status }: StatusCondition): boolean {
  return (status === "True") === (type === "Conflicted");
}

/** Protocols of one port that go together, by family. */
const FAMILIES: ReadonlyMap<string, string> = new Map([["HTTP", "http"], ["HTTPS", "tls"], ["TLS", "tls"]]);

type Distinct = Pick<ListenerSpec, "port" | "protocol" | "hostname">;

/** Protocols of one family go together on a port. */
export function familyOf({ protocol = "" }: Distinct): string {
  return FAMILIES.get(protocol) ?? protocol;
}

/** Protocols that there are not conflict with nothing. */
export function isServed({ protocol = "" }: Distinct): boolean {
  return KINDS.has(protocol);
}

/** Why two listeners are not distinct; undefined: they are. */
function conflictBetween(one: Distinct, other: Distinct): "ProtocolConflict" | "HostnameConflict" | undefined {
  if (one.port !== other.port || !isServed(other)) return undefined;
  if (familyOf(one) !== familyOf(other)) return "ProtocolConflict";
  return (one.hostname ?? "") === (other.hostname ?? "") ? "HostnameConflict" : undefined;
}

/** Of two listeners that cannot be told apart, none is served (Gateway API, distinct listeners). */
function conflictsOf(listeners: readonly ListenerSpec[]): ReadonlyMap<ListenerSpec, StatusCondition> {
  const found = new Map<ListenerSpec, StatusCondition>();
  for (const [port, ofPort] of Map.groupBy(listeners, (one) => one.port)) {
    for (const one of ofPort) {
      const others = ofPort.filter((other) => other !== one);
      const odd = others.find((other) => conflictBetween(one, other) === "ProtocolConflict");
      const same = others.find((other) => conflictBetween(one, other) === "HostnameConflict");
      if (odd) found.set(one, condition("Conflicted", true, "ProtocolConflict", `Listener "${odd.name}" has another protocol on port ${port}: give one of them another port`));
      else if (same) found.set(one, condition("Conflicted", true, "HostnameConflict", `Listener "${same.name}" has the same port and host name: give one of them another`));
    }
  }
  return found;
}
