/**
 * One Lease (coordination.k8s.io/v1) in the cluster: read, taken, renewed, given back.
 *
 * Guarantee: a write names the version that it was decided on, so only one of several replicas succeeds.
 */
import { fields, integerOrNone, textOrNone, textRecord } from "../../source/kubernetes/trim.ts";
import { isStatus, MANAGER } from "./api.ts";
import type { ClusterApi, Right } from "./api.ts";

/** A Lease as it was read. */
export interface Lease {
  readonly raw: unknown;
  /** Identity of the replica that holds it; empty: nobody. */
  readonly holder: string;
  /** Milliseconds that its holder asked for. */
  readonly duration: number;
  /** Its annotations. */
  readonly notes: Readonly<Record<string, string>>;
  /** When this process first saw this version, on its own clock. */
  readonly seen: number;
}

export interface LeaseInCluster {
  /** The Lease as it was last seen; undefined: never, or there is none. */
  readonly last: Lease | undefined;
  read(signal: AbortSignal): Promise<Lease | undefined>;
  /** Makes `identity` its holder for `ttl` milliseconds from now. */
  take(before: Lease | undefined, identity: string, ttl: number, notes: Lease["notes"], signal: AbortSignal): Promise<void>;
  giveBack(before: Lease, notes: Lease["notes"], signal: AbortSignal): Promise<void>;
}

const EFFECT = "no replica is elected: no status and no Events are written, and no rollout of a canary begins or goes on";

export function leaseInCluster(api: ClusterApi, namespace: string, name: string): LeaseInCluster {
  const all = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  const path = `${all}/${encodeURIComponent(name)}`;
  const right = (verb: Right["verb"]): Right => ({ verb, resource: "leases.coordination.k8s.io", kind: "Lease", namespace, effect: EFFECT });
  let last: Lease | undefined;

  const see = (raw: unknown): Lease => {
    const spec = specOf(raw);
    const seen = last && versionIn(last.raw) === versionIn(raw) ? last.seen : performance.now();
    last = { raw, holder: textOrNone(spec["holderIdentity"]) ?? "", duration: (integerOrNone(spec["leaseDurationSeconds"]) ?? 0) * 1000, notes: textRecord(fields(fields(raw)["metadata"])["annotations"]) ?? {}, seen };
    return last;
  };

  const write = async (before: Lease | undefined, spec: object, notes: Lease["notes"], signal: AbortSignal): Promise<void> => {
    const annotations = { ...before?.notes, ...notes };
    const noted = Object.keys(annotations).length > 0 ? { annotations } : {};
    const metadata = { ...(before ? fields(fields(before.raw)["metadata"]) : { name, namespace }), ...noted };
    const body = JSON.stringify({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec });
    see(await (before
      ? api.ask(right("update"), path, signal, { method: "PUT", body }, MANAGER)
      : api.ask(right("create"), all, signal, { method: "POST", body }, MANAGER)));
  };

  return {
    get last() {
      return last;
    },
    async read(signal) {
      try {
        return see(await api.ask(right("get"), path, signal));
      } catch (error) {
        if (!isStatus(error, 404)) throw error;
        last = undefined;
        return undefined;
      }
    },
    async take(before, identity, ttl, notes, signal) {
      const spec = specOf(before?.raw);
      const now = new Date().toISOString().replace("Z", "000Z");
      const mine = before?.holder === identity;
      await write(before, {
        ...spec,
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(ttl / 1000),
        acquireTime: mine ? spec["acquireTime"] : now,
        renewTime: now,
        leaseTransitions: (integerOrNone(spec["leaseTransitions"]) ?? 0) + (mine || !before ? 0 : 1),
      }, notes, signal);
    },
    giveBack: (before, notes, signal) => write(before, { ...specOf(before.raw), holderIdentity: "", leaseDurationSeconds: 1 }, notes, signal),
  };
}

function specOf(raw: unknown): Readonly<Record<string, unknown>> {
  return fields(fields(raw)["spec"]);
}

function versionIn(raw: unknown): unknown {
  return fields(fields(raw)["metadata"])["resourceVersion"];
}
