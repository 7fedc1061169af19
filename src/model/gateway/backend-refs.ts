/** Backends that routes refer to: Services, in the route's namespace or where a ReferenceGrant allows it. */
import type { BackendReference } from "../../source/gateway/shared.ts";
import type { ReferenceGrant, Service, ServicePort } from "../../source/objects.ts";
import type { Protocol } from "../shapes/routing.ts";
import { isGranted, type Party } from "./grants.ts";
import { condition, type StatusCondition } from "../shapes/object-status.ts";

/** Looks objects up, and notes each, whether or not it exists: that is how an object that appears later wakes the route. */
export interface RouteLookup {
  service(namespace: string, name: string): Service | undefined;
  /** The ReferenceGrants of a namespace. */
  grants(namespace: string): Iterable<ReferenceGrant>;
}

export interface ResolvedBackend {
  readonly namespace: string;
  readonly service: string;
  readonly port: string;
  readonly protocol: Extract<Protocol, "HTTP" | "GRPC">;
}

/** The Service port that a reference names; or why it cannot be used, as `ResolvedRefs`. @param field where the reference is written */
export function resolveBackend(ref: BackendReference, from: Party, field: string, lookup: RouteLookup): ResolvedBackend | StatusCondition {
  const { group = "", kind = "Service", name = "", namespace = from.namespace, port } = ref;
  const refuse = (reason: string, message: string): StatusCondition => condition("ResolvedRefs", false, reason, `${field} ${message}`);
  if (group !== "" || kind !== "Service") return refuse("InvalidKind", `names a ${group === "" ? kind : `${group}/${kind}`}, which cannot be a backend: name a Service`);
  if (!isGranted(from, { group, kind, namespace, name }, namespace === from.namespace ? [] : lookup.grants(namespace))) {
    return refuse("RefNotPermitted", `names a Service of the namespace "${namespace}", which allows that to nobody of "${from.namespace}": create a ReferenceGrant there`);
  }
  const service = lookup.service(namespace, name);
  if (!service) return refuse("BackendNotFound", `names the Service "${namespace}/${name}", which does not exist: create it or correct the name`);
  const found = (service.spec.ports ?? []).find((one) => one.port === port);
  if (!found) {
    const ports = (service.spec.ports ?? []).map((one) => one.port).join(", ");
    return refuse("BackendNotFound", `names ${port === undefined ? "no port" : `port ${port}`} of the Service "${namespace}/${name}"${ports === "" ? "" : `, which has ${ports}`}`);
  }
  const protocol = protocolOf(found, from.kind);
  if (protocol === undefined) return refuse("UnsupportedProtocol", `names a port of the Service "${namespace}/${name}" that speaks ${found.appProtocol}, which no ${from.kind} can be served by: name another port or correct its appProtocol`);
  return { namespace, service: name, port: String(port), protocol };
}

/**
 * What a backend is spoken to in: HTTP/2 without TLS is what gRPC is, too. WebSockets are HTTP/1.1; over TLS only where a policy asks for it. Other
 * protocols (KEP-3726 leaves them to whoever names them) change nothing. Undefined: no route of this kind can be served.
 */
function protocolOf({ appProtocol }: ServicePort, kind: string): ResolvedBackend["protocol"] | undefined {
  if (kind === "GRPCRoute") return appProtocol === "kubernetes.io/ws" || appProtocol === "kubernetes.io/wss" ? undefined : "GRPC";
  return appProtocol === "kubernetes.io/h2c" ? "GRPC" : "HTTP";
}
