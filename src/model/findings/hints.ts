/**
 * What may have been meant by the name of an object that does not exist: an object of the same name in another namespace,
 * or one of a similar name.
 *
 * A hint depends on all objects of a kind, so it is no part of the Model: it is worked out when findings are asked for.
 * Services are named across namespaces, because every pod can look their names up in DNS. Secrets and ConfigMaps of other
 * namespaces are named only to those who own the files; in a cluster only those that an Ingress refers to are known here.
 */
import type { ObjectRef } from "../../source/objects.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import { closest } from "../../support/edit-distance.ts";
import { listed } from "../../support/text.ts";
import { altered } from "./findings.ts";
import type { Finding } from "./findings.ts";

type Objects = Pick<Snapshot, "all">;

/** The search for similar names is slow. So it is done for this many findings, and where a namespace has no more objects than that. */
const MOST_SUGGESTIONS = 20;
const MOST_NAMES = 1000;
/** Namespaces that one hint names. */
const SHOWN = 3;

/** The findings with their hints. @param findings sorted, so that always the same ones get a hint. */
export function withHints(findings: readonly Finding[], snapshot: Objects): readonly Finding[] {
  const missing = findings.flatMap((finding) => finding.missing ?? []);
  if (missing.length === 0) return findings;
  const known = knownBy(missing, snapshot);
  let searches = 0;
  return findings.map((finding) => {
    if (!finding.missing) return finding;
    const hint = elsewhere(finding, finding.missing, known) ?? (searches++ < MOST_SUGGESTIONS ? near(finding.missing, known) : undefined);
    return hint === undefined ? finding : altered(finding, { hint });
  });
}

/** The objects that could have been meant by a missing one. */
interface Known {
  /** `Service tomcat` → its namespaces. */
  readonly namespaces: ReadonlyMap<string, string[]>;
  /** `Service default` → names. */
  readonly names: ReadonlyMap<string, string[]>;
}

function knownBy(missing: readonly ObjectRef[], snapshot: Objects): Known {
  const namespaces = new Map<string, string[]>(missing.map(({ kind, name }) => [`${kind} ${name}`, []]));
  const names = new Map<string, string[]>(missing.map(({ kind, namespace }) => [`${kind} ${namespace}`, []]));
  for (const kind of new Set(missing.map((one) => one.kind))) {
    for (const object of snapshot.all(kind).values()) {
      if ("forbidden" in object && object.forbidden) continue;
      const { namespace, name } = object.metadata;
      namespaces.get(`${kind} ${name}`)?.push(namespace);
      names.get(`${kind} ${namespace}`)?.push(name);
    }
  }
  return { namespaces, names };
}

function elsewhere({ object, file }: Finding, { kind, name }: ObjectRef, { namespaces }: Known): string | undefined {
  const there = (namespaces.get(`${kind} ${name}`) ?? []).sort();
  if (there.length === 0 || (kind !== "Service" && file === undefined)) return undefined;
  const where = `There is a ${kind} of that name in namespace ${listed(there, SHOWN)}`;
  return object.kind === "Ingress" ? `${where}; an Ingress reaches its own namespace's ${kind}s only: write both into one namespace` : where;
}

function near({ kind, namespace, name }: ObjectRef, { names }: Known): string | undefined {
  const all = names.get(`${kind} ${namespace}`) ?? [];
  const one = all.length <= MOST_NAMES ? closest(name, all.sort()) : undefined;
  return one === undefined ? undefined : `Did you mean "${one}"?`;
}
