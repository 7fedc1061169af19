/** What each part of the stand-in sees: mirrors of the cluster, and the API by which it changes something. */
import type { AdminApi } from "../inside/api.ts";
import { mirror, type Mirror } from "./mirror.ts";
import type { ClusterNamespace, ClusterService, Deployment, Filed, Pod, Slice } from "./objects.ts";

export interface ClusterState {
  readonly api: AdminApi;
  readonly namespaces: Mirror<ClusterNamespace>;
  readonly deployments: Mirror<Deployment>;
  readonly pods: Mirror<Pod>;
  readonly services: Mirror<ClusterService>;
  readonly slices: Mirror<Slice>;
  readonly secrets: Mirror<Filed>;
  readonly configMaps: Mirror<Filed>;
}

/** @param changed called after each change of any of them */
export async function watchCluster(api: AdminApi, changed: () => void): Promise<ClusterState> {
  const { connection } = api;
  const [namespaces, deployments, pods, services, slices, secrets, configMaps] = await Promise.all([
    mirror<ClusterNamespace>(connection, "/api/v1/namespaces", changed),
    mirror<Deployment>(connection, "/apis/apps/v1/deployments", changed),
    mirror<Pod>(connection, "/api/v1/pods", changed),
    mirror<ClusterService>(connection, "/api/v1/services", changed),
    mirror<Slice>(connection, "/apis/discovery.k8s.io/v1/endpointslices", changed),
    mirror<Filed>(connection, "/api/v1/secrets", changed),
    mirror<Filed>(connection, "/api/v1/configmaps", changed),
  ]);
  return { api, namespaces, deployments, pods, services, slices, secrets, configMaps };
}
