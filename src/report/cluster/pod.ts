/**
 * The pod that this process runs in, and the other pods with its labels.
 *
 * The environment names the pod (`POD_NAME`, `POD_NAMESPACE`), as ingress-nginx's manifests set it. Outside of a pod there
 * is no name; then nothing here asks the API server.
 */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { fields, list, textOrNone, textRecord } from "../../source/kubernetes/trim.ts";
import type { ClusterApi, Right } from "./api.ts";

export interface Self {
  /** Empty: not in a pod. */
  readonly podName: string;
  readonly namespace: string;
  /** Different for each replica. */
  readonly identity: string;
}

/** @param home namespace of the account, where the environment names none. */
export function identifySelf(home: string, env: NodeJS.ProcessEnv = process.env): Self {
  const podName = env["POD_NAME"] ?? "";
  const identity = podName === "" ? `${hostname()}_${randomBytes(4).toString("hex")}` : podName;
  return { podName, namespace: env["POD_NAMESPACE"] || home || "default", identity };
}

export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** @param effect what is lost when the account may not read it. */
export async function readOwnPod(api: ClusterApi, self: Self, effect: string, signal: AbortSignal): Promise<Pod> {
  const right: Right = { verb: "get", resource: "pods", kind: "Pod", namespace: self.namespace, effect };
  const raw = await api.ask(right, `${podsPath(self)}/${encodeURIComponent(self.podName)}`, signal);
  const meta = fields(fields(raw)["metadata"]);
  return { name: self.podName, uid: textOrNone(meta["uid"]) ?? "", labels: textRecord(meta["labels"]) ?? {} };
}

/** Labels that tell pods of one revision from those of another. */
const OF_A_REVISION = ["pod-template-hash", "controller-revision-hash", "pod-template-generation"];

/** Pods with the same labels as this one, itself included; `anyRevision`: whatever template they were made from. */
export async function readPodsLike(
  api: ClusterApi, self: Self, { labels }: Pod, anyRevision: boolean, effect: string, signal: AbortSignal,
): Promise<readonly unknown[]> {
  const wanted = Object.entries(labels).filter(([name]) => !anyRevision || !OF_A_REVISION.includes(name));
  // Without labels to ask for, the answer would be all pods.
  if (wanted.length === 0) return [];
  const right: Right = { verb: "list", resource: "pods", kind: "Pod", namespace: self.namespace, effect };
  const labelSelector = wanted.map(([name, value]) => `${name}=${value}`).join(",");
  return list(fields(await api.ask(right, podsPath(self), signal, undefined, { labelSelector }))["items"], (one) => one) ?? [];
}

export function nameOfPod(raw: unknown): string {
  return textOrNone(fields(fields(raw)["metadata"])["name"]) ?? "";
}

function podsPath({ namespace }: Self): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
}
