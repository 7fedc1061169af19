/**
 * Listeners: the ports below http that are asked for, by the ConfigMaps of TCP and UDP services and, where no kube-proxy
 * is (objects from files), by Services themselves.
 *
 * ingress-nginx behaviour: `<namespace>/<service>:<port>[:PROXY[:PROXY]]` under the port's number, the first PROXY for
 * what clients send, the second for what the endpoints get. Unlike there, a listener stays while its Service is missing
 * or has no endpoint: its connections are closed, and nothing has to be reloaded when the first endpoint comes.
 */
import type { Settings } from "../../settings.ts";
import type { ConfigMap, Service, ServicePort } from "../../source/objects.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import { splitName } from "../../support/namespaced-name.ts";
import { printable } from "../../support/text.ts";
import type { Finding, Place } from "../findings/findings.ts";
import * as found from "../findings/streams.ts";
import type { Listener, StreamProtocol } from "../shapes/listener.ts";
import type { Origin } from "../shapes/routing.ts";

export type ListenerSettings = Pick<
  Settings,
  "manifests" | "tcpServicesConfigmap" | "udpServicesConfigmap" | "bindAddress" | "httpPort" | "httpsPort" | "healthzHost" | "healthzPort"
>;

/** A listener with the Service port that it leads to. */
export interface WantedListener {
  readonly listener: Listener;
  readonly place: Place;
  readonly namespace: string;
  readonly service: string;
  /** Number or name of the Service port. */
  readonly port: string;
  /** Connections of one client keep to their endpoint. */
  readonly sticky: boolean;
}

/**
 * All listeners that are asked for, by id. Of two for one port the first stays; ConfigMaps come before Services.
 * @param services keys of those that ask for listeners (`asksForListeners`), where Services may.
 */
export function wantedListeners(snapshot: Snapshot, settings: ListenerSettings, services: Iterable<string>, findings: Finding[]): Map<string, WantedListener> {
  const all = [
    ...ofConfigMap("tcp", settings.tcpServicesConfigmap, snapshot, findings),
    ...ofConfigMap("udp", settings.udpServicesConfigmap, snapshot, findings),
    ...ofServices(snapshot, services),
  ];
  const wanted = new Map<string, WantedListener>();
  for (const one of all) {
    const { listener, place } = one;
    const owner = wanted.get(listener.id) ?? reservedFor(listener, settings);
    if (owner === undefined) wanted.set(listener.id, one);
    else if (typeof owner === "string") findings.push(found.streamPortTaken(place, { port: portText(listener), by: owner }));
    else findings.push(found.streamPortTaken({ ...place, other: owner.place.object }, { port: portText(listener), by: placeText(owner.place) }));
  }
  return wanted;
}

/** As people name it: `TCP port 9000`. */
export function portText({ protocol, address, port }: Pick<Listener, "protocol" | "address" | "port">): string {
  return `${protocol.toUpperCase()} port ${port}${address === undefined ? "" : ` of ${address}`}`;
}

function placeText({ object, field }: Place): string {
  return `${object.kind} ${object.metadata.namespace}/${object.metadata.name} (${field})`;
}

/** The flag that has taken the listener's TCP port at its address; undefined: none. A flag for all addresses leaves none to others. */
function reservedFor({ protocol, address, port }: Listener, settings: ListenerSettings): string | undefined {
  if (protocol === "udp") return undefined;
  const { bindAddress, httpPort, httpsPort, healthzHost, healthzPort } = settings;
  const own: readonly (readonly [string, number, readonly string[]])[] = [
    ["--http-port", httpPort, bindAddress],
    ["--https-port", httpsPort, bindAddress],
    ["--healthz-port", healthzPort, healthzHost === "" ? [] : [healthzHost]],
  ];
  const flag = own.find(([, number, at]) => number === port && (address === undefined || at.length === 0 || at.includes("0.0.0.0") || at.includes(address)))?.[0];
  return flag === undefined ? undefined : `Sluice's own ${flag}`;
}

