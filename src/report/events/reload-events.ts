/**
 * Events on this replica's own Pod: nginx was reloaded, or refuses its configuration.
 *
 * ingress-nginx behaviour: the reason RELOAD and both messages; `--disable-sync-events` does not hold them back.
 */
import type { EngineState } from "../../engine/engine.ts";
import { inWords } from "../../source/kubernetes/failures.ts";
import type { Log } from "../../support/log.ts";
import type { ClusterApi } from "../cluster/api.ts";
import { readOwnPod } from "../cluster/pod.ts";
import type { Pod, Self } from "../cluster/pod.ts";
import { cut } from "./event.ts";
import type { EventDraft } from "./event.ts";

export interface ReloadEventsOptions {
  readonly api: ClusterApi;
  readonly self: Self;
  readonly tell: (draft: EventDraft) => void;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export function watchReloads({ api, self, tell, log, signal }: ReloadEventsOptions): { look(state: EngineState): void } {
  let reloads = 0;
  let refused: string | undefined;
  let pod: Promise<Pod | undefined> | undefined;

  const say = async (type: EventDraft["type"], message: string): Promise<void> => {
    pod ??= readOwnPod(api, self, "reloads of nginx are not told as Events", signal).catch((error: unknown) => {
      log("debug", `our own pod cannot be read: ${inWords(error)}`);
      pod = undefined;
      return undefined;
    });
    const uid = (await pod)?.uid;
    if (uid === undefined) return;
    const object = { apiVersion: "v1", kind: "Pod", namespace: self.namespace, name: self.podName, uid };
    tell({ object, type, reason: "RELOAD", message, fresh: true });
  };

  return {
    look(state) {
      if (self.podName === "") return;
      if (state.reloads > reloads) void say("Normal", "NGINX reload triggered due to a change in configuration");
      if (state.refused !== undefined && state.refused !== refused) void say("Warning", cut(`Error reloading NGINX: ${state.refused}`));
      reloads = state.reloads;
      refused = state.refused;
    },
  };
}
