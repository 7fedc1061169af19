/** All Gateways that are ours together: their addresses, their listeners, and where requests come in for them. */
import { GATEWAY_GROUP } from "../../source/gateway/kinds.ts";
import type { Gateway, GatewayClass, Secret } from "../../source/objects.ts";
import { keyOf, type Snapshot } from "../../source/snapshot.ts";
import { oncePer } from "../../support/once-per.ts";
import { flatText } from "../../support/kept-text.ts";
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { readSecretState } from "../secrets/certificates.ts";
import { ageOf, byGatewayAge } from "../shapes/age.ts";
import { frontId, type Front } from "../shapes/front.ts";
import { ownerOfListener } from "../shapes/listener-key.ts";
import { assignAddresses, type GatewayAddresses } from "./addresses.ts";
import { FEATURES_SERVED } from "./features.ts";
import { isSetAccepted, judgeListenerSet, parentOfSet, readListenerSets, type ParsedListenerSet } from "./listener-sets.ts";
import { isAdmitted, isFaultless, readListeners, type GatewayListener, type ListenerLookup } from "./listeners.ts";
import { condition, type ListenerStatus, type ObjectStatus, type StatusCondition } from "../shapes/object-status.ts";

export interface GatewaySettings {
  readonly gatewayController: string;
  readonly gatewayAddresses: readonly string[];
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Addresses that Ingresses have; empty: all. */
  readonly bindAddress: readonly string[];
  readonly enableSslPassthrough: boolean;
}

export interface ParsedGateway {
  readonly key: string;
  readonly object: Gateway;
  readonly listeners: readonly GatewayListener[];
  readonly addresses: GatewayAddresses;
  /** The ListenerSets that name it, the oldest first. */
  readonly sets: readonly ParsedListenerSet[];
}

/** Its own listeners and those of its sets. */
export function allListeners({ listeners, sets }: Pick<ParsedGateway, "listeners" | "sets">): readonly GatewayListener[] {
  return [...listeners, ...sets.flatMap((one) => one.listeners)];
}

/** A listener that another Gateway, or Ingresses, leave no room for. */
type Crowded = Map<GatewayListener, StatusCondition>;

export interface AllGateways {
  /** The GatewayClasses that are ours. */
  readonly classes: readonly ObjectStatus[];
  /** By `namespace/name`. */
  readonly gateways: ReadonlyMap<string, ParsedGateway>;
  readonly fronts: ReadonlyMap<string, Front>;
}

/**
 * The Gateways whose class is ours, and what they make of this machine's addresses and ports; the oldest has the first choice.
 * @param former Secrets (`namespace/name`) whose certificates were served before
 */
export function readGateways(snapshot: Snapshot, settings: GatewaySettings, former: ReadonlySet<string>): AllGateways {
  const lookup = lookupOf(snapshot, former);
  const ownClasses = [...snapshot.all("GatewayClass").values()].filter(({ spec }) => spec.controllerName === settings.gatewayController);
  const classes = new Set(ownClasses.map(({ metadata }) => metadata.name));
  const ours = [...snapshot.all("Gateway").values()]
    .filter(({ spec }) => classes.has(spec.gatewayClassName ?? ""))
    .map((object) => ({ object, age: ageOf(object) }))
    .sort((a, b) => byGatewayAge(a.age, b.age))
    .map(({ object }) => object);
  const addresses = assignAddresses(ours, settings.gatewayAddresses, settings.bindAddress);
  const crowded: Crowded = new Map();
  const sets = Map.groupBy(snapshot.all("ListenerSet").values(), parentOfSet);
  const labels = (namespace: string): Readonly<Record<string, string>> => snapshot.get("Namespace", "", namespace)?.metadata.labels ?? {};
  const read = ours.map((object): ParsedGateway => {
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const listeners = listenersOf(object, lookup);
    const given = addresses.get(object) ?? {};
    // A certificate that is missing is the affair of its listener alone.
    const refused = given.refused !== undefined || listeners.every((one) => !isAdmitted(one));
    return { key, object, listeners, addresses: given, sets: readListenerSets({ object, listeners, refused }, sets.get(key) ?? [], lookup, labels) };
  });
  const fronts = frontsOf(read, settings, crowded);
  const placed = (all: readonly GatewayListener[]): readonly GatewayListener[] => all.map((one) => withRoom(one, crowded));
  const gateways = read.map((one): ParsedGateway => ({ ...one, listeners: placed(one.listeners), sets: one.sets.map((set) => ({ ...set, listeners: placed(set.listeners) })) }));
  return { fronts, classes: ownClasses.map(judgeClass), gateways: new Map(gateways.map((one) => [one.key, one])) };
}

