/** Which certificate a server name is served with. The name is that of a host, an alias, or the one that stands for all others. */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import type { Secret } from "../../source/objects.ts";
import { printable } from "../../support/text.ts";
import * as found from "../findings/catalogue.ts";
import type { Place } from "../findings/findings.ts";
import type { ParsedIngress } from "../ingress/parsed.ts";
import type { ServableCertificate } from "../secrets/certificates.ts";
import { listenerOfHost } from "../shapes/host-key.ts";
import type { Alias } from "../shapes/routing.ts";
import { certificateOfName, usableCertificate } from "./tls.ts";
import type { NameCertificate, SecretLookup } from "./tls.ts";

/** What is known of server names. */
export interface ServerNames {
  /** The ordinary Ingresses that name the host, oldest first. */
  mains(host: string): readonly ParsedIngress[];
  alias(name: string): Alias | undefined;
  /** The Secrets of a Gateway's listener, whose key stands in place of a name. */
  listener(name: string): { readonly secrets: readonly string[]; readonly certificates: readonly string[] } | undefined;
  /** The annotation that an alias comes from. */
  placeOfAlias(name: string, alias: Alias): Place | undefined;
}

export interface NameTls extends Omit<NameCertificate, "serves"> {
  /** Undefined: nginx's own certificate, or no TLS. */
  readonly serves: ServableCertificate | undefined;
  /** The name counts as one with TLS, whichever certificate it is served with. */
  readonly secure: boolean;
}

/** How a server name is served over TLS. @param flag --default-ssl-certificate: `namespace/name`; empty: none. */
export function tlsOf(name: string, names: ServerNames, flag: string, lookup: SecretLookup): NameTls {
  if (listenerOfHost(name) !== "") return listenerTls(names.listener(name), lookup);
  const alias = names.alias(name);
  const answer = alias ? aliasTls(name, alias, names, flag, lookup) : ownTls(name, names, flag, lookup);
  const serves = certificateOf(answer, flag, lookup);
  return { ...answer, serves, secure: answer.serves !== undefined };
}

/** The first certificate that can be served. What is wrong with the others is said of the Gateway. */
function listenerTls(listener: ReturnType<ServerNames["listener"]>, lookup: SecretLookup): NameTls {
  const { secrets = [], certificates = [] } = listener ?? {};
  const states = secrets.map((key) => ({ key, certificate: lookup(key)?.certificate }));
  const serves = states.find(({ key, certificate }) => certificate && certificates.includes(key))?.certificate;
  return { serves, secure: serves !== undefined, secrets: new Set(secrets), findings: [] };
}

function certificateOf({ serves }: NameCertificate, flag: string, lookup: SecretLookup): ServableCertificate | undefined {
  if (serves !== "default") return serves;
  return flag === "" ? undefined : lookup(flag)?.certificate;
}

function ownTls(name: string, names: ServerNames, flag: string, lookup: SecretLookup): NameCertificate {
  return name === CATCH_ALL ? defaultTls(flag, lookup) : namedTls(name, names, flag, lookup);
}

/** An alias is served with its host's certificate, if the certificate covers it; otherwise it counts as a name without TLS. */
function aliasTls(name: string, alias: Alias, names: ServerNames, flag: string, lookup: SecretLookup): NameCertificate {
  const { host } = alias;
  const ofHost = ownTls(host, names, flag, lookup);
  const { serves, secrets } = ofHost;
  const without = (finding: (place: Place) => ReturnType<typeof found.aliasNotCovered>): NameCertificate => {
    const place = names.placeOfAlias(name, alias);
    return { serves: undefined, secrets, findings: place ? [finding(place)] : [] };
  };
  // A name that stands for others gets no certificate: whether one covers them could be found out in a handshake only.
  if (name.startsWith("~") || name.endsWith(".*")) {
    if (serves === undefined || host === CATCH_ALL) return { serves: undefined, secrets, findings: [] };
    return without((place) => found.aliasWithoutCertificate(place, { name: printable(name), host }));
  }
  const certificate = certificateOf(ofHost, flag, lookup);
  if (serves === undefined || certificate?.covers(name)) return { serves: certificate, secrets, findings: [] };
  return without((place) => found.aliasNotCovered(place, { name, host }));
}

/** A host that is served with the default certificate depends on the Secret of the flag as well. */
function namedTls(name: string, names: ServerNames, flag: string, lookup: SecretLookup): NameCertificate {
  const answer = certificateOfName(name, names.mains(name), lookup);
  return answer.serves !== "default" || flag === "" ? answer : { ...answer, secrets: new Set([...answer.secrets, flag]) };
}

/** The catch-all is served with the default certificate when there is one; otherwise with nginx's own. */
function defaultTls(flag: string, lookup: SecretLookup): NameCertificate {
  if (flag === "") return { serves: undefined, secrets: new Set(), findings: [] };
  const place = { object: flaggedSecret(flag), field: "--default-ssl-certificate" };
  const { certificate, ...told } = usableCertificate(place, "every name without a certificate", flag, lookup(flag));
  return { serves: certificate, secrets: new Set([flag]), ...told };
}

/** The Secret that a flag names, as the place of findings. */
function flaggedSecret(flag: string): Secret {
  const [namespace = "", name = ""] = flag.split("/");
  return { kind: "Secret", metadata: { namespace, name }, data: {} };
}
