/**
 * Every finding of the model stage: its code, its severity, and what it says.
 *
 * Codes are stable. A sentence names the offending value and the remedy; the effect says what happens meanwhile.
 */
export * from "./annotations/findings-snippets.ts";
export * from "./annotations/findings-tracing.ts";
import { CLOSED, finding } from "./findings.ts";

export * from "./annotations/findings-external-auth.ts";
export * from "./annotations/findings-access.ts";
export * from "./annotations/findings-routing.ts";
export * from "./annotations/findings-balance.ts";
export * from "./annotations/findings-upstream.ts";
export * from "./annotations/findings-host-tls.ts";
export * from "./findings-admission.ts";
export * from "./findings-streams.ts";

// Which Ingresses are ours

export const ingressClassUnknown = finding<{ name: string; known: readonly string[] }>(
  "ingress-class-unknown",
  "warning",
  ({ name, known }) =>
    `There is no IngressClass "${name}": create it` +
    (known.length > 0 ? `, or use ${known.map((one) => `"${one}"`).join(" or ")}` : ""),
  () => "the Ingress is ignored",
);

export const ingressClassMissing = finding<{ name: string }>(
  "ingress-class-missing",
  "info",
  ({ name }) => `The Ingress names no class and there is no default one: set spec.ingressClassName, for example to "${name}"`,
  () => "the Ingress is ignored",
);

export const catchAllDisabled = finding<Record<never, never>>(
  "catch-all-disabled",
  "warning",
  () => "spec.defaultBackend is not allowed here (--disable-catch-all): remove it",
  () => "the Ingress is ignored",
);

export const profilesExhausted = finding<{ namespace: string; needed: number; most: number; closed: boolean }>(
  "profiles-exhausted",
  "error",
  ({ namespace, needed, most }) =>
    `The Ingresses of ${namespace} ask for ${needed} combinations of settings that each need a location of nginx's, and ${most} are allowed (--profiles-per-namespace), older Ingresses first: ` +
    "give annotations such as proxy-body-size the same values in several Ingresses, or ask the operator for more",
  ({ closed }) => (closed ? "paths of this Ingress with further combinations answer 503" : "paths of this Ingress with further combinations are served with the controller's sizes, times and error pages"),
);

// What an Ingress declares

export const hostInvalid = finding<{ host: string }>(
  "host-invalid",
  "error",
  ({ host }) => `"${host}" is not a host name: use lower-case labels joined by dots, with at most one leading "*."`,
  () => "this rule is ignored",
);

export const pathInvalid = finding<{ path: string; why: string }>(
  "path-invalid",
  "error",
  ({ path, why }) => `The path "${path}" ${why}`,
  () => "this path is ignored",
);

export const pathTypeUnknown = finding<{ pathType: string }>(
  "path-type-unknown",
  "error",
  ({ pathType }) => `"${pathType}" is not a path type: use Prefix, Exact or ImplementationSpecific`,
  () => "this path is ignored",
);

export const backendInvalid = finding<{ why: string; effect: string }>(
  "backend-invalid",
  "error",
  ({ why }) => `${why}: name a Service and one of its ports`,
  ({ effect }) => effect,
);

export const pathConflict = finding<{ what: string; winner: string }>(
  "path-conflict",
  "warning",
  ({ what, winner }) => `${what} is declared by the Ingress ${winner} already, which comes first: change or remove one of them`,
  ({ winner }) => `requests go where ${winner} sends them`,
  ({ what }, loser) => `The Ingress ${loser} declares ${what} too, and comes later: requests go where this Ingress sends them`,
);

// Annotations

interface BadValue {
  readonly name: string;
  /** Printable. */
  readonly value: string;
  readonly expects: string;
  readonly used: string;
}

export const annotationUnknown = finding<{ name: string; near?: string }>(
  "annotation-unknown",
  "warning",
  ({ name, near }) => `There is no annotation "${name}"` + (near === undefined ? ": remove it" : `: did you mean "${near}"?`),
  () => "it has no effect",
);

export const annotationInvalid = finding<BadValue>(
  "annotation-invalid",
  "warning",
  ({ name, value, expects }) => `"${value}" is not valid for ${name}: it must be ${expects}`,
  ({ used }) => `the default is used: ${used}`,
);

export const annotationRefused = finding<Omit<BadValue, "used">>(
  "annotation-refused",
  "error",
  ({ name, value, expects }) => `"${value}" is not valid for ${name}: it must be ${expects}`,
  () => "the whole Ingress is refused: none of its rules is served",
);

