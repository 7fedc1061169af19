/**
 * Certificates: which Secrets hold one that can be served.
 *
 * ingress-nginx behaviour: `tls.crt` (leaf first) and `tls.key` that match, whatever the Secret's type; expiry is said
 * but not enforced; an update that cannot be used keeps the previous certificate serving, a deletion drops it.
 * The kept certificate is the one thing here that the Snapshot does not hold.
 */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { Secret } from "../source/objects.ts";
import type { PrivateBytes } from "../support/private-bytes.ts";
import type { Certificate } from "./types.ts";

/** What became of a Secret that somebody refers to. */
export interface SecretState {
  readonly secret: Secret;
  readonly certificate?: ServableCertificate;
  /** Why the Secret as it is now cannot be used; `certificate` is then the previous one. */
  readonly problem?: string;
}

export interface ServableCertificate {
  readonly certificate: Certificate;
  /** True when the certificate is for this host; `*.example.com` asks for the wildcard itself. */
  covers(host: string): boolean;
  /** For sentences: `DNS:shop.example, DNS:www.shop.example`. */
  readonly names: string;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** @param before the state of the Secret until now. */
export function readSecret(secret: Secret, before: SecretState | undefined): SecretState {
  if (before?.secret === secret) return before;
  const read = readCertificate(secret);
  if (typeof read !== "string") return { secret, certificate: read };
  return { secret, problem: read, ...(before?.certificate ? { certificate: before.certificate } : {}) };
}

/** The certificate, or why there is none. */
function readCertificate(secret: Secret): ServableCertificate | string {
  const { "tls.crt": chainBytes, "tls.key": key } = secret.data;
  if (secret.forbidden) return 'Sluice\'s account may not read it; run "sluice rbac" and apply what it prints';
  if (!chainBytes) return "it has no tls.crt";
  if (!key) return "it has no tls.key";
  const blocks = chainBytes.reveal().toString("latin1").match(BLOCK) ?? [];
  const [leaf, ...rest] = blocks.map(parseCertificate);
  if (!leaf) return blocks.length === 0 ? "tls.crt holds no PEM certificate" : "the first certificate in tls.crt does not parse";
  if (rest.includes(undefined)) return "a certificate of the chain in tls.crt does not parse";
  const problem = keyProblem(leaf, key);
  if (problem !== undefined) return problem;
  const chain = `${blocks.join("\n")}\n`;
  return servable(secret, leaf, chain, key);
}

function servable({ metadata }: Secret, leaf: X509Certificate, chain: string, key: PrivateBytes): ServableCertificate {
  const id = createHash("sha256").update(chain).update("\0").update(key.reveal()).digest("hex");
  const origin = { kind: "Secret", namespace: metadata.namespace, name: metadata.name, field: "data[tls.crt]" };
  return {
    certificate: { id, chain, key, notAfter: leaf.validToDate, origin },
    covers: (host) => leaf.checkHost(host, { partialWildcards: false }) !== undefined,
    names: leaf.subjectAltName ?? leaf.subject.replaceAll("\n", ", "),
  };
}

function parseCertificate(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}

function keyProblem(leaf: X509Certificate, key: PrivateBytes): string | undefined {
  try {
    if (!leaf.checkPrivateKey(createPrivateKey(key.reveal()))) return "tls.key does not belong to the certificate in tls.crt";
  } catch {
    // The reason that OpenSSL gives may quote the key; and it says little to a user.
    return "tls.key is not an unencrypted PEM private key";
  }
  return undefined;
}
