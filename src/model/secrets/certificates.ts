/**
 * Certificates: which Secrets hold one that can be served.
 *
 * ingress-nginx behaviour: `tls.crt` (leaf first) and `tls.key` that match, whatever the Secret's type; expiry is
 * reported but not enforced; an update that cannot be used keeps the previous certificate serving, a deletion drops it.
 * The kept certificate is the one thing here that the Snapshot does not hold.
 */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Secret } from "../../source/objects.ts";
import type { PrivateBytes } from "../../support/private-bytes.ts";
import type { Certificate } from "../shapes/routing.ts";

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
  /** The certificate names its host in the common name alone, where clients do not look any more (RFC 9525). */
  readonly commonNameOnly: boolean;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** @param before the state of the Secret until now. */
export function readSecretState(secret: Secret, before: SecretState | undefined): SecretState {
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
  const text = chainBytes.revealText();
  const blocks = text.match(BLOCK) ?? [];
  const [leaf, ...rest] = blocks.map(parseCertificate);
  if (!leaf) return blocks.length === 0 ? "tls.crt holds no PEM certificate" : "the first certificate in tls.crt does not parse";
  if (rest.includes(undefined)) return "a certificate of the chain in tls.crt does not parse";
  const problem = keyProblem([leaf, ...rest.flatMap((one) => one ?? [])], key);
  if (problem !== undefined) return problem;
  const chain = `${blocks.join("\n")}\n`;
  // Mostly they are the same text, which then is kept once.
  return servable(secret, leaf, chain === text ? text : chain, key);
}

function servable({ metadata }: Secret, leaf: X509Certificate, chain: string, key: PrivateBytes): ServableCertificate {
  const id = createHash("sha256").update(chain).update("\0").update(key.reveal()).digest("hex");
  lastLeaf = { id, leaf };
  const origin = { kind: "Secret", namespace: metadata.namespace, name: metadata.name, field: "data[tls.crt]" };
  return {
    certificate: { id, chain, key, notAfter: leaf.validToDate, origin },
    covers: (host) => leafOf(id, chain).checkHost(host, { partialWildcards: false }) !== undefined,
    commonNameOnly: leaf.subjectAltName === undefined,
    names: leaf.subjectAltName ?? leaf.subject.replaceAll("\n", ", "),
  };
}

/** The leaf that was parsed last: whoever reads a certificate asks at once what it covers. */
let lastLeaf: { readonly id: string; readonly leaf: X509Certificate } | undefined;

/** The leaf of a chain that was parsed before. It is parsed again when it is asked for, because OpenSSL's form of one takes several KiB. */
function leafOf(id: string, chain: string): X509Certificate {
  if (lastLeaf?.id !== id) lastLeaf = { id, leaf: new X509Certificate(chain) };
  return lastLeaf.leaf;
}

function parseCertificate(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}

function keyProblem(chain: readonly X509Certificate[], bytes: PrivateBytes): string | undefined {
  const key = keyOf(bytes);
  // OpenSSL's reason is not passed on: it may quote the key, and says little to a user.
  if (!key) return "tls.key is not an unencrypted PEM private key";
  const at = chain.findIndex((one) => one.checkPrivateKey(key));
  if (at === 0) return undefined;
  if (at > 0) return `tls.key belongs to certificate ${at + 1} of the ${chain.length} in tls.crt: put that one first, and those that signed it behind it`;
  return "tls.key does not belong to the certificate in tls.crt";
}

function keyOf(bytes: PrivateBytes): KeyObject | undefined {
  try {
    return createPrivateKey(bytes.reveal());
  } catch {
    return undefined;
  }
}
