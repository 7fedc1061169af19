/**
 * What a cluster has beside its API server, as far as the suite needs it: scheduler, kubelet, and the controllers of
 * Deployments, EndpointSlices and namespaces. Each part compares what is wanted with what is there, after each change.
 */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { oneAtATime } from "../../../src/support/one-at-a-time.ts";
import type { KeyPair } from "../../support/openssl.ts";
import type { AdminApi } from "../inside/api.ts";
import { runDeployments } from "./deployments.ts";
import { runEndpointSlices } from "./endpoint-slices.ts";
import { endNamespaces } from "./namespaces.ts";
import { registerNode, serveLogs } from "./node.ts";
import { podRunner } from "./pods.ts";
import { watchCluster, type ClusterState } from "./state.ts";

export interface StandInOptions {
  readonly api: AdminApi;
  readonly ca: KeyPair;
  readonly kubelet: KeyPair;
  readonly folder: string;
  /** Path of the official echo server. */
  readonly echo: string;
}

/** Changes come in swarms. */
const SETTLE_MS = 20;
/** After which what failed, or what a namespace waits for, is looked at again. */
const AGAIN_MS = 500;

/** Resolves when it has seen the cluster once. It ends with the process. */
export async function startStandIn({ api, ca, kubelet, folder, echo }: StandInOptions): Promise<void> {
  const log = createWriteStream(join(folder, "stand-in.log"), { flags: "a" });
  const say = (line: string): void => void log.write(`${new Date().toISOString()} ${line}\n`);
  const pods = podRunner({ folder, echo, say });
  await registerNode(api);
  await serveLogs(kubelet, ca, pods.log);

  let state: ClusterState | undefined;
  const part = async (work: (now: ClusterState) => Promise<unknown>, now: ClusterState): Promise<boolean> => {
    try {
      return (await work(now)) === true;
    } catch (error) {
      say(`${work.name}: ${error instanceof Error ? error.message : String(error)}`);
      return true;
    }
  };
  const turn = oneAtATime(async () => {
    await sleep(SETTLE_MS);
    if (!state) return;
    const now = state;
    const again = await Promise.all([runDeployments, pods.run, runEndpointSlices, endNamespaces].map((work) => part(work, now)));
    if (again.some(Boolean)) setTimeout(() => void turn.run(), AGAIN_MS);
  });
  state = await watchCluster(api, () => void turn.run());
  await turn.run();
}
