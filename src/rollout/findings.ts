/** What keeps releases from being judged or kept as they should, as findings. */
import { finding, type Finding, type FindingFactory, type Place } from "../model/findings/findings.ts";

function ofSluice(field: string): Place {
  return { object: { kind: "Engine", metadata: { namespace: "", name: "sluice" } }, field };
}

export const rolloutsInMemory: FindingFactory<Record<never, never>> = finding(
  "rollouts-in-memory",
  "warning",
  () => "How far the releases of canaries are is kept in memory alone: name a folder with --state-dir",
  () => "a Sluice that is started anew begins each release at its first step, also one that had failed",
);

export const rolloutsNotKept: FindingFactory<{ folder: string; problem: string }> = finding(
  "rollouts-not-kept",
  "error",
  ({ folder, problem }) => `The releases of canaries cannot be written to ${folder} (${problem}): make room there, or let Sluice write`,
  () => "a Sluice that is started anew begins them where they were written last",
);

export const replicaSilent: FindingFactory<{ replica: string }> = finding(
  "replica-silent",
  "warning",
  ({ replica }) => `The replica ${replica} has not told for some seconds what it counts of releases: look at its log`,
  () => "releases of canaries are judged without its requests",
);

export const leaderNotHeard: FindingFactory<{ problem: string }> = finding(
  "leader-not-heard",
  "warning",
  ({ problem }) => `The replica that leads does not answer at ${problem}: let the pods of Sluice reach each other's health port`,
  () => "releases of canaries are judged without the requests of this replica, which follows their steps some seconds later",
);

/** What is wrong where releases are kept. @param problem why the folder cannot be written; undefined: it can */
export function storeFindings(folder: string, problem: string | undefined, inMemory: boolean): readonly Finding[] {
  const place = ofSluice("--state-dir");
  return [...(inMemory ? [rolloutsInMemory(place, {})] : []), ...(problem === undefined ? [] : [rolloutsNotKept(place, { folder, problem })])];
}

/** What is wrong between replicas. @param problem why the leader is not heard; undefined: it is */
export function teamFindings(silent: readonly string[], problem: string | undefined): readonly Finding[] {
  const place = ofSluice("replicas");
  return [...silent.map((replica) => replicaSilent(place, { replica })), ...(problem === undefined ? [] : [leaderNotHeard(place, { problem })])];
}