function ofConfigMap(protocol: StreamProtocol, flag: string, snapshot: Snapshot, findings: Finding[]): WantedListener[] {
  const name = splitName(flag);
  if (!name) return [];
  const object = snapshot.get("ConfigMap", name.namespace, name.name);
  if (!object || object.forbidden) {
    const missing: ConfigMap = { kind: "ConfigMap", metadata: name };
    findings.push(found.streamConfigMapMissing({ object: missing, field: "metadata.name" }, { flag: `--${protocol}-services-configmap`, protocol: protocol.toUpperCase() }));
    return [];
  }
  const keys = Object.keys(object.data ?? {}).sort((a, b) => Number(a) - Number(b));
  return keys.flatMap((key) => entry(protocol, object, key, findings) ?? []);
}

const ENTRY = /^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\/([a-z0-9](?:[-a-z0-9]*[a-z0-9])?):([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)(?::([^:]*))?(?::([^:]*))?$/;

function entry(protocol: StreamProtocol, object: ConfigMap, key: string, findings: Finding[]): WantedListener | undefined {
  const place: Place = { object, field: `data[${key}]` };
  const port = /^[0-9]{1,5}$/.test(key) ? Number(key) : 0;
  if (port < 1 || port > 65535) {
    findings.push(found.streamPortInvalid(place, { key: printable(key) }));
    return undefined;
  }
  const text = (object.data?.[key] ?? "").trim();
  const [, namespace, service, servicePort, accept = "", send = ""] = ENTRY.exec(text) ?? [];
  const words = [accept, send].filter((word) => word !== "");
  const bad = words.find((word) => word.toUpperCase() !== "PROXY");
  if (namespace === undefined || service === undefined || servicePort === undefined || bad !== undefined) {
    findings.push(found.streamEntryInvalid(place, { value: printable(text), port: portText({ protocol, port }) }));
    return undefined;
  }
  if (protocol === "udp" && words.length > 0) findings.push(found.streamProxyOverUdp(place, {}));
  const tcp = protocol === "tcp";
  return {
    listener: {
      id: `${protocol} ${port}`, protocol, port, acceptProxy: tcp && accept !== "", sendProxy: tcp && send !== "",
      service: `${namespace}/${service}:${servicePort}`, origin: originOf(place),
    },
    place, namespace, service, port: servicePort, sticky: false,
  };
}

function originOf({ object: { kind, metadata }, field }: Place): Origin {
  return { kind, namespace: metadata.namespace, name: metadata.name, field };
}

/** Listeners for node ports and cluster addresses, in the order of the Services' names. */
function ofServices(snapshot: Snapshot, keys: Iterable<string>): WantedListener[] {
  const services = snapshot.all("Service");
  return [...keys].sort().flatMap((key) => listenersOf(services.get(key)));
}

function listenersOf(service: Service | undefined): WantedListener[] {
  return service?.spec.ports?.flatMap((port, index) => ofServicePort(service, port, index)) ?? [];
}

/** Whether a Service that comes from a file has ports that are listened on. */
export function asksForListeners(service: Service | undefined): boolean {
  return listenersOf(service).length > 0;
}

/** Loopback addresses. No other cluster address is listened on: its connections may be meant for another machine. */
const LOOPBACK = /^127(?:\.[0-9]{1,3}){3}$/;

function ofServicePort(service: Service, port: ServicePort, index: number): WantedListener[] {
  const { spec: { type, clusterIP = "", sessionAffinity }, metadata: { namespace, name } } = service;
  const protocol = protocolOf(port);
  if (protocol === undefined || type === "ExternalName") return [];
  const wanted = (field: string, where: { readonly address?: string; readonly port: number }): WantedListener => {
    const place: Place = { object: service, field };
    const id = [protocol, where.address, where.port].filter((part) => part !== undefined).join(" ");
    const listener: Listener = { id, protocol, ...where, acceptProxy: false, sendProxy: false, service: `${namespace}/${name}:${port.port}`, origin: originOf(place) };
    return { listener, place, namespace, service: name, port: String(port.port), sticky: sessionAffinity === "ClientIP" };
  };
  const exposed = (type === "NodePort" || type === "LoadBalancer") && port.nodePort !== undefined;
  return [
    ...(exposed && port.nodePort !== undefined ? [wanted(`spec.ports[${index}].nodePort`, { port: port.nodePort })] : []),
    ...(LOOPBACK.test(clusterIP) ? [wanted(`spec.ports[${index}].port`, { address: clusterIP, port: port.port })] : []),
  ];
}

function protocolOf({ protocol = "TCP" }: ServicePort): StreamProtocol | undefined {
  return protocol === "TCP" ? "tcp" : protocol === "UDP" ? "udp" : undefined;
}
