/** In place of the EndpointSlice controller: one slice for each Service with a selector. */
import { isDeepStrictEqual } from "node:util";
import { unlessOutdated } from "../inside/api.ts";
import { isReady, type ClusterService, type Pod, type Slice } from "./objects.ts";
import type { ClusterState } from "./state.ts";

const OURS = { "endpointslice.kubernetes.io/managed-by": "test-ground" };
const [OUR_LABEL = "", OUR_NAME = ""] = Object.entries(OURS)[0] ?? [];
const SLICES = "/apis/discovery.k8s.io/v1/namespaces";

export async function runEndpointSlices({ api, services, slices, pods }: ClusterState): Promise<void> {
  const left = new Map([...slices].filter(([, { metadata }]) => metadata.labels?.[OUR_LABEL] === OUR_NAME));
  const work: Promise<unknown>[] = [];
  for (const service of services.values()) {
    const { metadata: { namespace = "", name, deletionTimestamp }, spec: { selector } } = service;
    if (!selector || deletionTimestamp !== undefined) continue;
    const key = `${namespace}/${name}-ground`;
    const before = left.get(key);
    left.delete(key);
    const wanted = sliceOf(service, [...pods.values()].filter((pod) => isSelected(pod, namespace, selector)));
    if (!before) work.push(unlessOutdated(api.ask("POST", `${SLICES}/${namespace}/endpointslices`, wanted)));
    else if (!isSame(before, wanted)) work.push(unlessOutdated(api.ask("PUT", `${SLICES}/${namespace}/endpointslices/${name}-ground`, wanted)));
  }
  for (const { metadata: { namespace, name } } of left.values()) work.push(unlessOutdated(api.ask("DELETE", `${SLICES}/${namespace}/endpointslices/${name}`)));
  await Promise.all(work);
}

/** A pod has an address as long as it may still answer. */
function isSelected({ metadata, status }: Pod, namespace: string, selector: Readonly<Record<string, string>>): boolean {
  return metadata.namespace === namespace && status?.podIP !== undefined && Object.entries(selector).every(([name, value]) => metadata.labels?.[name] === value);
}

function sliceOf({ metadata: { namespace, name, uid }, spec }: ClusterService, pods: readonly Pod[]): Pick<Slice, "endpoints" | "ports"> {
  const ordered = pods.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const portOf = (wanted: number | string | undefined, port: number): number =>
    typeof wanted === "string" ? ordered.flatMap((pod) => pod.spec.containers.flatMap(({ ports = [] }) => ports)).find((one) => one.name === wanted)?.containerPort ?? port : wanted || port;
  return {
    ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4" },
    ...{
      metadata: {
        name: `${name}-ground`, namespace, labels: { ...OURS, "kubernetes.io/service-name": name },
        ownerReferences: [{ apiVersion: "v1", kind: "Service", name, uid, controller: true }],
      },
    },
    endpoints: ordered.map((pod) => ({
      addresses: [pod.status?.podIP],
      conditions: { ready: spec.publishNotReadyAddresses === true || isReady(pod), serving: true, terminating: pod.metadata.deletionTimestamp !== undefined },
      nodeName: pod.spec.nodeName,
      targetRef: { kind: "Pod", namespace, name: pod.metadata.name, uid: pod.metadata.uid },
    })),
    ports: (spec.ports ?? []).map(({ name: portName = "", port, targetPort, protocol = "TCP", appProtocol }) => ({
      name: portName, protocol, port: portOf(targetPort, port), ...(appProtocol === undefined ? {} : { appProtocol }),
    })),
  };
}

function isSame(a: Pick<Slice, "endpoints" | "ports">, b: Pick<Slice, "endpoints" | "ports">): boolean {
  return isDeepStrictEqual([a.endpoints ?? [], a.ports ?? []], [b.endpoints ?? [], b.ports ?? []]);
}
