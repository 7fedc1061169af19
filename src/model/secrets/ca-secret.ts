/** The Secret that says who signs certificates: `ca.crt`, and `ca.crl` where some are revoked. */
import { X509Certificate } from "node:crypto";
import type { Secret } from "../../source/objects.ts";
import { openSslTakes } from "../../support/openssl.ts";
import { succeeds } from "../../support/succeeds.ts";

export interface CaBundle {
  /** PEM. */
  readonly ca: string;
  /** PEM. */
  readonly crl?: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const CRL = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g;

/** The PEM blocks of the Secret, with nothing around them; or what is wrong, completing "the Secret …, which". */
export function readTrust({ data }: Secret): CaBundle | string {
  const { "ca.crt": ca, "ca.crl": crl } = data;
  if (!ca) return "has no ca.crt: add the certificates of the CA";
  const certificates = ca.revealText().match(CERTIFICATE) ?? [];
  if (certificates.length === 0) return "has no PEM certificate in ca.crt";
  if (!certificates.every(parses)) return "has a certificate in ca.crt that does not parse";
  const bundle = { ca: pem(certificates) };
  if (!crl) return bundle;
  const lists = crl.revealText().match(CRL) ?? [];
  if (lists.length === 0) return "has no PEM revocation list in ca.crl: correct it or remove the key";
  return listsParse(lists) ? { ...bundle, crl: pem(lists) } : "has a revocation list in ca.crl that does not parse";
}

function pem(blocks: readonly string[]): string {
  return `${blocks.join("\n")}\n`;
}

function parses(block: string): boolean {
  return succeeds(() => new X509Certificate(block));
}

/** By way of a TLS context, because Node has no other reader of revocation lists. */
function listsParse(lists: readonly string[]): boolean {
  return openSslTakes({ crl: [...lists] });
}
