/**
 * What a pool is: its id, what it stands for, and why it may have no endpoints.
 */
import { DEFAULT_BACKEND } from "../../../edge/src/program.ts";
import type { Settings } from "../../settings.ts";
import type { Finding, Named, Place } from "../findings/findings.ts";
import { flatText } from "../../support/kept-text.ts";
import { CLUSTER_IP } from "../shapes/pool-id.ts";
import type { Endpoint, Pool } from "../shapes/routing.ts";

export type BackendSettings = Pick<
  Settings, "manifests" | "endpoint" | "standIns" | "disableSvcExternalName" | "enableTopologyAwareRouting" | "allowLocalTargets" | "defaultBackendService"
>;

/** A field that sends requests to a pool. */
export interface PoolReference {
  readonly pool: string;
  readonly object: Named;
  /** Field of the Service: `spec.rules[0].http.paths[1].backend.service`. */
  readonly field: string;
  /** What becomes of the requests when the pool has no endpoint. */
  readonly effect: string;
  /** Severity of a finding about that; absent: the finding's own. */
  readonly severity?: "warning" | "info";
}

/** What a pool stands for. `port` undefined: the Service's first. */
export interface PoolTarget {
  readonly id: string;
  readonly namespace: string;
  readonly service: string;
  readonly port: string | undefined;
  /** The Service's own address instead of its pods'. */
  readonly clusterIp: boolean;
  /** Given: `port` is the number or name of a Service port of this protocol. Absent: `port` is as Ingresses write it, and TCP. */
  readonly protocol?: "TCP" | "UDP";
}

/** Why a pool has no endpoint, said once for each field that refers to it. */
export type PoolProblem = (reference: PoolReference) => Finding;

export interface BuiltPool {
  readonly endpoints: readonly Endpoint[];
  readonly problem?: PoolProblem;
  /** DNS name whose addresses the pool takes. */
  readonly name?: string;
}

/**
 * The Service that a name means in a cluster's DNS: `web.shop.svc.cluster.local`, `web.shop.svc`, `web.shop`. Only where
 * objects come from files, because no DNS server knows those. The Service need not exist.
 */
export function serviceInName(name: string, { manifests }: BackendSettings): { readonly namespace: string; readonly service: string } | undefined {
  const [, service, namespace] = /^([a-z0-9-]+)\.([a-z0-9-]+)(?:\.svc(?:\.[a-z0-9.-]+)?)?\.?$/.exec(manifests.length > 0 ? name : "") ?? [];
  return service === undefined || namespace === undefined ? undefined : { namespace, service };
}

/** The reverse of `poolId`; Kubernetes names hold no slash. The default backend's Service comes from its flag. */
export function poolTarget(id: string, settings: BackendSettings): PoolTarget {
  const text = id === DEFAULT_BACKEND ? settings.defaultBackendService : id;
  const [namespace = "", service = "", port, kind] = text.split("/");
  return { id, namespace, service, port, clusterIp: kind === CLUSTER_IP };
}

/** A pool as the Model holds it. */
export function poolOf({ id, namespace, service, port }: PoolTarget, endpoints: readonly Endpoint[]): Pool {
  return { id, name: port === undefined ? nameOfFirstPort(id, namespace, service) : flatText(namespace, "-", service, "-", port), endpoints };
}

/** ingress-nginx's names: of the controller's default backend, and of an Ingress's own. */
function nameOfFirstPort(id: string, namespace: string, service: string): string {
  return id === DEFAULT_BACKEND ? id : `custom-default-backend-${namespace}-${service}`;
}

export type Explain = (place: Place, effect: string) => Finding;

/**
 * No endpoints, and why. `field` is added to the field of the reference, unless that is a flag, an annotation or a
 * Service's port: these have no fields below them.
 */
export function nothing(field: "name" | "port", explain: Explain): BuiltPool {
  const problem: PoolProblem = ({ object, field: service, effect }) =>
    explain({ object, field: /^--|\]$|^spec\.ports\[/.test(service) ? service : `${service}.${field}` }, effect);
  return { endpoints: [], problem };
}
