/**
 * Pools: the ready endpoints of one Service port, from the Service, its EndpointSlices and DNS.
 *
 * ingress-nginx behaviour for choosing ports (Service port number, then targetPort text, then port name; slice port by
 * name, then numeric targetPort). Unlike there, a slice belongs to its Service by label alone, whatever its name.
 */
import { isIP } from "node:net";
import type { EndpointSlice, Service, ServicePort, SliceEndpoint } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import * as found from "../findings/catalogue.ts";
import { MOST_ENDPOINTS } from "../shapes/bounds.ts";
import { targetOf } from "../shapes/pool-id.ts";
import type { Endpoint } from "../shapes/routing.ts";
import { externalEndpoints, targetEndpoints } from "./external-name.ts";
import { givenEndpoints, standInsOf } from "./given-endpoints.ts";
import { nothing, serviceInName } from "./pool.ts";
import type { BackendSettings, BuiltPool, Explain, PoolProblem, PoolTarget } from "./pool.ts";

/** The endpoints of a pool; and, where there are none or not those that were asked for, a finding for each field that refers to it. */
export function buildPool(target: PoolTarget, snapshot: Snapshot, settings: BackendSettings): BuiltPool {
  const named = targetOf(target.id);
  if (named) {
    const own = serviceInName(named.name, settings);
    if (!own || !snapshot.get("Service", own.namespace, own.service)) return targetEndpoints(named.name, named.port, snapshot, settings);
    return buildPool({ id: "", ...own, port: String(named.port), clusterIp: false, protocol: "TCP" }, snapshot, settings);
  }
  const { namespace, service: name, port } = target;
  if (name === "") return { endpoints: [] };
  const service = snapshot.get("Service", namespace, name);
  if (!service) return nothing("name", (place, effect) => found.serviceMissing(place, { service: name, namespace, effect }));
  if (service.spec.type === "ExternalName") return externalEndpoints(service, port, snapshot, settings);
  const servicePort = choosePort(service, port, target.protocol);
  if (!servicePort) {
    const ports = (service.spec.ports ?? []).map(portText);
    return nothing("port", (place, effect) => found.servicePortMissing(place, { service: name, port: port ?? "", ports, effect }));
  }
  const slices = snapshot.slicesOf(namespace, name);
  const given = givenEndpoints(service, servicePort, settings);
  const instead = given.length > 0 || !settings.standIns ? given : standInsOf(service, servicePort, slices);
  if (instead.length > 0) return { endpoints: instead };
  if (target.clusterIp && isIP(service.spec.clusterIP ?? "") !== 0) {
    return { endpoints: [{ address: service.spec.clusterIP ?? "", port: servicePort.port }] };
  }
  const endpoints = readyEndpoints(slices, servicePort, target.protocol ?? "TCP", zoneFor(service, snapshot, settings));
  if (endpoints.length > MOST_ENDPOINTS) return firstOf(name, endpoints);
  if (endpoints.length > 0) return target.clusterIp ? withoutClusterIp(name, endpoints) : { endpoints };
  if (service.origin) return nothing("name", noEndpointInFiles(service, servicePort, port ?? portText(servicePort), slices));
  return nothing("name", (place, effect) => found.noEndpoints(place, { service: name, port: port ?? portText(servicePort), effect }));
}

/** No cluster makes EndpointSlices for Services that come from files, so the finding says what to write. */
function noEndpointInFiles({ metadata }: Service, port: ServicePort, asked: string, slices: readonly EndpointSlice[]): Explain {
  const { namespace, name } = metadata;
  const number = typeof port.targetPort === "number" ? port.targetPort : port.port;
  const params = {
    service: name, port: asked, slices: slices.map((one) => one.metadata.name),
    slice: sliceText(metadata, port, number), flag: `${keyOf(namespace, name)}=127.0.0.1:${number}`,
  };
  return (place, effect) => found.noEndpointsInFiles(place, { ...params, effect });
}

/** A slice for this port with an endpoint on this machine, as YAML on one line. */
function sliceText({ namespace, name }: Service["metadata"], { name: portName, protocol = "TCP" }: ServicePort, number: number): string {
  const port = [...(portName ? [`name: ${yamlText(portName)}`] : []), `port: ${number}`, ...(protocol === "TCP" ? [] : [`protocol: ${protocol}`])].join(", ");
  const metadata = `name: ${yamlText(`${name}-1`)}, namespace: ${yamlText(namespace)}, labels: {kubernetes.io/service-name: ${yamlText(name)}}`;
  return `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {${metadata}}, addressType: IPv4, ports: [{${port}}], endpoints: [{addresses: [127.0.0.1]}]}`;
}

