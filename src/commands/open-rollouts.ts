/** The rollouts of `sluice run`: where they are kept, and who is told of them. */
import { hostname } from "node:os";
import { writeAdminToken } from "../report/admin-token.ts";
import type { ClusterReport } from "../report/cluster/report.ts";
import type { RolloutsApi } from "../report/rollouts-api.ts";
import type { Finding } from "../model/findings/findings.ts";
import { createFileStore, MEMORY_STORE } from "../rollout/file-store.ts";
import { storeFindings } from "../rollout/findings.ts";
import { ownUrl } from "../rollout/replicas.ts";
import { createRollouts, type Rollouts } from "../rollout/rollouts.ts";
import { createTeam } from "../rollout/team.ts";
import type { Settings } from "../settings.ts";
import type { GivenWeight } from "../source/objects.ts";
import type { Snapshot } from "../source/snapshot.ts";
import type { Log } from "../support/log.ts";

export interface OpenedRollouts extends Rollouts {
  readonly api: RolloutsApi;
  findings(): readonly Finding[];
}

export interface RolloutsSurroundings {
  readonly settings: Settings;
  readonly snapshot: Snapshot;
  /** Undefined: objects come from files. */
  readonly cluster: ClusterReport | undefined;
  readonly log: Log;
  readonly changed: (weights: ReadonlyMap<string, GivenWeight>) => void;
  /** Called when `findings` changed. */
  readonly found: () => void;
}

/** Throws a UserError for a --state-dir in which nothing can be kept. */
export function openRollouts({ settings, snapshot, cluster, log, changed, found }: RolloutsSurroundings): OpenedRollouts {
  let problem: string | undefined;
  const failed = (now: string | undefined): void => {
    if (now === problem) return;
    problem = now;
    found();
  };
  const { stateDir, disableLeaderElection, healthzHost, healthzPort } = settings;
  const alone = !cluster || disableLeaderElection;
  const rollouts = createRollouts({
    snapshot, log, changed,
    // Where replicas elect a leader, how far releases are is noted on its Lease.
    store: stateDir === "" || !alone ? MEMORY_STORE : createFileStore(stateDir, log, failed),
    ...(alone ? {} : { join: (mine) => createTeam({
      ...mine, found, replica: process.env["POD_NAME"] || `${hostname()}_${process.pid}`, url: ownUrl(healthzHost, healthzPort),
      leads: () => cluster.leading === true, readLease: cluster.readLease, hurry: cluster.hurry, log: (sentence) => log("warn", sentence),
    }) }),
    tell: (key, told) => cluster?.tellRollout(key, told),
  });
  return {
    ...rollouts,
    api: { statuses: rollouts.statuses, act: rollouts.act, hear: async (body, signature) => await rollouts.team?.hear(body, signature), token: writeAdminToken(settings.runtimeDir), runtimeDir: settings.runtimeDir },
    findings: () => [...storeFindings(stateDir, problem, alone && stateDir === "" && rollouts.statuses().length > 0), ...(rollouts.team?.findings() ?? [])],
  };
}
