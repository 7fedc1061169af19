/**
 * Endpoints that come from elsewhere than EndpointSlices: those that the flag --endpoint gives, and the stand-ins of `sluice demo`.
 */
import type { Settings } from "../../settings.ts";
import type { EndpointSlice, Service, ServicePort } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import { digestOf } from "../../support/digest.ts";
import type { Endpoint } from "../shapes/routing.ts";

/** The endpoints that --endpoint gives a Service port, in place of those in EndpointSlices. It gives none to UDP ports. */
export function givenEndpoints({ metadata }: Service, port: ServicePort, { endpoint }: Pick<Settings, "endpoint">): readonly Endpoint[] {
  if (endpoint.length === 0 || port.protocol === "UDP") return [];
  const key = keyOf(metadata.namespace, metadata.name);
  const isMeant = (name: string): boolean => name === "" || name === String(port.port) || name === port.name;
  return endpoint.flatMap((one) => (one.service === key && isMeant(one.port) ? one.endpoints : []));
}

/**
 * Where the stand-ins of a Service port answer: two addresses of loopback. They follow from the Service's name, so that
 * nothing has to be kept about them, and from this process, so that two demos keep apart. There are none where a slice
 * puts the Service on this machine: then the folder of manifests says what answers.
 */
export function standInsOf({ metadata, spec }: Service, { port, protocol = "TCP" }: ServicePort, slices: readonly EndpointSlice[]): readonly Endpoint[] {
  if (spec.type === "ExternalName" || slices.some(({ endpoints = [] }) => endpoints.some(({ addresses }) => addresses.some(isLoopback)))) return [];
  const bits = Number.parseInt(digestOf(`${metadata.namespace}/${metadata.name}/${protocol} ${port} ${process.pid}`).slice(0, 8), 16);
  // 127.64.0.2 to 127.127.255.255, and ports below those that the system gives to clients.
  const network = `127.${64 + (bits % 64)}.${(bits >>> 6) % 256}`;
  const last = 2 + 2 * ((bits >>> 14) % 126);
  const number = 20_000 + ((bits >>> 21) % 2000);
  return [last, last + 1].map((host) => ({ address: `${network}.${host}`, port: number }));
}

export function isLoopback(address: string): boolean {
  return address.startsWith("127.");
}
