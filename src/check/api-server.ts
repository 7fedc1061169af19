/**
 * What an API server refuses of an Ingress, where Sluice, which also reads files that no API server has seen, would serve
 * it. Source: Kubernetes, pkg/apis/networking/validation (ValidateIngressCreate of networking.k8s.io/v1).
 */
import { isIP } from "node:net";
import * as found from "../model/findings/catalogue.ts";
import { altered, boundFindings, finding } from "../model/findings/findings.ts";
import type { Finding } from "../model/findings/findings.ts";
import * as inFiles from "../source/manifests/findings.ts";
import type { Ingress, IngressBackend, IngressPath } from "../source/objects.ts";

export const apiServerRefuses = finding<{ why: string }>(
  "api-server-refuses",
  "error",
  ({ why }) => `An API server refuses this: ${why}`,
  () => "kubectl does not write the object, and what is in the cluster stays as it is",
);

interface Refusal {
  readonly field: string;
  readonly why: string;
}

/** RFC 1123 subdomain and label, RFC 1035 label, and a service name of RFC 6335, as Kubernetes checks them. */
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const WILDCARD = /^(?=.{1,253}$)\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const PORT_NAME = /^(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** Name of an annotation, behind its prefix. */
const QUALIFIED = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/;
const MOST_ANNOTATIONS = 256 * 1024;
const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
const PATH_TYPES = ["Exact", "Prefix", "ImplementationSpecific"];

/** One finding for each field that an API server refuses. */
function refusedByApiServer(ingress: Ingress): readonly Finding[] {
  return [...refusalsOf(ingress)].map(({ field, why }) => apiServerRefuses({ object: ingress, field }, { why }));
}

/**
 * The findings of files that are meant for a cluster: what an API server refuses is an error. Where a finding tells of the
 * same field already, that one becomes the error, because it knows more.
 * @param all with those that were left out because another one tells of the same value.
 */
export function asClusterTakesThem(findings: readonly Finding[], all: readonly Finding[], ingresses: Iterable<Ingress>): readonly Finding[] {
  const hidden = new Set(all.filter(({ code }) => REFUSED.has(code)).map((one) => `${keyOfObject(one)} ${one.field}`));
  const refusals = Map.groupBy([...ingresses].flatMap(refusedByApiServer), keyOfObject);
  const untold = new Set([...refusals.values()].flat());
  const told = findings.map((one) => {
    // A name of nothing that is there may be a name that nothing can have.
    const same = one.missing ? [] : (refusals.get(keyOfObject(one)) ?? []).filter(({ field }) => isWithin(field, one.field) || isWithin(one.field, field));
    for (const refusal of same) untold.delete(refusal);
    return same.length > 0 || hidden.has(`${keyOfObject(one)} ${one.field}`) ? altered(one, { severity: "error" }) : one;
  });
  return boundFindings([...told, ...untold]);
}

/** Whether it is wrong only as long as no cluster has the objects: a cluster adds endpoints and addresses, its DNS knows names, and its cert-manager makes Secrets. */
export function isKnownToClusters({ code }: Finding): boolean {
  return KNOWN_TO_CLUSTERS.has(code);
}

const KNOWN_TO_CLUSTERS: ReadonlySet<string> = new Set([found.noEndpoints, found.externalNameUnresolved, found.targetUnresolved, found.clusterIpMissing, found.certificateAwaited].map(({ code }) => code));

function keyOfObject({ object: { kind, namespace, name } }: Finding): string {
  return `${kind} ${namespace}/${name}`;
}

function isWithin(field: string, parent: string): boolean {
  return field === parent || field.startsWith(`${parent}.`);
}

/** Forms that Sluice reads from files, and that kubectl or an API server of today refuses. */
const REFUSED: ReadonlySet<string> = new Set([
  inFiles.apiVersionOld, inFiles.backendOldShape, inFiles.documentList, inFiles.fieldType, inFiles.fieldUnknown, inFiles.pathEmpty, inFiles.pathTypeMissing, inFiles.valueNotString,
].map(({ code }) => code));

function* refusalsOf({ metadata, spec }: Ingress): Generator<Refusal> {
  const { annotations = {} } = metadata;
  const { rules = [], tls = [], defaultBackend, ingressClassName } = spec;
  if (rules.length === 0 && !defaultBackend) yield { field: "spec", why: "it has neither rules nor a defaultBackend" };
  if (defaultBackend) yield* backendRefusals(defaultBackend, "spec.defaultBackend");
  for (const [index, { host, http }] of rules.entries()) {
    const field = `spec.rules[${index}]`;
    if (host !== undefined && host !== "") yield* hostRefusals(host, `${field}.host`);
    if (http && http.paths.length === 0) yield { field: `${field}.http.paths`, why: "it has no paths" };
    for (const [at, path] of (http?.paths ?? []).entries()) yield* pathRefusals(path, `${field}.http.paths[${at}]`);
  }
  for (const [index, { hosts = [], secretName = "" }] of tls.entries()) {
    for (const [at, host] of hosts.entries()) if (host !== "") yield* hostRefusals(host, `spec.tls[${index}].hosts[${at}]`, true);
    if (secretName !== "" && !SUBDOMAIN.test(secretName)) yield { field: `spec.tls[${index}].secretName`, why: "it is no name of a Secret: lower case letters, digits, - and ." };
  }
  if (ingressClassName !== undefined && !SUBDOMAIN.test(ingressClassName)) yield { field: "spec.ingressClassName", why: "it is no name of an IngressClass: lower case letters, digits, - and ." };
  if (ingressClassName !== undefined && annotations[CLASS_ANNOTATION] !== undefined) {
    yield { field: `metadata.annotations[${CLASS_ANNOTATION}]`, why: "a new Ingress may not have both this annotation and ingressClassName: remove the annotation" };
  }
  yield* annotationRefusals(annotations);
}

function* annotationRefusals(annotations: Readonly<Record<string, string>>): Generator<Refusal> {
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
    const [name = "", prefix, more] = key.split("/").reverse();
    if (more !== undefined || !QUALIFIED.test(name) || (prefix !== undefined && !SUBDOMAIN.test(prefix.toLowerCase()))) {
      yield { field: `metadata.annotations[${key}]`, why: "it is no name of an annotation: PREFIX/NAME, with at most 63 letters, digits, -, _ and . behind the slash" };
    }
  }
  if (size > MOST_ANNOTATIONS) yield { field: "metadata.annotations", why: `annotations have more than ${MOST_ANNOTATIONS} bytes together` };
}

