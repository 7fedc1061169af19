/** `sluice secret tls`: the certificate and its key, judged as they would be when they are served. */
import { X509Certificate } from "node:crypto";
import { CERTIFICATE_SOON_MS } from "../model/credentials/tls.ts";
import { readSecretState } from "../model/secrets/certificates.ts";
import type { Settings } from "../settings.ts";
import { printable } from "../support/log.ts";
import { PrivateBytes } from "../support/private-bytes.ts";
import { shellWord } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";
import { readPrivateFile } from "./secret-files.ts";

/** A Secret that is still to be printed, and what is to be said of it. */
export interface MadeSecret {
  readonly type: string;
  readonly data: Readonly<Record<string, PrivateBytes>>;
  /** Sentences for people. */
  readonly notes: readonly string[];
}

const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;
const AFTER_EACH = /(?<=-----END CERTIFICATE-----\n)(?=-)/;
const DAY_MS = 24 * 3600 * 1000;

/** Throws a UserError for files that cannot be read (exit code 2), and for what cannot be served (1). */
export function tlsSecret({ certFile, keyFile }: Pick<Settings, "certFile" | "keyFile">): MadeSecret {
  if (certFile === "" || keyFile === "") throw new UserError("Which certificate? Name two PEM files: --cert=FILE and --key=FILE.", 2);
  const [cert, key] = [readPrivateFile(certFile), readPrivateFile(keyFile)];
  if (ENCRYPTED.test(key.revealText())) {
    throw new UserError(`The key in "${printable(keyFile)}" is encrypted, and nobody is there to type its password when it is served: decrypt it with openssl pkey -in ${shellWord(keyFile)} -out ${shellWord(`${keyFile}.decrypted`)}, and give that file.`);
  }
  const { certificate: read, problem } = readSecretState({ kind: "Secret", metadata: { name: "", namespace: "" }, data: { "tls.crt": cert, "tls.key": key } }, undefined);
  if (!read) throw new UserError(problemText(problem ?? "", certFile, keyFile));
  const { certificate, names, commonNameOnly } = read;
  const chain = certificate.chain.split(AFTER_EACH).map((block) => new X509Certificate(block));
  const notes = [
    `The certificate is for ${names} and ends on ${dayOf(certificate.notAfter)}`,
    ...(commonNameOnly ? ["The certificate has its names in the common name alone, where browsers do not look: have it issued with subject alternative names"] : []),
    ...timeNotes(chain[0], Date.now()),
    ...chainNotes(chain, certFile),
  ];
  // The certificates alone: a file may hold their key too.
  return { type: "kubernetes.io/tls", data: { "tls.crt": new PrivateBytes(certificate.chain), "tls.key": key }, notes };
}

/** The problem as a sentence about the files. It names the keys of a Secret. */
function problemText(problem: string, certFile: string, keyFile: string): string {
  const text = problem.replaceAll(/\btls\.(crt|key)\b/g, (_, which) => `"${printable(which === "crt" ? certFile : keyFile)}"`);
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return problem.includes(": ") ? sentence : `${sentence}: name two PEM files that belong together`;
}

/** @param now milliseconds since 1970. */
function timeNotes(leaf: X509Certificate | undefined, now: number): readonly string[] {
  if (!leaf) return [];
  const left = leaf.validToDate.getTime() - now;
  if (left <= 0) return [`Warning: the certificate has expired on ${dayOf(leaf.validToDate)}, and clients refuse it: have it renewed`];
  if (leaf.validFromDate.getTime() > now) return [`Warning: the certificate begins on ${dayOf(leaf.validFromDate)}, and clients refuse it until then`];
  return left <= CERTIFICATE_SOON_MS ? [`Warning: the certificate ends in ${Math.floor(left / DAY_MS)} days: have it renewed`] : [];
}

function chainNotes(chain: readonly X509Certificate[], certFile: string): readonly string[] {
  const at = chain.findIndex((one, index) => !isIssuedBy(one, chain[index + 1] ?? one));
  const lost = chain[at];
  if (!lost) return [];
  const issuer = printable(lost.issuer.replaceAll("\n", ", "));
  if (at < chain.length - 1) return [`Warning: certificate ${at + 1} of the ${chain.length} in "${printable(certFile)}" is not signed by the one behind it: put the one of ${issuer} there`];
  // A chain may leave its root out. A certificate without any other is most likely one whose chain was forgotten.
  return chain.length > 1 ? [] : [`Warning: "${printable(certFile)}" lacks the certificate of ${issuer}, which signed this one, and clients that do not have it refuse the connection: append it, unless it is a root that they know`];
}

function isIssuedBy(one: X509Certificate, issuer: X509Certificate): boolean {
  return one.checkIssued(issuer) && one.verify(issuer.publicKey);
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
