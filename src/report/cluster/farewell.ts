/**
 * Whether this is the last replica that stops.
 *
 * ingress-nginx behaviour: replicas are pods with the same labels, whatever template they were made from. Where they
 * cannot be read, another one may run, so addresses stay: clients can try another address, but one too few is an outage.
 */
import { inWords } from "../../source/kubernetes/failures.ts";
import { fields, textOrNone } from "../../source/kubernetes/trim.ts";
import type { Log } from "../../support/log.ts";
import type { ClusterApi } from "./api.ts";
import { nameOfPod, readOwnPod, readPodsLike } from "./pod.ts";
import type { Self } from "./pod.ts";

const EFFECT = "Ingresses keep their addresses when the last replica stops";

/** Whether other replicas run; true when that cannot be found out, false outside of a pod. Never rejects. */
export async function othersRun(api: ClusterApi, self: Self, log: Log, signal: AbortSignal): Promise<boolean> {
  if (self.podName === "") return false;
  try {
    const pod = await readOwnPod(api, self, EFFECT, signal);
    const others = (await readPodsLike(api, self, pod, true, EFFECT, signal)).filter((raw) => nameOfPod(raw) !== self.podName && !isOver(raw));
    if (others.length > 0) log("info", `Ingresses keep their addresses: ${nameOfPod(others[0])} runs on`);
    return others.length > 0;
  } catch (error) {
    log("warn", `Ingresses keep their addresses, because it is not known whether another replica runs: ${inWords(error)}`);
    return true;
  }
}

/** Whether a pod has ended, or is about to. */
function isOver(raw: unknown): boolean {
  const phase = textOrNone(fields(fields(raw)["status"])["phase"]);
  return phase === "Succeeded" || phase === "Failed" || textOrNone(fields(fields(raw)["metadata"])["deletionTimestamp"]) !== undefined;
}
