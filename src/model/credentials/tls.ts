/**
 * Which certificate a host is served with.
 *
 * ingress-nginx behaviour: the oldest Ingress of the host with a `tls` section decides. The item that lists the host
 * counts, else the first item whose certificate covers it. If that certificate cannot be used, the host counts as
 * TLS-enabled all the same: it gets the default certificate, and redirects http to https.
 */
import type { Ingress, IngressTLS } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import { oncePer } from "../../support/once-per.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding, Place } from "../findings/findings.ts";
import type { ParsedIngress } from "../ingress/parsed.ts";
import type { SecretState, ServableCertificate } from "../secrets/certificates.ts";

export interface NameCertificate {
  /** `default`: the default certificate; undefined: the host has no TLS of its own. */
  readonly serves: ServableCertificate | "default" | undefined;
  /** Secrets (`namespace/name`) that the answer depends on, missing ones included. */
  readonly secrets: ReadonlySet<string>;
  readonly findings: readonly Finding[];
  /** When the findings change although no object does; milliseconds since 1970. Absent: never. */
  readonly changesAt?: number | undefined;
}

/** The state of a Secret (`namespace/name`); undefined when it does not exist. */
export type SecretLookup = (key: string) => SecretState | undefined;

const NO_TLS: NameCertificate = { serves: undefined, secrets: new Set(), findings: [] };
/** How long before its end a certificate counts as expiring soon, in milliseconds. */
export const CERTIFICATE_SOON_MS = 10 * 24 * 3600 * 1000;

/** The certificate of a host. @param mains the ordinary Ingresses that name the host, oldest first. */
export function certificateOfName(host: string, mains: readonly ParsedIngress[], lookup: SecretLookup): NameCertificate {
  const deciding = mains.find(({ ingress }) => (ingress.spec.tls ?? []).length > 0)?.ingress;
  if (!deciding) return NO_TLS;
  const items = deciding.spec.tls ?? [];
  const listed = firstToList(items).get(host);
  return listed !== undefined ? listedTls(host, deciding, listed, lookup) : unlistedTls(host, deciding, items, lookup);
}

/** Host, in lower case → index of the first item that lists it. */
const firstToList = oncePer((items: readonly IngressTLS[]): ReadonlyMap<string, number> => {
  const first = new Map<string, number>();
  for (const [index, { hosts = [] }] of items.entries()) for (const host of hosts) if (!first.has(host.toLowerCase())) first.set(host.toLowerCase(), index);
  return first;
});

/** The host is listed: the item's Secret, or the default certificate with the reason why. */
function listedTls(host: string, ingress: Ingress, index: number, lookup: SecretLookup): NameCertificate {
  const item = ingress.spec.tls?.[index];
  // An item without a Secret asks for the default certificate.
  if (!item?.secretName) return { serves: "default", secrets: new Set(), findings: [] };
  const secret = keyOf(ingress.metadata.namespace, item.secretName);
  const place = { object: ingress, field: `spec.tls[${index}].secretName` };
  const { certificate, findings, changesAt } = usableCertificate(place, host, secret, lookup(secret), askedIssuer(ingress));
  const secrets = new Set([secret]);
  if (!certificate) return { serves: "default", secrets, findings };
  if (certificate.covers(host)) return { serves: certificate, secrets, findings, changesAt };
  const notCovering = found.certificateNotCovering(place, { host, secret, names: certificate.names });
  return { serves: "default", secrets, findings: [...findings, notCovering], changesAt };
}

/** Secrets that are tried for a host that no item lists. An Ingress has room for ten thousand items, and the host depends on all that are tried. */
const MOST_TRIED = 32;

function unlistedTls(host: string, ingress: Ingress, items: readonly IngressTLS[], lookup: SecretLookup): NameCertificate {
  const secrets = new Set<string>();
  for (const { secretName } of items) if (secretName && secrets.size < MOST_TRIED) secrets.add(keyOf(ingress.metadata.namespace, secretName));
  for (const secret of secrets) {
    const certificate = lookup(secret)?.certificate;
    if (certificate?.covers(host)) return { serves: certificate, secrets, findings: [] };
  }
  const absent = [...secrets].find((secret) => lookup(secret) === undefined);
  return { serves: "default", secrets, findings: [found.tlsHostNotListed({ object: ingress, field: "spec.tls" }, { host, ...(absent === undefined ? {} : { absent }) })] };
}

/** Annotations by which cert-manager issues the certificates of an Ingress. Source: cert-manager's documentation, "Annotated Ingress resource". */
const ASKS_ISSUER = /^(?:cert-manager\.io|certmanager\.k8s\.io)\/(?:cluster-)?issuer$/;
const ASKS_DEFAULT_ISSUER = "kubernetes.io/tls-acme";

/** The annotation by which cert-manager is asked for the Secrets of an Ingress; undefined: it is not asked. */
export function askedIssuer({ metadata: { annotations = {} } }: Ingress): string | undefined {
  return Object.keys(annotations).find((name) => ASKS_ISSUER.test(name) && annotations[name] !== "") ?? (annotations[ASKS_DEFAULT_ISSUER] === "true" ? ASKS_DEFAULT_ISSUER : undefined);
}

/** The certificate of a Secret, if it can be served, and the findings about it. @param secret `namespace/name`. @param asked the annotation by which cert-manager is asked for the Secret. */
export function usableCertificate(
  place: Place,
  host: string,
  secret: string,
  state: SecretState | undefined,
  asked?: string,
): { readonly certificate: ServableCertificate | undefined; readonly findings: readonly Finding[]; readonly changesAt?: number | undefined } {
  if (!state) {
    const missing = asked === undefined ? found.certificateMissing(place, { host, secret, inFiles: place.object.origin !== undefined }) : found.certificateAwaited(place, { host, secret, asked });
    return { certificate: undefined, findings: [missing] };
  }
  const { certificate, problem } = state;
  const findings: Finding[] = [];
  if (problem !== undefined) {
    findings.push(found.certificateBroken(place, { host, secret, why: problem, previous: certificate !== undefined }));
  }
  if (certificate?.commonNameOnly) findings.push(found.certificateWithoutNames(place, { host, secret }));
  if (!certificate) return { certificate, findings };
  const { notAfter } = certificate.certificate;
  const params = { host, secret, date: notAfter.toISOString().slice(0, 10) };
  const left = notAfter.getTime() - Date.now();
  if (left <= 0) return { certificate, findings: [...findings, found.certificateExpired(place, params)] };
  if (left <= CERTIFICATE_SOON_MS) return { certificate, findings: [...findings, found.certificateExpiresSoon(place, params)], changesAt: notAfter.getTime() };
  return { certificate, findings, changesAt: notAfter.getTime() - CERTIFICATE_SOON_MS };
}
