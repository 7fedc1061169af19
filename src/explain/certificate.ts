/** The certificate that a client of https is shown. */
import { X509Certificate } from "node:crypto";
import { CATCH_ALL } from "../../edge/src/program.ts";
import { subjectText } from "../model/findings/findings.ts";
import type { Model } from "../model/model.ts";
import type { Certificate } from "../model/shapes/routing.ts";
import { listed } from "../support/text.ts";
import type { ExplainedStep } from "./step.ts";

const DAY_MS = 24 * 3600 * 1000;
/** Names that one line shows at most. */
const SHOWN = 4;

/** @param name the server name that the client asks for (SNI), in lower case. @param now milliseconds of Unix time. */
export function certificateStep({ tls, certificates }: Pick<Model, "tls" | "certificates">, name: string, now = Date.now()): ExplainedStep {
  const dot = name.indexOf(".");
  const covering = [name, ...(dot > 0 ? [`*${name.slice(dot)}`] : [])].find((one) => certificates.has(tls.get(one) ?? ""));
  const fallback = certificates.get(tls.get(CATCH_ALL) ?? "");
  const certificate = covering === undefined ? fallback : certificates.get(tls.get(covering) ?? "");
  if (!certificate) return { what: "tls", result: "Sluice's own certificate", why: `no Secret has a certificate for "${name}", and there is no default one (--default-ssl-certificate): clients do not trust it` };
  const because = covering === undefined ? `the default certificate, because no Secret has one for "${name}"` : covering === name ? "for the exact name" : `for ${covering}`;
  return { what: "tls", result: subjectText(certificate.origin), why: `${because}; ${shownCertificate(certificate, now)}` };
}

/** Whose certificate it is, and until when. @param now milliseconds of Unix time. */
export function shownCertificate({ chain, notAfter }: Certificate, now: number): string {
  const certificates = parsed(chain);
  const [leaf] = certificates;
  const days = Math.floor((notAfter.getTime() - now) / DAY_MS);
  const end = `${notAfter.toISOString().slice(0, 10)} (${days < 0 ? `${-days} days ago` : `in ${days} days`})`;
  const expiry = days < 0 ? `expired ${end}` : `valid until ${end}`;
  if (!leaf) return expiry;
  const names = (leaf.subjectAltName ?? "").split(", ").flatMap((one) => (one.startsWith("DNS:") ? [one.slice("DNS:".length)] : []));
  return [`names ${listed(names, SHOWN) || "none"}`, expiry, chainText(certificates)].join("; ");
}

function parsed(chain: string): readonly X509Certificate[] {
  return (chain.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem));
}

/** Who has signed the certificate, and whether the chain that is sent leads there. */
function chainText(certificates: readonly X509Certificate[]): string {
  const [leaf] = certificates;
  if (!leaf) return "";
  if (leaf.checkIssued(leaf)) return "signed by itself: clients trust it only if they know it";
  const issuer = /(?:^|\n)(?:CN|O)=([^\n]*)/.exec(leaf.issuer.split("\n").reverse().join("\n"))?.[1] ?? leaf.issuer.replaceAll("\n", ", ");
  const broken = certificates.findIndex((one, index) => index > 0 && !certificates[index - 1]?.checkIssued(one));
  if (broken > 0) return `issued by ${issuer}; certificate ${broken + 1} of the chain has not signed the one before it`;
  return `issued by ${issuer}; ${certificates.length === 1 ? "without intermediate certificates" : `a chain of ${certificates.length}`}`;
}
