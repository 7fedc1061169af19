/** Manifests of ports below http. */
import { documents } from "./manifests.ts";

export interface ServiceOptions {
  readonly protocol?: "TCP" | "UDP";
  /** Port of the Service; 7 by default. */
  readonly port?: number;
  /** More fields of the Service's spec, and of its one port. */
  readonly spec?: object;
  readonly portFields?: object;
}

/** A Service of namespace `net` with one port, and an EndpointSlice per endpoint on 127.0.0.1. */
export function streamService(name: string, endpoints: readonly number[], { protocol = "TCP", port = 7, spec = {}, portFields = {} }: ServiceOptions = {}): string {
  const service = {
    apiVersion: "v1", kind: "Service", metadata: { name, namespace: "net" },
    spec: { ...spec, ports: [{ port, protocol, ...portFields }] },
  };
  const slices = endpoints.map((number, index) => ({
    apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice",
    metadata: { name: `${name}-${index}`, namespace: "net", labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4", ports: [{ port: number, protocol }], endpoints: [{ addresses: ["127.0.0.1"] }],
  }));
  return documents(service, ...slices);
}

/** The ConfigMap `sluice/tcp` or `sluice/udp`: port → entry. */
export function services(protocol: "tcp" | "udp", data: Readonly<Record<number, string>>): string {
  return documents({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: protocol, namespace: "sluice" }, data });
}

export const STREAM_FLAGS = ["--tcp-services-configmap=sluice/tcp", "--udp-services-configmap=sluice/udp"];

/** For `skip`: what this machine lacks to serve ports below http, printed loudly too; false: nothing. */
export function withoutStream(modules: readonly string[] | undefined): string | false {
  if (modules) return false;
  const why = "nginx has no stream modules: install libnginx-mod-stream and libnginx-mod-stream-js";
  process.stderr.write(`SKIPPED: ${why}\n`);
  return why;
}
