/**
 * The objects of one source with those of another in their place, as if they had been applied to it. For one look: what
 * changes after `start` is seen at the next `sync`, and nothing is ever taken away.
 */
import { sortFindings } from "../model/findings/findings.ts";
import type { AnyObject } from "./objects.ts";
import { Snapshot } from "./snapshot.ts";
import type { Source } from "./source.ts";

const APPLIED = ["Ingress", "IngressClass", "Service", "EndpointSlice", "Secret", "ConfigMap", "Namespace"] as const;
/** Those kinds, and the ones that sources add of themselves. */
const OF_THE_BASE = [...APPLIED, "Node", "ResolvedName"] as const;

export function overlaidSource(base: Source, applied: Source): Source {
  const snapshot = new Snapshot();
  const merge = (): void => {
    for (const kind of OF_THE_BASE) for (const object of base.snapshot.all(kind).values()) snapshot.put(object as AnyObject);
    for (const kind of APPLIED) {
      for (const object of applied.snapshot.all(kind).values()) {
        const { namespace, name } = object.metadata;
        snapshot.put(asApplied(object as AnyObject, base.snapshot.get(kind, namespace, name)));
      }
    }
  };
  return {
    snapshot,
    description: `${applied.description} over ${base.description}`,
    get findings() {
      return sortFindings([...base.findings, ...applied.findings]);
    },
    async start(changed, signal) {
      await Promise.all([base.start(changed, signal), applied.start(changed, signal)]);
      merge();
    },
    async sync(signal) {
      await Promise.all([base.sync(signal), applied.sync(signal)]);
      merge();
    },
    async catchUp() {},
    promised: () => applied.promised?.() ?? [],
    async want(objects) {
      await base.want(objects);
      merge();
    },
  };
}

/** What an API server keeps of an object that is applied again: how old it is, and the address of a Service. */
function asApplied(object: AnyObject, there: AnyObject | undefined): AnyObject {
  const created = there?.metadata.creationTimestamp;
  const aged = created === undefined ? object : { ...object, metadata: { ...object.metadata, creationTimestamp: created } };
  if (aged.kind !== "Service" || there?.kind !== "Service") return aged;
  return { ...aged, spec: { ...there.spec.clusterIP === undefined ? {} : { clusterIP: there.spec.clusterIP }, ...aged.spec } };
}