export const annotationClosed = finding<Omit<BadValue, "used">>(
  "annotation-closed",
  "error",
  ({ name, value, expects }) => `"${value}" is not valid for ${name}: it must be ${expects}`,
  () => CLOSED,
);

/** A Secret, ConfigMap or Service that an annotation names and that cannot be used. */
export const annotationReference = finding<{ name: string; kind: string; key: string; why: string; effect: string }>(
  "annotation-reference",
  "error",
  ({ name, kind, key, why }) => `${name} names the ${kind} "${key}", which ${why}`,
  ({ effect }) => effect,
);

/** An annotation that does nothing alone. */
export const annotationIncomplete = finding<{ name: string; needs: string }>(
  "annotation-incomplete",
  "warning",
  ({ name, needs }) => `${name} does nothing without ${needs}: add it, or remove ${name}`,
  () => "it has no effect",
);

export const corsOriginSkipped = finding<{ origins: readonly string[]; effect: string }>(
  "cors-origin-skipped",
  "warning",
  ({ origins }) => `${origins.map((one) => `"${one}"`).join(", ")} in cors-allow-origin has no scheme: write it like https://shop.example`,
  ({ effect }) => effect,
);

export const annotationReduced = finding<BadValue>(
  "annotation-reduced",
  "warning",
  ({ name, value, expects }) => `${value} is too much for ${name}: it must be ${expects}`,
  ({ used }) => `${used} is used`,
);

export const annotationOnCanary = finding<{ name: string }>(
  "annotation-on-canary",
  "info",
  ({ name }) => `${name} has no effect on a canary: set it on the Ingress that the canary joins`,
  () => "requests to the canary follow the annotations of that Ingress",
);

// Sluice's own annotations

interface Unreadable {
  readonly what: string;
  readonly why: string;
  readonly effect: string;
}

export const matchUnreadable = finding<Unreadable>(
  "match-unreadable",
  "error",
  ({ what, why }) => `${what} cannot be read: ${why}`,
  ({ effect }) => effect,
);

export const pathAnnotationsUnreadable = finding<Unreadable>(
  "path-annotations-unreadable",
  "error",
  ({ what, why }) => `${what} cannot be read: ${why}`,
  ({ effect }) => effect,
);

export const pathNotDeclared = finding<{ name: string; path: string; near?: string }>(
  "path-not-declared",
  "warning",
  ({ name, path, near }) =>
    `${name} speaks of "${path}", which is no path of this Ingress` + (near === undefined ? ": write it as in spec.rules" : `: did you mean "${near}"?`),
  () => "what it says there has no effect",
);

export const notOfPath = finding<{ name: string; path: string }>(
  "annotation-not-of-path",
  "warning",
  ({ name, path }) => `${name} holds for more than the path "${path}": set it on the Ingress`,
  () => "it has no effect",
);

// Canaries

export const canaryNotEnabled = finding<{ name: string; prefix: string }>(
  "canary-not-enabled",
  "warning",
  ({ name, prefix }) => `${name} needs ${prefix}/canary: "true" on the same Ingress`,
  () => "the Ingress is an ordinary one and may conflict with the one that it should join",
);

export const canaryWithoutMain = finding<{ what: string }>(
  "canary-without-main",
  "warning",
  ({ what }) => `No ordinary Ingress sends ${what} to a Service, with the same path and path type: a canary needs one to join`,
  () => "this canary path has no effect",
);

export const canaryRuleWithoutPaths = finding<Record<never, never>>(
  "canary-rule-without-paths",
  "warning",
  () => "This rule of a canary has no http.paths: declare the paths that the canary takes part in",
  () => "this rule is ignored",
);

export const canaryRuleNeedsHeader = finding<{ name: string }>(
  "canary-needs-header",
  "warning",
  ({ name }) => `${name} needs canary-by-header on the same Ingress`,
  () => "it has no effect",
);

export const canaryWeightOutOfRange = finding<{ name: string; value: number; used: number; total: number }>(
  "canary-weight-out-of-range",
  "warning",
  ({ name, value, total }) =>
    name === "canary-weight"
      ? `canary-weight ${value} is not within 0 and canary-weight-total, which is ${total}`
      : `canary-weight-total ${value} is not at least 100 and at most ${total}`,
  ({ used }) => `${used} is used`,
);

export const canaryWeightsExceedTotal = finding<{ what: string; weight: number; left: number }>(
  "canary-weights-exceed-total",
  "warning",
  ({ what, weight, left }) =>
    `The canaries of ${what} ask for more requests than there are: of its weight ${weight} only ${left} is left by older ones`,
  ({ left }) => `the weight ${left} is used, and the Ingress that they join gets nothing by weight`,
);

