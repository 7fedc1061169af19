/**
 * By what the pods of one release are told from those of another, from their names alone: a Deployment's pods of one template are named
 * `web-6f7d8c9b54-x7k2p`, after their ReplicaSet, whose last part is a hash of the template.
 * Source: Kubernetes, names.SimpleNameGenerator and rand.SafeEncodeString, whose alphabet has neither vowels nor 0, 1 and 3.
 */
const OF_REPLICA_SET = /^(.+-[bcdfghjklmnpqrstvwxz2456789]{7,10})-[bcdfghjklmnpqrstvwxz2456789]{5}$/;
const ALONE = "pod/";

/** Name of the ReplicaSet; of any other pod, the pod itself. @param uid empty: not known */
export function ownerOfPod(name: string, uid: string): string {
  return OF_REPLICA_SET.exec(name)?.[1] ?? `${ALONE}${uid || name}`;
}

/** What an owner is of, as far as its name says: the Deployment of a ReplicaSet. */
export function deploymentOf(owner: string): string {
  return owner.slice(0, owner.lastIndexOf("-"));
}

/** Whether an owner is one pod, so that another one follows when the pod is replaced. */
export function isPodAlone(owner: string): boolean {
  return owner.startsWith(ALONE);
}
