/**
 * What the Kubernetes source says about a collection that it cannot read, as findings and as log lines, with the remedy
 * in kubectl's words.
 */
import { finding } from "../../model/findings/findings.ts";
import type { Finding, FindingFactory } from "../../model/findings/findings.ts";
import type { AnyObject, Kind } from "../objects.ts";
import { inWords, Refused } from "./failures.ts";
import type { Collection } from "./resources.ts";

export type Verb = "get" | "list" | "watch";

interface Forbidden {
  readonly resource: string;
  readonly verb: Verb;
  readonly remedy: string;
}

interface ForbiddenKind extends Forbidden {
  readonly effect: string;
}

/** How serving goes on without a kind that may not be read. */
const WITHOUT: Readonly<Partial<Record<Kind, string>>> = {
  Ingress: "no Ingress is served until they can be read",
  Service: "no Service is known until they can be read: requests to their backends get 503",
  EndpointSlice: "no endpoint is known until they can be read: requests to their backends get 503",
  Secret: "a Secret that cannot be read by its name either counts as one that may not be read: TLS gets the default certificate, and what keeps requests out stays closed",
  ConfigMap: "a ConfigMap that cannot be read by its name either counts as missing",
  Namespace: "no namespace is selected until they can be read: no Ingress is served",
};
/** What happens without the controller's own ConfigMap. */
const WITHOUT_SETTINGS = "nothing is programmed until it can be read, because its settings may keep requests out; what nginx serves from before is served on";

export const kindForbidden: FindingFactory<ForbiddenKind> = finding(
  "kind-forbidden",
  "error",
  ({ resource, verb, remedy }) => `Sluice's account may not ${verb} ${resource}; ${remedy}`,
  ({ effect }) => effect,
);

export const INGRESS_CLASSES_FORBIDDEN = "ingressclasses-forbidden";

/** ingress-nginx behaviour: without the permission at start, class objects are ignored for the whole run. */
export const ingressClassesForbidden: FindingFactory<Forbidden> = finding(
  INGRESS_CLASSES_FORBIDDEN,
  "warning",
  ({ resource, verb, remedy }) => `Sluice's account may not ${verb} ${resource}; ${remedy}, then restart Sluice`,
  () => "an Ingress is ours by the annotation kubernetes.io/ingress.class, or when spec.ingressClassName is the name that --ingress-class gives",
);

export const secretForbidden: FindingFactory<Forbidden> = finding(
  "secret-forbidden",
  "error",
  ({ verb, remedy }) => `Sluice's account may no longer ${verb} this Secret; ${remedy}`,
  () => "changes of it are not seen; what it held before is used",
);

export const nodeZoneUnknown = finding<{ why: string }>(
  "node-zone-unknown",
  "warning",
  ({ why }) => `The zone of this controller's node is not known: ${why}`,
  () => "--enable-topology-aware-routing has no effect until the next start: endpoints of all zones are used",
);

/** `node`: the name of the node; empty: not known. */
export function zoneUnknown(node: string, why: string): Finding {
  return nodeZoneUnknown({ object: { kind: "Node", metadata: { namespace: "", name: node } }, field: "" }, { why });
}

/**
 * Makes the finding of one collection. Its subject is the kind as a whole, which has no name, or the one object in it.
 * `unread`: nothing of it was read so far.
 */
export function forbiddenFinding(
  factory: FindingFactory<ForbiddenKind>, collection: Collection<Kind>, { verb, unread }: { readonly verb: Verb; readonly unread: boolean },
): Finding {
  const { kind, name } = collection.resource;
  const one = nameIn(collection);
  const whole = { kind, metadata: { name: one ?? "", namespace: collection.namespace }, spec: {}, data: {} } as AnyObject;
  const without = unread ? (one === undefined ? WITHOUT[kind] : WITHOUT_SETTINGS) : undefined;
  const effect = without ?? `changes of ${name} are not seen`;
  return factory({ object: whole, field: "" }, { resource: name, verb, remedy: grant(collection), effect });
}

/** One failure as the beginning of a sentence. */
export function failureOf(collection: Collection<Kind>, verb: Verb, error: unknown): string {
  const { name } = collection.resource;
  const one = nameIn(collection);
  const whole = one === undefined ? name : `${name} ${collection.namespace}/${one}`;
  const reason = inWords(error);
  switch (error instanceof Refused ? error.status : undefined) {
    case 401:
      return `the API server does not accept our credentials: ${reason}; renew them`;
    case 403:
      return `needs ${verb} on ${whole}: ${grant(collection)} (${reason})`;
    case 404:
      return `the API server does not serve ${name}: Sluice needs Kubernetes 1.21 or later (${reason})`;
    default:
      return `cannot ${verb} ${whole}: ${reason}`;
  }
}

/** The one object that a collection is narrowed to. */
function nameIn({ fieldSelector = "" }: Collection<Kind>): string | undefined {
  return /^metadata\.name=([^,]*)$/.exec(fieldSelector)?.[1];
}

function grant(collection: Collection<Kind>): string {
  const { resource, namespace } = collection;
  if (resource.kind === "Secret" && nameIn(collection) !== undefined) return `run "sluice rbac" and apply what it prints`;
  const role = `sluice-${resource.plural}`;
  const kind = namespace ? `role ${role} -n ${namespace}` : `clusterrole ${role}`;
  return `grant it with kubectl create ${kind} --verb=get,list,watch --resource=${resource.name}, and bind it`;
}