/** What is wrong with a Secret is found out once: reading a certificate takes a tenth of a millisecond. */
const problemOf = oncePer((secret: Secret) => ({ problem: readSecretState(secret, undefined).problem }));

function lookupOf(snapshot: Snapshot, former: ReadonlySet<string>): ListenerLookup {
  const grants = Map.groupBy(snapshot.all("ReferenceGrant").values(), ({ metadata }) => metadata.namespace);
  return {
    certificateProblem(key) {
      const secret = snapshot.all("Secret").get(key);
      return secret ? problemOf(secret).problem : "it does not exist";
    },
    hasFormer: (key) => former.has(key) && snapshot.all("Secret").has(key),
    grants: (namespace) => grants.get(namespace) ?? [],
  };
}

/** A Gateway that this code cannot cope with has no listener, and stops nobody else's. */
function listenersOf(object: Gateway, lookup: ListenerLookup): readonly GatewayListener[] {
  try {
    const { metadata: { namespace, name }, spec: { listeners = [] } } = object;
    return readListeners({ kind: "Gateway", namespace, name }, listeners, lookup);
  } catch {
    return [];
  }
}

/** Without inherited keys. */
function noListeners(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}

type Fronts = Map<string, Front & { readonly listeners: Record<string, string>; readonly gateways: string[] }>;

/** What a listener wants, and for which Gateway. */
interface Claim {
  readonly gateway: ParsedGateway;
  readonly listener: GatewayListener;
}

/** Listeners of Gateways come first, by the age of the Gateway; then those of ListenerSets, by the age of the set: nobody takes by a set what a Gateway has. */
function claimsOf(gateways: readonly ParsedGateway[]): readonly Claim[] {
  const own = gateways.flatMap((gateway) => gateway.listeners.map((listener) => ({ gateway, listener })));
  const sets = gateways.flatMap((gateway) => gateway.sets.map((set) => ({ gateway, set, age: ageOf(set.object) }))).sort((a, b) => byGatewayAge(a.age, b.age));
  return [...own, ...sets.flatMap(({ gateway, set }) => set.listeners.map((listener) => ({ gateway, listener })))].filter(({ listener }) => listener.usable);
}

function frontsOf(gateways: readonly ParsedGateway[], settings: GatewaySettings, crowded: Crowded): ReadonlyMap<string, Front> {
  const fronts: Fronts = new Map();
  const served = gateways.filter(({ addresses: { refused, unusable } }) => !refused && !unusable);
  for (const { key, object: { metadata: { namespace, name } }, addresses: { own = [] } } of served) {
    for (const address of own) {
      const id = frontId(address);
      fronts.set(id, fronts.get(id) ?? { id, address, port: 0, https: false, listeners: noListeners(), gateways: [key], origin: { kind: "Gateway", namespace, name, field: "spec.addresses" } });
    }
  }
  // Whether TLS ends at a port: one socket has the requests of all addresses.
  const spoken = new Map([[settings.httpPort, false], [settings.httpsPort, true]]);
  for (const claim of claimsOf(served)) {
    const why = whyNoPort(claim, spoken, settings) ?? seat(claim, fronts);
    if (why === undefined) spoken.set(claim.listener.port, claim.listener.protocol === "HTTPS");
    else crowded.set(claim.listener, condition("Accepted", false, "PortUnavailable", `Listener "${claim.listener.name}"${why}`));
  }
  return fronts;
}

/** Why a listener cannot have its port, the end of a sentence. */
function whyNoPort({ gateway: { addresses: { own } }, listener }: Claim, spoken: ReadonlyMap<number, boolean>, settings: GatewaySettings): string | undefined {
  const { port, protocol } = listener;
  const https = protocol === "HTTPS";
  if (own === undefined && isIngress(listener, settings)) return ` wants all names at port ${port}, which Ingresses have: give it a host name, or Gateways addresses of their own (--gateway-addresses)`;
  if (https && settings.enableSslPassthrough && port === settings.httpsPort) return `: with --enable-ssl-passthrough port ${port} cannot be a Gateway's: give it another`;
  return spoken.get(port) === !https ? `: port ${port} is one of ${https ? "http" : "https"} here: give it another` : undefined;
}

