/**
 * Secrets that nobody writes into files, because something in the cluster makes them: cert-manager, the External Secrets
 * Operator, Sealed Secrets. Files that ask for such a Secret are right without it.
 */
import { askedIssuer } from "../model/credentials/tls.ts";
import { altered, finding } from "../model/findings/findings.ts";
import type { Finding } from "../model/findings/findings.ts";
import type { Ingress } from "../source/objects.ts";
import type { Source } from "../source/source.ts";

export const secretPromised = finding<{ secret: string; maker: string; effect: string }>(
  "secret-promised",
  "info",
  ({ secret, maker }) => `Secret "${secret}" is not among the objects, and need not be: ${maker} makes it in a cluster`,
  ({ effect }) => `until it is there, ${effect}`,
);

/** The findings, with advice in the place of those about a Secret that will be made. */
export function withPromised(findings: readonly Finding[], { snapshot, promised }: Pick<Source, "snapshot" | "promised">): readonly Finding[] {
  if (!findings.some(({ missing }) => missing?.kind === "Secret")) return findings;
  const makers = new Map([
    ...[...snapshot.all("Ingress").values()].flatMap(secretsOfShim),
    ...(promised?.() ?? []).map(({ namespace, name, by }) => [`${namespace}/${name}`, by] as const),
  ]);
  return findings.map((one) => {
    const secret = one.missing?.kind === "Secret" ? `${one.missing.namespace}/${one.missing.name}` : "";
    const maker = makers.get(secret);
    return maker === undefined ? one : asPromised(one, secret, maker);
  });
}

/** `namespace/name` of the Secret, and who makes it. */
function secretsOfShim(ingress: Ingress): (readonly [secret: string, maker: string])[] {
  const { metadata: { namespace }, spec: { tls = [] } } = ingress;
  const issuer = askedIssuer(ingress);
  if (issuer === undefined) return [];
  return tls.flatMap(({ secretName = "", hosts = [] }) => (secretName === "" || hosts.length === 0 ? [] : [[`${namespace}/${secretName}`, `cert-manager, which the annotation ${issuer} asks,`] as const]));
}

function asPromised(one: Finding, secret: string, maker: string): Finding {
  const { code, severity, sentence, effect } = secretPromised;
  const params = { secret, maker, effect: one.effect };
  const made: { -readonly [K in keyof Finding]: Finding[K] } = altered(one, { code, severity, sentence: sentence(params), effect: effect(params) });
  // What else may have been meant is no question any more.
  delete made.hint;
  return made;
}
