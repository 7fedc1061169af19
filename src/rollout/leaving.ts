/** Pods of one release that still answer when those of the next one come behind the same Service. Pure. */
import { deploymentOf, isPodAlone } from "../source/pod-owner.ts";
import type { DeclaredRollout, Release } from "./shapes.ts";

/** What a release waits for before it has its first step. */
export type Leaving = Pick<Release, "leaving" | "refused">;

/** For so long no pods come for those that are to leave before they stay: new ones are not ready for a moment, too. */
export const STAYED_MS = 60_000;

/**
 * ReplicaSets of the release before whose pods still answer: what they do is not the next one's.
 * @param refused the release before was taken back
 */
export function leavingOf(before: Release, { uid, canary, owners }: DeclaredRollout, refused: boolean): Leaving {
  const isOtherCanary = uid !== before.uid || canary.some((one) => !before.canary.includes(one));
  if (isOtherCanary) return {};
  const sets = owners.filter((owner) => !isPodAlone(owner));
  const known = sets.filter((owner) => before.owners.includes(owner));
  const fresh = new Set(sets.filter((owner) => !before.owners.includes(owner)).map(deploymentOf));
  // Of several Deployments behind a Service those stay that nobody changed.
  const replaced = known.filter((owner) => fresh.has(deploymentOf(owner)));
  return { leaving: replaced.length > 0 ? replaced : known, ...(refused || before.refused ? { refused: true } : {}) };
}

/** Whether pods of another ReplicaSet of the same Deployment answer beside some of these. */
export function areReplaced(leaving: readonly string[], owners: readonly string[]): boolean {
  const still = new Set(owners.filter((owner) => leaving.includes(owner)).map(deploymentOf));
  return owners.some((owner) => !leaving.includes(owner) && still.has(deploymentOf(owner)));
}

export function withoutLeaving({ leaving: _leaving, refused: _refused, alone: _alone, ...release }: Release): Release {
  return release;
}