/** Puts a listener where its Gateway is reached. Gives the end of a sentence where another has its name there. */
function seat({ gateway: { key, addresses: { own } }, listener }: Claim, fronts: Fronts): string | undefined {
  let why: string | undefined;
  for (const address of own ?? [undefined]) {
    const id = frontId(address, listener.port);
    const { kind, namespace, name } = ownerOfListener(listener.key);
    const front = fronts.get(id) ?? {
      id, ...(address === undefined ? {} : { address }), port: listener.port, https: listener.protocol === "HTTPS", listeners: noListeners(), gateways: [], origin: { kind, namespace, name, field: "spec.listeners" },
    };
    if (front.listeners[listener.hostname] !== undefined) {
      why = ": another Gateway, or a ListenerSet of one, has its port and host name before: give it another, or the Gateway an address of its own";
      continue;
    }
    fronts.set(id, front);
    if (!front.gateways.includes(key)) front.gateways.push(key);
    front.listeners[listener.hostname] = listener.key;
  }
  return why;
}

function isIngress({ hostname, port }: GatewayListener, { httpPort, httpsPort }: GatewaySettings): boolean {
  return hostname === CATCH_ALL && (port === httpPort || port === httpsPort);
}

function withRoom(listener: GatewayListener, crowded: Crowded): GatewayListener {
  const why = crowded.get(listener);
  return why ? { ...listener, usable: false, conditions: listener.conditions.map((one) => (one.type === "Accepted" ? why : one)) } : listener;
}

function judgeClass(object: GatewayClass): ObjectStatus {
  const accepted = object.spec.parametersRef
    ? condition("Accepted", false, "InvalidParameters", "spec.parametersRef is not supported: remove it")
    : condition("Accepted", true, "Accepted", "The class is served");
  return { object, hosts: [], conditions: [accepted], features: FEATURES_SERVED };
}

/** What is said of a Gateway. @param attached how many routes attach to a listener */
export function judgeGateway({ object, listeners, sets, addresses }: ParsedGateway, attached: (listener: string) => number): ObjectStatus {
  const { own, refused, unusable } = addresses;
  const bad = listeners.filter((one) => !isFaultless(one));
  const none = allListeners({ listeners, sets }).every(({ usable }) => !usable);
  const accepted = refused ?? (bad.length === 0 && listeners.length > 0
    ? condition("Accepted", true, "Accepted", "The Gateway is valid")
    : condition("Accepted", !none, "ListenersNotValid", listeners.length === 0 ? "The Gateway has no listener" : `Not valid: ${bad.map(({ name }) => `listener "${name}"`).join(", ")}`));
  return {
    object, hosts: [], listens: true,
    conditions: [accepted, ...(unusable ? [unusable] : [])],
    addresses: unusable || refused ? [] : (own ?? []).slice(0, MOST_ADDRESSES).map((value) => ({ type: "IPAddress", value })),
    attachedListenerSets: sets.filter(isSetAccepted).length,
    listeners: statusOf(listeners, addresses, attached),
  };
}

/** What is said of one of a Gateway's ListenerSets. @param key `namespace/name` */
export function judgeSet({ sets, addresses }: ParsedGateway, key: string, attached: (listener: string) => number): ObjectStatus | undefined {
  const set = sets.find((one) => one.key === key);
  return set && judgeListenerSet(set, statusOf(set.listeners, addresses, attached));
}

function statusOf(listeners: readonly GatewayListener[], { own, refused, unusable }: GatewayAddresses, attached: (listener: string) => number): readonly ListenerStatus[] {
  return listeners.map((listener) => ({
    name: listener.name,
    supportedKinds: listener.kinds.map((kind) => ({ group: GATEWAY_GROUP, kind })),
    attachedRoutes: attached(listener.key),
    conditions: listener.conditions,
    front: listener.usable && !refused && !unusable ? flatText(own?.[0] ?? "*", " ", String(listener.port)) : undefined,
  }));
}

/** GatewayStatus.addresses: more are refused by the API server. */
export const MOST_ADDRESSES = 16;
