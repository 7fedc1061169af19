/**
 * Secrets that nobody writes into files, because something in the cluster makes them: cert-manager, the External Secrets
 * Operator, Sealed Secrets. Files that ask for such a Secret are right without it.
 */
import { askedIssuer } from "../model/credentials/tls.ts";
import type { Finding } from "../model/findings/findings.ts";
import type { Ingress } from "../source/objects.ts";
import type { Source } from "../source/source.ts";

/** The findings, without those about a Secret that will be made. */
export function withoutPromised(findings: readonly Finding[], { snapshot, promised }: Pick<Source, "snapshot" | "promised">): readonly Finding[] {
  if (!findings.some(({ missing }) => missing?.kind === "Secret")) return findings;
  const made = new Set([...[...snapshot.all("Ingress").values()].flatMap(secretsOfShim), ...(promised?.() ?? []).map(({ namespace, name }) => `${namespace}/${name}`)]);
  return findings.filter(({ missing }) => missing?.kind !== "Secret" || !made.has(`${missing.namespace}/${missing.name}`));
}

/** The Secrets (`namespace/name`) that cert-manager makes for an Ingress that asks it to. */
function secretsOfShim(ingress: Ingress): string[] {
  const { metadata: { namespace }, spec: { tls = [] } } = ingress;
  if (askedIssuer(ingress) === undefined) return [];
  return tls.flatMap(({ secretName = "", hosts = [] }) => (secretName === "" || hosts.length === 0 ? [] : [`${namespace}/${secretName}`]));
}
