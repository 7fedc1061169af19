/**
 * The annotations about TLS between nginx and a backend.
 *
 * ingress-nginx behaviour: none of the annotations holds without proxy-ssl-secret. Unlike there, a backend that is to be
 * verified and cannot be is not spoken to at all, a client certificate is shown with or without a `ca.crt`, and the
 * annotations hold for the paths of their own Ingress only.
 */
import { X509Certificate } from "node:crypto";
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import type { Secret } from "../../../source/objects.ts";
import { contentDigest } from "../../../support/digest.ts";
import { printable } from "../../../support/text.ts";
import { ciphers as opensslCiphers } from "../../config/value-types.ts";
import * as found from "../../findings/catalogue.ts";
import { CLOSED } from "../../findings/findings.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { basicText, integerBetween, onOff, pattern } from "../../grammar/value-types.ts";
import { readSecretState } from "../../secrets/certificates.ts";
import { TLS_VERSIONS } from "../../shapes/routing.ts";
import type { Certificate, Protocol, TlsVersion, Authorities } from "../../shapes/routing.ts";
import { annotation, field, toldByFinding, whereOn } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature, FilterContext, RouteFilters } from "../feature.ts";
import { namedSecret } from "../resolver.ts";
import type { ResolveContext, Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";
import { proxy } from "./proxy.ts";

export interface UpstreamTlsValues {
  /** proxy-ssl-secret as written. */
  readonly secret?: string;
  readonly ciphers: string;
  readonly protocols: readonly TlsVersion[];
  readonly name?: string;
  readonly verify: boolean;
  readonly verifyDepth: number;
  readonly serverName: boolean;
  /** What the Secret holds; set by the resolver. */
  readonly certificate?: Certificate;
  readonly trust?: Authorities;
}

const DEFAULTS: UpstreamTlsValues = { ciphers: "DEFAULT", protocols: ["TLSv1.2"], verify: false, verifyDepth: 1, serverName: false };

/** What the annotations of an Ingress say about TLS to its backends. */
export const upstreamTls = slot<UpstreamTlsValues>("upstreamTls", () => DEFAULTS);

const ciphers: ValueType<string> = {
  expects: "an OpenSSL cipher list of letters, digits and : _ - !",
  parse: (text) => (/^[A-Za-z0-9:_\-!]+$/.test(text) ? opensslCiphers.parse(text) : undefined),
  format: (value) => value,
};

/** Each version once and in one order, so that lists of the same meaning make one profile. */
const protocols: ValueType<readonly TlsVersion[]> = {
  expects: `words out of ${TLS_VERSIONS.join(", ")}, separated by spaces`,
  parse: (text) => {
    const words = text.split(/\s+/).filter((word) => word !== "");
    const known = TLS_VERSIONS.filter((version) => words.includes(version));
    return known.length > 0 && words.every((word) => TLS_VERSIONS.some((version) => version === word)) ? { value: known } : undefined;
  },
  format: (value) => value.join(" "),
};

const annotations: readonly Honoured[] = [
  row("proxy-ssl-secret", "secret", basicText, "Medium", "Secret (`namespace/name`) with the client certificate (`tls.crt`, `tls.key`), the authorities that may have signed the backend's (`ca.crt`), or both. Without it the other `proxy-ssl-…` mean nothing.", {
    onInvalid: "refused",
    differs: "It holds for the paths of its own Ingress only, and the client certificate is shown with or without a `ca.crt`.",
  }),
  row("proxy-ssl-ciphers", "ciphers", ciphers, "Medium", "Ciphers offered to the backend."),
  row("proxy-ssl-protocols", "protocols", protocols, "Low", "TLS versions spoken to the backend."),
  row("proxy-ssl-name", "name", { ...pattern, expects: pattern.expects.replace("a regular expression of ", "") }, "High", "The name that the backend's certificate must be for, and that is sent as SNI.", {
    differs: "Without it the name is `<service>.<namespace>.svc`, not `upstream_balancer`.",
    differsFor: toldByFinding,
  }),
  row("proxy-ssl-verify", "verify", onOff, "Low", "Whether the backend's certificate is verified.", {
    onInvalid: "closed",
    differs: "Where there is no `ca.crt` to verify with, the paths answer 503 instead of trusting any certificate.",
    differsFor: whereOn,
  }),
  row("proxy-ssl-verify-depth", "verifyDepth", integerBetween(1, 100), "Low", "Longest chain of certificates that is followed."),
  row("proxy-ssl-server-name", "serverName", onOff, "Low", "Whether the name is sent as SNI."),
];

function row<K extends "secret" | "ciphers" | "protocols" | "name" | "verify" | "verifyDepth" | "serverName">(
  name: string, key: K, type: ValueType<NonNullable<UpstreamTlsValues[K]>>, risk: Honoured["risk"], doc: string,
  more: Pick<Honoured, "onInvalid" | "differs" | "differsFor"> = {},
): Honoured {
  return annotation<NonNullable<UpstreamTlsValues[K]>>({
    name, group: "proxy", risk, scope: "location", type, doc, ...more,
    // The name is data.
    ...(key === "name" ? {} : { reload: "when new" as const }),
    ...field(upstreamTls, key),
  });
}

/** The protocols that run, or may run, over TLS. */
function speaksTls(protocol: Protocol): boolean {
  return protocol === "HTTPS" || protocol === "GRPCS" || protocol === "AUTO_HTTP";
}

const resolver: Resolver = {
  groups: ["proxy"],
  resolve(values, at) {
    const { secret, verify } = upstreamTls.of(values);
    if (!speaksTls(proxy.of(values).protocol)) return ineffective(values, at, `the backend is not spoken to over TLS: add backend-protocol: "HTTPS" or "GRPCS"`);
    if (secret === undefined) {
      if (!verify) return ineffective(values, at, "without proxy-ssl-secret the proxy-ssl annotations mean nothing: add it");
      return closed(values, at, "there is no proxy-ssl-secret");
    }
    const read = readIdentity(secret, at);
    if (read === undefined) {
      at.close();
      return values;
    }
    if (verify && !read.trust) return closed(values, at, `the Secret ${printable(secret)} has no ca.crt`);
    return withIdentity(values, read);
  },
};

function ineffective(values: Values, at: ResolveContext, why: string): Values {
  for (const { name } of annotations) {
    // A proxy-ssl-secret that was given and is not valid has its own finding.
    const said = name === "proxy-ssl-secret" && upstreamTls.of(values).secret === undefined;
    if (at.given(name) !== undefined && !said) at.report(found.annotationIneffective(at.place(name), { name, why }));
  }
  return values;
}

function closed(values: Values, at: ResolveContext, why: string): Values {
  at.report(found.backendUnverifiable(at.place("proxy-ssl-verify"), { why, effect: CLOSED }));
  at.close();
  return values;
}

type Identity = Pick<UpstreamTlsValues, "certificate" | "trust">;

function withIdentity(values: Values, identity: Identity): Values {
  const after = upstreamTls.with(values, identity);
  const { ciphers: list, protocols: versions, verify, verifyDepth, serverName, trust } = upstreamTls.of(after);
  return proxy.with(after, { tls: { verify, verifyDepth, ciphers: list, protocols: versions, serverName, trust: trust?.id ?? "" } });
}

/** What the Secret holds; undefined, with a finding, when it cannot be used. */
function readIdentity(text: string, at: ResolveContext): Identity | undefined {
  const refuse = (key: string, why: string): undefined => {
    at.report(found.annotationReference(at.place("proxy-ssl-secret"), { name: "proxy-ssl-secret", kind: "Secret", key: printable(key), why, effect: CLOSED }));
  };
  const secret = namedSecret(text, at, refuse, "whole");
  if (!secret) return undefined;
  const read = identityOf(secret.object);
  return typeof read === "string" ? refuse(secret.key, `cannot be used: ${read}`) : read;
}

/** The identity, or what is wrong with the Secret. */
function identityOf(secret: Secret): Identity | string {
  const { "tls.crt": chain, "tls.key": key, "ca.crt": authorities } = secret.data;
  if (!chain && !key && !authorities) return "it holds neither a client certificate (tls.crt, tls.key) nor authorities (ca.crt)";
  const { certificate, problem } = chain || key ? readSecretState(secret, undefined) : {};
  if (problem !== undefined) return problem;
  const trust = authorities && readTrust(authorities.revealText());
  if (typeof trust === "string") return trust;
  return { ...(certificate ? { certificate: certificate.certificate } : {}), ...(trust ? { trust } : {}) };
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The authorities, each once and written anew, so that nginx reads what was understood here; or what is wrong. */
function readTrust(text: string): Authorities | string {
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) return "ca.crt holds no PEM certificate";
  try {
    const pem = [...new Set(blocks.map((block) => new X509Certificate(block).toString()))].join("");
    return { id: contentDigest(pem), pem };
  } catch {
    return "a certificate in ca.crt does not parse";
  }
}

/** The TLS identity for the edge. None for the default backend, which is spoken to in plain http. */
function edge(values: Values, { namespace, service }: FilterContext): EdgeFilters {
  if (service === undefined || !proxy.of(values).tls) return {};
  const { name = `${service}.${namespace}.svc`, certificate } = upstreamTls.of(values);
  return { upstream: { tls: { name, ...(certificate ? { certificate: certificate.id } : {}) } } };
}

/** The certificate and the authorities that the edge's filter and the profile name by id. */
function route(values: Values): RouteFilters {
  if (!proxy.of(values).tls) return {};
  const { certificate, trust } = upstreamTls.of(values);
  return { ...(certificate ? { certificates: [certificate] } : {}), ...(trust ? { trust } : {}) };
}

export const upstreamTlsFeature: Feature = { slot: upstreamTls, annotations, resolver, edge, route };
