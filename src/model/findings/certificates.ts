/** What can be wrong with the certificates of hosts. */
import type { ObjectRef } from "../../source/objects.ts";
import { splitName } from "../../support/namespaced-name.ts";
import { finding } from "./findings.ts";

interface OfCertificate {
  /** The host; for the default certificate the words "every name without a certificate". */
  readonly host: string;
  /** `namespace/name`. */
  readonly secret: string;
}

const defaultCertificateServes = ({ host }: OfCertificate): string => `${host} is served with the default certificate`;

/** `inFiles`: the Ingress is read from a file, so there is no cluster in which the Secret could be created. */
export const certificateMissing = finding<OfCertificate & { inFiles: boolean }>(
  "certificate-missing",
  "error",
  ({ secret, inFiles }) => `Secret "${secret}" does not exist: create it${inFiles ? ' ("kubectl create secret tls … --dry-run=client -o yaml" prints the document)' : ""}, or correct the name`,
  defaultCertificateServes,
  undefined,
  ({ secret }) => secretNamed(secret),
);

/** `asked`: the annotation that asks cert-manager for the Secret. */
export const certificateAwaited = finding<OfCertificate & { asked: string }>(
  "certificate-awaited",
  "warning",
  ({ secret, asked }) => `Secret "${secret}" does not exist yet: cert-manager makes it, whom ${asked} asks; if it does not come, look at the Certificate of that name ("kubectl describe certificate"), or create the Secret`,
  defaultCertificateServes,
  undefined,
  ({ secret }) => secretNamed(secret),
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

export const certificateWithoutNames = finding<OfCertificate>(
  "certificate-without-names",
  "warning",
  ({ secret, host }) =>
    `The certificate in Secret "${secret}" has no subjectAltName, and clients do not look at the common name: issue one with it` +
    (/^[\w*.-]+$/.test(host) ? ` (openssl req … -addext subjectAltName=DNS:${host})` : ""),
  ({ host }) => `it is served, and browsers and most other clients refuse the connection to ${host}`,
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

export const tlsForNoHost = finding<{ secret: string }>(
  "tls-for-no-host",
  "info",
  ({ secret }) => `spec.tls names the Secret "${secret}", and no rule names a host whose certificate it could be: give the rules their hosts, or name the Secret with --default-ssl-certificate`,
  () => "it is used for no name: clients are shown the default certificate",
);

/** @param params.absent a Secret of the Ingress (`namespace/name`) that is not there, so that nobody knows yet whether its certificate covers the host. */
export const tlsHostNotListed = finding<{ host: string; absent?: string }>(
  "tls-host-not-listed",
  "warning",
  ({ host }) => `${host} is in no item of spec.tls, and no certificate named there covers it: list it under tls[].hosts`,
  ({ host }) => `${host} is served with the default certificate, and counts as a host with one where http is redirected to https`,
  undefined,
  ({ absent }) => secretNamed(absent),
);

function secretNamed(key: string | undefined): ObjectRef | undefined {
  const name = splitName(key ?? "");
  return name && { kind: "Secret", ...name };
}