/** In quotes where YAML could take it for something else than text. */
function yamlText(text: string): string {
  return /^[a-z][a-z0-9.-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/.test(text) ? text : JSON.stringify(text);
}

function firstOf(service: string, endpoints: readonly Endpoint[]): BuiltPool {
  const problem: PoolProblem = ({ object, field }) => found.endpointsExhausted({ object, field: `${field}.name` }, { service, count: endpoints.length, most: MOST_ENDPOINTS });
  return { endpoints: endpoints.slice(0, MOST_ENDPOINTS), problem };
}

/** ingress-nginx behaviour: where a Service has no ClusterIP, its pods get the requests. */
function withoutClusterIp(service: string, endpoints: readonly Endpoint[]): BuiltPool {
  const problem: PoolProblem = ({ object, field }) => found.clusterIpMissing({ object, field: `${field}.name` }, { service, why: "has none" });
  return { endpoints, problem };
}

function portText({ name, port }: ServicePort): string {
  return name ? `${port} (${name})` : String(port);
}

/** The first port whose number, targetPort or name is this text; without a text the first. */
function choosePort({ spec }: Service, text: string | undefined, protocol: string | undefined): ServicePort | undefined {
  if (text === undefined) return spec.ports?.[0];
  if (protocol !== undefined) {
    return spec.ports?.find((one) => (one.protocol ?? "TCP") === protocol && (String(one.port) === text || one.name === text));
  }
  return spec.ports?.find(({ port, targetPort, name }) => {
    return String(port) === text || (targetPort !== undefined && String(targetPort) === text) || name === text;
  });
}

/**
 * Endpoints that are ready; when there is none, those that still serve while they terminate. A rollout whose old pods
 * are all on their way out before a new one is ready then answers instead of failing, as kube-proxy has it.
 */
function readyEndpoints(slices: readonly EndpointSlice[], port: ServicePort, protocol: string, zone: string | undefined): readonly Endpoint[] {
  const near = zone === undefined ? [] : collect(slices, port, protocol, (one) => isReady(one) && isFor(zone, one));
  // As in kube-proxy, hints count only when every ready endpoint has one, and when they leave at least one endpoint.
  if (near.length > 0 && slices.every(({ endpoints = [] }) => endpoints.every((one) => !isReady(one) || (one.hints?.forZones ?? []).length > 0))) return near;
  const ready = collect(slices, port, protocol, isReady);
  return ready.length > 0 ? ready : collect(slices, port, protocol, isServingWhileTerminating);
}

/** The annotations (with the value `auto`) and the values of trafficDistribution with which a Service asks that requests stay in their zone. */
const TOPOLOGY_ANNOTATIONS = ["service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"];
const CLOSE: ReadonlySet<string | undefined> = new Set(["PreferClose", "PreferSameZone"]);
const ZONE_LABEL = "topology.kubernetes.io/zone";

/** The zone of this controller's node, where the flag and the Service ask for it. */
function zoneFor({ metadata, spec }: Service, snapshot: Snapshot, { enableTopologyAwareRouting }: BackendSettings): string | undefined {
  if (!enableTopologyAwareRouting) return undefined;
  const asks = CLOSE.has(spec.trafficDistribution) || TOPOLOGY_ANNOTATIONS.some((name) => metadata.annotations?.[name]?.toLowerCase() === "auto");
  const [node] = asks ? snapshot.all("Node").values() : [];
  return node?.metadata.labels?.[ZONE_LABEL];
}

function isFor(zone: string, { hints }: SliceEndpoint): boolean {
  return hints?.forZones?.some(({ name }) => name === zone) ?? false;
}

/** EndpointSlice API: absent `ready` means yes. But an endpoint that terminates, and does not say that it is ready, is not. */
function isReady({ conditions }: SliceEndpoint): boolean {
  return conditions?.ready ?? conditions?.terminating !== true;
}

function isServingWhileTerminating({ conditions }: SliceEndpoint): boolean {
  return conditions?.serving === true && conditions.terminating === true;
}

function collect(slices: readonly EndpointSlice[], port: ServicePort, protocol: string, wanted: (one: SliceEndpoint) => boolean): readonly Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    const ports = slicePorts(slice, port, protocol);
    if (ports.length === 0) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (!wanted(endpoint)) continue;
      for (const address of endpoint.addresses) {
        // Slices of address type FQDN are deprecated in the API, and nothing resolves their names.
        if (isIP(address) === 0) continue;
        for (const number of ports) found.set(`${address} ${number}`, { address, port: number });
      }
    }
  }
  return [...found.values()].sort(byAddress);
}

function byAddress(a: Endpoint, b: Endpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.port - b.port;
}

/** The numbers that a Service port has in a slice, for one protocol; by name, else the numeric targetPort. */
function slicePorts(slice: EndpointSlice, { name, port, targetPort = port }: ServicePort, wanted: string): readonly number[] {
  const fallback = typeof targetPort === "number" ? [targetPort] : [];
  const all = slice.ports ?? [];
  if (all.length === 0) return fallback;
  const spoken = all.filter(({ protocol = "TCP" }) => protocol === wanted);
  if (spoken.length === 0) return [];
  const named = name ? spoken.filter((one) => one.name === name) : spoken;
  const numbers = named.flatMap((one) => one.port ?? []);
  return numbers.length > 0 ? numbers : fallback;
}
