/** Which canaries have a rollout, as the Model and the Snapshot have them now. */
import type { Built } from "../model/model.ts";
import type { HostKey } from "../model/shapes/host-key.ts";
import type { Canary, Host } from "../model/shapes/routing.ts";
import { canariesOf, primaryOf } from "../model/shapes/routing.ts";
import { ownerOfPod } from "../source/pod-owner.ts";
import type { Snapshot } from "../source/snapshot.ts";
import { keyOf } from "../source/snapshot.ts";
import type { DeclaredRollout } from "./shapes.ts";

/** `namespace/name` of the canary's Ingress → how it is declared. */
export type AllDeclared = ReadonlyMap<string, DeclaredRollout>;

export interface DeclaredRollouts {
  /** Looks at the hosts that changed. */
  take(built: Built): void;
  /** As of now: endpoints may have changed since the last turn. */
  now(): AllDeclared;
  readonly any: boolean;
}

interface Found {
  readonly key: string;
  readonly canary: Canary;
  /** Pool of the primary at the same place; empty: it is no Service. */
  readonly primary: string;
}

export function createDeclaredRollouts(snapshot: Snapshot): DeclaredRollouts {
  const byHost = new Map<HostKey, readonly Found[]>();
  let first = true;
  return {
    take({ model, change }) {
      // The first Model may have been built in several updates.
      const changed = first ? model.hosts.keys() : change.hosts;
      first = false;
      for (const key of changed) {
        const host = model.hosts.get(key);
        const found = host ? rolloutsOf(host) : [];
        if (found.length > 0) byHost.set(key, found);
        else byHost.delete(key);
      }
    },
    now: () => new Map([...Map.groupBy([...byHost.values()].flat(), ({ key }) => key)].map(([key, found]) => [key, declaredBy(found, snapshot)])),
    get any() {
      return byHost.size > 0;
    },
  };
}

function rolloutsOf({ routes }: Host): readonly Found[] {
  return routes.flatMap(({ backend }) => canariesOf(backend).flatMap((canary) => {
    if (!canary.rollout) return [];
    const primary = primaryOf(backend);
    return [{ key: keyOf(canary.origin.namespace, canary.origin.name), canary, primary: primary.kind === "service" ? primary.pool : "" }];
  }));
}

function declaredBy(found: readonly Found[], snapshot: Snapshot): DeclaredRollout {
  const places = [...new Map(found.map((one) => [`${one.canary.backend.pool} ${one.primary}`, one])).values()].sort((a, b) => (a.canary.backend.pool < b.canary.backend.pool ? -1 : 1));
  const [{ canary: { rollout, origin } }] = found as readonly [Found];
  if (!rollout) throw new Error("a canary without a rollout is none of these");
  const services = new Set(found.map(({ canary }) => canary.backend.service));
  return {
    spec: rollout.spec,
    most: rollout.most ?? 100,
    uid: snapshot.get("Ingress", origin.namespace, origin.name)?.metadata.uid ?? "",
    canary: places.map(({ canary }) => canary.backend.pool),
    primary: places.map(({ primary }) => primary),
    owners: [...new Set([...services].flatMap((service) => ownersOf(snapshot, origin.namespace, service)))].sort(),
  };
}

/** What the ready endpoints of a Service are of. */
function ownersOf(snapshot: Snapshot, namespace: string, service: string): readonly string[] {
  return snapshot.slicesOf(namespace, service).flatMap(({ endpoints = [], ports = [] }) => {
    // An endpoint that names no pod is told from others by where it is.
    const at = ports.map(({ port = "" }) => port).join();
    return endpoints.flatMap(({ owner, addresses, conditions }) => (conditions?.ready === false ? [] : [owner ?? ownerOfPod("", `${addresses.join()}:${at}`)]));
  });
}