// Services and endpoints

interface OfPool {
  /** What becomes of the requests. */
  readonly effect: string;
}

export const serviceMissing = finding<OfPool & { service: string; namespace: string }>(
  "service-missing",
  "error",
  ({ service, namespace }) => `Service "${service}" does not exist in namespace "${namespace}": create it or correct the name`,
  ({ effect }) => effect,
);

export const servicePortMissing = finding<OfPool & { service: string; port: string; ports: readonly string[] }>(
  "service-port-missing",
  "error",
  ({ service, port, ports }) =>
    `Service "${service}" has no port ${port === "" ? "at all" : `"${port}"`}` +
    (ports.length > 0 ? `: it has ${ports.join(", ")}` : ": add one to its spec.ports"),
  ({ effect }) => effect,
);

export const noEndpoints = finding<OfPool & { service: string; port: string }>(
  "no-endpoints",
  "info",
  ({ service, port }) => `Service "${service}" has no ready endpoint for port "${port}": look at its selector and pods`,
  ({ effect }) => effect,
);

export const externalNameDisabled = finding<OfPool & { service: string }>(
  "external-name-disabled",
  "error",
  ({ service }) => `Service "${service}" is of type ExternalName, which is not allowed here (--disable-svc-external-name)`,
  ({ effect }) => effect,
);

export const externalNameRefused = finding<OfPool & { service: string; name: string; why: string }>(
  "external-name-refused",
  "error",
  ({ service, name, why }) => `The externalName "${name}" of Service "${service}" is refused: ${why}`,
  ({ effect }) => effect,
);

export const externalNameUnresolved = finding<OfPool & { service: string; name: string }>(
  "external-name-unresolved",
  "warning",
  ({ service, name }) => `The externalName "${name}" of Service "${service}" has no address in DNS: correct it or wait for DNS`,
  ({ effect }) => effect,
);

export const targetRefused = finding<OfPool & { name: string; why: string }>(
  "target-refused",
  "error",
  ({ name, why }) => `The target "${name}" is refused: ${why}`,
  ({ effect }) => effect,
);

export const targetUnresolved = finding<OfPool & { name: string }>(
  "target-unresolved",
  "warning",
  ({ name }) => `The target "${name}" has no address in DNS: correct it or wait for DNS`,
  ({ effect }) => effect,
);

// Certificates

interface OfCertificate {
  /** The host, or "unknown hosts" for the default certificate. */
  readonly host: string;
  /** `namespace/name`. */
  readonly secret: string;
}

const defaultCertificateServes = ({ host }: OfCertificate): string => `${host} is served with the default certificate`;

export const certificateMissing = finding<OfCertificate>(
  "certificate-missing",
  "error",
  ({ secret }) => `Secret "${secret}" does not exist: create it, or correct the name`,
  defaultCertificateServes,
);

export const certificateBroken = finding<OfCertificate & { why: string; previous: boolean }>(
  "certificate-broken",
  "error",
  ({ secret, why }) => `Secret "${secret}" cannot be used as a certificate: ${why}`,
  (params) =>
    params.previous ? `${params.host} is served with the Secret's previous certificate` : defaultCertificateServes(params),
);

export const certificateNotCovering = finding<OfCertificate & { names: string }>(
  "certificate-not-covering",
  "error",
  ({ host, secret, names }) => `The certificate in Secret "${secret}" is for ${names}, not for ${host}: issue one that covers it`,
  defaultCertificateServes,
);

export const certificateExpired = finding<OfCertificate & { date: string }>(
  "certificate-expired",
  "error",
  ({ secret, date }) => `The certificate in Secret "${secret}" expired on ${date}: renew it`,
  ({ host }) => `clients refuse the connection to ${host}`,
);

export const certificateExpiresSoon = finding<OfCertificate & { date: string }>(
  "certificate-expires-soon",
  "warning",
  ({ secret, date }) => `The certificate in Secret "${secret}" expires on ${date}: renew it`,
  ({ host }) => `after that, clients refuse the connection to ${host}`,
);

export const tlsHostNotListed = finding<{ host: string }>(
  "tls-host-not-listed",
  "warning",
  ({ host }) => `${host} is in no item of spec.tls, and no certificate named there covers it: list it under tls[].hosts`,
  ({ host }) => `${host} is served with the default certificate, and counts as a host with one where http is redirected to https`,
);
