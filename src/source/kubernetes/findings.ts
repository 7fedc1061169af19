/**
 * What the Kubernetes source says about a collection that it cannot read, as findings and as log lines, with the remedy
 * in kubectl's words.
 */
import { finding } from "../../model/findings.ts";
import type { Finding, FindingFactory } from "../../model/findings.ts";
import type { AnyObject, Kind } from "../objects.ts";
import { inWords, Refused } from "./failures.ts";
import type { Collection } from "./resources.ts";

export type Verb = "get" | "list" | "watch";

interface Forbidden {
  readonly resource: string;
  readonly verb: Verb;
  readonly remedy: string;
}

export const kindForbidden: FindingFactory<Forbidden> = finding(
  "kind-forbidden",
  "error",
  ({ resource, verb, remedy }) => `Sluice's account may not ${verb} ${resource}; ${remedy}`,
  ({ resource }) => `changes of ${resource} are not seen`,
);

export const INGRESS_CLASSES_FORBIDDEN = "ingressclasses-forbidden";

/** ingress-nginx behaviour: without the permission at start, class objects are ignored for the whole run. */
export const ingressClassesForbidden: FindingFactory<Forbidden> = finding(
  INGRESS_CLASSES_FORBIDDEN,
  "warning",
  ({ resource, verb, remedy }) => `Sluice's account may not ${verb} ${resource}; ${remedy}, then restart Sluice`,
  () => "spec.ingressClassName is not looked at, only the annotation kubernetes.io/ingress.class",
);

/** Makes the finding of one collection. Its subject is the kind as a whole: it has no name. */
export function forbiddenFinding(
  factory: FindingFactory<Forbidden>, collection: Collection<Kind>, verb: Verb,
): Finding {
  const { kind, name } = collection.resource;
  const whole = { kind, metadata: { name: "", namespace: collection.namespace }, spec: {}, data: {} } as AnyObject;
  return factory({ object: whole, field: "" }, { resource: name, verb, remedy: grant(collection) });
}

/** One failure as the beginning of a sentence. */
export function failureOf(collection: Collection<Kind>, verb: Verb, error: unknown): string {
  const { name } = collection.resource;
  const reason = inWords(error);
  switch (error instanceof Refused ? error.status : undefined) {
    case 401:
      return `the API server does not accept our credentials: ${reason}; renew them`;
    case 403:
      return `needs ${verb} on ${name}: ${grant(collection)} (${reason})`;
    case 404:
      return `the API server does not serve ${name}: Sluice needs Kubernetes 1.21 or later (${reason})`;
    default:
      return `cannot ${verb} ${name}: ${reason}`;
  }
}

function grant({ resource, namespace }: Collection<Kind>): string {
  const role = `sluice-${resource.plural}`;
  const kind = namespace ? `role ${role} -n ${namespace}` : `clusterrole ${role}`;
  return `grant it with kubectl create ${kind} --verb=get,list,watch --resource=${resource.name}, and bind it`;
}
