/** In place of the Deployment controller: the pods of each Deployment, without ReplicaSets between. A changed template replaces them. */
import { createHash } from "node:crypto";
import { unlessOutdated } from "../inside/api.ts";
import { isControlledBy, isReady, type Deployment, type Pod } from "./objects.ts";
import type { ClusterState } from "./state.ts";

const HASH = "pod-template-hash";

export async function runDeployments({ api, deployments, pods }: ClusterState): Promise<void> {
  const all = [...pods.values()];
  const living = [...deployments.values()].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const wanted = new Map(living.flatMap((one) => podNames(one).map((name) => [`${one.metadata.namespace}/${name}`, one] as const)));
  const tooMany = all.filter((pod) => isFromDeployment(pod) && pod.metadata.deletionTimestamp === undefined && !isWanted(pod, wanted));
  const missing = [...wanted].filter(([key]) => !pods.has(key));
  await Promise.all([
    ...tooMany.map(({ metadata: { namespace, name } }) => unlessOutdated(api.ask("DELETE", `/api/v1/namespaces/${namespace}/pods/${name}`))),
    ...missing.map(([key, deployment]) => unlessOutdated(api.ask("POST", `/api/v1/namespaces/${deployment.metadata.namespace}/pods`, podOf(deployment, key.split("/")[1] ?? "")))),
    ...living.map((deployment) => tell(api, deployment, all.filter(({ metadata }) => isControlledBy({ metadata }, "Deployment", deployment.metadata.uid)))),
  ]);
}

function hashOf({ spec }: Deployment): string {
  return createHash("sha256").update(JSON.stringify(spec.template)).digest("hex").slice(0, 10);
}

function podNames(deployment: Deployment): readonly string[] {
  return Array.from({ length: deployment.spec.replicas ?? 1 }, (_, i) => `${deployment.metadata.name}-${hashOf(deployment)}-${i}`);
}

function isFromDeployment({ metadata }: Pod): boolean {
  return (metadata.ownerReferences ?? []).some(({ kind }) => kind === "Deployment");
}

function isWanted(pod: Pod, wanted: ReadonlyMap<string, Deployment>): boolean {
  const deployment = wanted.get(`${pod.metadata.namespace}/${pod.metadata.name}`);
  return deployment !== undefined && isControlledBy(pod, "Deployment", deployment.metadata.uid);
}

function podOf(deployment: Deployment, name: string): object {
  const { metadata, spec: { template } } = deployment;
  return {
    apiVersion: "v1", kind: "Pod", spec: template.spec,
    metadata: {
      ...template.metadata, name, namespace: metadata.namespace, labels: { ...template.metadata?.labels, [HASH]: hashOf(deployment) },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: metadata.name, uid: metadata.uid, controller: true }],
    },
  };
}

async function tell(api: ClusterState["api"], { metadata, spec, status = {} }: Deployment, own: readonly Pod[]): Promise<void> {
  const ready = own.filter(isReady).length;
  if (status.observedGeneration === metadata.generation && (status.replicas ?? 0) === own.length && (status.readyReplicas ?? 0) === ready) return;
  const enough = ready >= (spec.replicas ?? 1) ? "True" : "False";
  const now = new Date().toISOString();
  await unlessOutdated(api.ask("PATCH", `/apis/apps/v1/namespaces/${metadata.namespace}/deployments/${metadata.name}/status`, {
    status: {
      observedGeneration: metadata.generation, replicas: own.length, updatedReplicas: own.length, readyReplicas: ready, availableReplicas: ready,
      conditions: [{ type: "Available", status: enough, reason: "PodsReady", message: `${ready} pods are ready`, lastTransitionTime: now, lastUpdateTime: now }],
    },
  }));
}