function* hostRefusals(host: string, field: string, mayBeAddress = false): Generator<Refusal> {
  if (!mayBeAddress && isIP(host) !== 0) yield { field, why: "a host must be a name, not an address" };
  else if (!(host.includes("*") ? WILDCARD : SUBDOMAIN).test(host)) yield { field, why: `a host is a name in lower case, or "*." and a name` };
}

function* pathRefusals({ path, pathType = "", backend }: IngressPath, field: string): Generator<Refusal> {
  if (!PATH_TYPES.includes(pathType)) yield { field: `${field}.pathType`, why: `the pathType is one of ${PATH_TYPES.join(", ")}` };
  else if (pathType === "ImplementationSpecific") {
    if (path !== undefined && path !== "" && !path.startsWith("/")) yield { field: `${field}.path`, why: "a path begins with /" };
  } else if (!path?.startsWith("/")) yield { field: `${field}.path`, why: "a path begins with /" };
  else if (/\/\/|\/\.\.?(?:\/|$)|%2f/i.test(path)) yield { field: `${field}.path`, why: `a path of type ${pathType} has no "//", "/./", "/../" and "%2f" in it` };
  yield* backendRefusals(backend, `${field}.backend`);
}

function* backendRefusals({ service, resource }: IngressBackend, field: string): Generator<Refusal> {
  if (service && resource) yield { field, why: "a backend is a service or a resource, not both" };
  if (!service && !resource) yield { field, why: "a backend needs a service or a resource" };
  if (!service) return;
  if (!LABEL_1035.test(service.name)) yield { field: `${field}.service.name`, why: "it is no name of a Service: a lower case letter, then letters, digits and -, 63 at most" };
  const { name = "", number = 0 } = service.port ?? {};
  if (name !== "" && number !== 0) yield { field: `${field}.service.port`, why: "a port has a name or a number, not both" };
  else if (name !== "" && !PORT_NAME.test(name)) yield { field: `${field}.service.port.name`, why: "it is no name of a port: 15 lower case letters, digits and - at most, with a letter among them" };
  else if (name === "" && (number < 1 || number > 65535)) yield { field: `${field}.service.port`, why: "a port needs a name, or a number from 1 to 65535" };
}
