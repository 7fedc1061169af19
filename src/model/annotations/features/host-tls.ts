/**
 * The annotations about the TLS of a host: client certificates, ciphers, passthrough.
 *
 * ingress-nginx behaviour: a CA Secret that cannot be used forbids the whole host. Unlike there, so does everything
 * else about client certificates that cannot be honoured; nothing of it opens a host.
 */
import { createHash } from "node:crypto";
import { printable } from "../../../support/text.ts";
import * as found from "../../findings/catalogue.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { basicText, boolean, integerBetween, oneOf } from "../../grammar/value-types.ts";
import { readTrust } from "../../secrets/ca-secret.ts";
import type { ClientMode, ClientPolicy, Trust } from "../../shapes/routing.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import { namedSecret } from "../resolver.ts";
import type { ResolveContext, Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";
import { cipherList, errorPageUrl, subjectPattern } from "./host-tls-types.ts";
import { redirects } from "./redirects.ts";

export interface HostTlsValues {
  /** CA Secret of auth-tls-secret, as written. */
  readonly secret?: string;
  readonly verify: ClientMode;
  readonly depth: number;
  readonly errorPage?: string;
  readonly passCertificate: boolean;
  readonly matchCn?: string;
  readonly ciphers?: string;
  readonly preferServer?: boolean;
  readonly passthrough: boolean;
  /** What the annotations about client certificates come to; set by the resolver. */
  readonly clients?: ClientPolicy;
}

const DEFAULTS: HostTlsValues = { verify: "on", depth: 1, passCertificate: false, passthrough: false };

/** What the annotations of an Ingress say about the TLS of its hosts. */
export const hostTls = slot<HostTlsValues>("hostTls", () => DEFAULTS);

function row<K extends keyof HostTlsValues>(key: K, type: ValueType<NonNullable<HostTlsValues[K]>>, declared: Omit<Parameters<typeof annotation>[0], "type" | "get" | "set" | "scope">): Honoured {
  return annotation<NonNullable<HostTlsValues[K]>>({
    ...declared,
    scope: "host",
    type,
    ...field(hostTls, key),
  });
}

const clientAuthAnnotations: readonly Honoured[] = [
  row("secret", basicText, {
    name: "auth-tls-secret",
    group: "authentication",
    risk: "Medium",
    onInvalid: "forbidden",
    doc: "Secret (`namespace/name`) whose `ca.crt` signs the client certificates that the host wants, and whose `ca.crl` lists revoked ones.",
    differs:
      "A Secret without `ca.crt` forbids the host instead of leaving it open; of several Ingresses the oldest decides, and the Secret of a later one that cannot be used closes the paths of that one alone; canaries take no part; a changed `ca.crt` holds from the next request on.",
  }),
  row("verify", oneOf("on", "off", "optional", "optional_no_ca"), {
    name: "auth-tls-verify-client",
    group: "authentication",
    risk: "Medium",
    doc: "Whether clients must have a certificate (`on`), may have one (`optional`), or may have one that anybody signed (`optional_no_ca`).",
    differs: "`on` or `optional_no_ca` without `auth-tls-secret` forbids the host instead of leaving it open.",
    differsFor: (_, has) => !has("auth-tls-secret"),
  }),
  row("depth", integerBetween(1, 100, "a whole number of issuers"), {
    name: "auth-tls-verify-depth",
    group: "authentication",
    risk: "Low",
    doc: "Longest chain between a client certificate and the CA.",
  }),
  row("errorPage", errorPageUrl, {
    name: "auth-tls-error-page",
    group: "authentication",
    risk: "High",
    onInvalid: "forbidden",
    doc: "URL to redirect clients to whose certificate is missing or refused, instead of 400.",
    differs: "A URL without scheme is one of https; a location (`@name`) or a path, which could only lead back to the host, is refused.",
    differsFor: (value) => !/^https?:\/\//.test(value),
  }),
  row("passCertificate", boolean, {
    name: "auth-tls-pass-certificate-to-upstream",
    group: "authentication",
    risk: "Low",
    onInvalid: "forbidden",
    doc: "Backends get the client's certificate, URL-encoded PEM, in `ssl-client-cert`.",
    differs: "Where clients are verified, `ssl-client-…` headers that a client sends itself never reach a backend.",
  }),
  row("matchCn", subjectPattern, {
    name: "auth-tls-match-cn",
    group: "authentication",
    risk: "High",
    onInvalid: "forbidden",
    doc: "Regular expression, from `CN=` on, that must be found in the subject of the client certificate; others get 403.",
    differs: "Without `auth-tls-secret` it forbids the host instead of having no effect.",
    differsFor: (_, has) => !has("auth-tls-secret"),
  }),
];

const annotations: readonly Honoured[] = [
  ...clientAuthAnnotations,
  row("ciphers", cipherList, {
    name: "ssl-ciphers",
    group: "backend",
    risk: "Low",
    onInvalid: "refused",
    doc: "Ciphers of the host up to TLS 1.2, as OpenSSL lists them; the oldest Ingress that has some decides.",
    differs: "A list without any known cipher is refused, and a TLS session that began under one list resumes under no other.",
  }),
  row("preferServer", boolean, {
    name: "ssl-prefer-server-ciphers",
    group: "backend",
    risk: "Low",
    doc: "Whether the order of Sluice's ciphers comes before the client's.",
  }),
  row("passthrough", boolean, {
    name: "ssl-passthrough",
    group: "passthrough",
    risk: "Low",
    onInvalid: "refused",
    doc: "TLS connections for the host go to the Service of its path / as they are, by server name; needs `--enable-ssl-passthrough`.",
    differs: "They go to the Service's endpoints, not to its ClusterIP, so headless Services work as well, and server names are compared without regard to case. Of several namespaces that share a host, that of its oldest Ingress decides. Without the flag a finding says that TLS ends at Sluice.",
  }),
];

const resolver: Resolver = {
  groups: ["authentication", "passthrough"],
  resolve(values, at) {
    if (hostTls.of(values).passthrough && !at.settings.enableSslPassthrough) at.report(found.sslPassthroughNotOffered(at.place("ssl-passthrough"), { name: "ssl-passthrough" }));
    if (clientAuthAnnotations.every(({ name }) => at.given(name) === undefined)) return values;
    const clients = clientAuthAnnotations.some((row) => isInvalid(row, values, at)) ? FORBIDDEN : clientPolicy(values, at);
    // The paths of this Ingress are closed as well, because an older one may decide for the host.
    if (clients?.mode === "refused") at.close();
    return clients ? hostTls.with(values, { clients }) : values;
  },
};

const FORBIDDEN: ClientPolicy = { mode: "refused", depth: 1, passCertificate: false };

function isInvalid(row: Honoured, values: Values, at: ResolveContext): boolean {
  const text = at.given(row.name);
  return row.onInvalid === "forbidden" && text !== undefined && row.read(values, text, at.config).problem === "invalid";
}

function clientPolicy(values: Values, at: ResolveContext): ClientPolicy | undefined {
  const { secret, verify: mode, depth, passCertificate, errorPage: page, matchCn } = hostTls.of(values);
  if (secret === undefined) return withoutSecret(at);
  const trust = trustOf(secret, at);
  if (!trust) return FORBIDDEN;
  if (mode !== "off" && !redirectsToHttps(values, at)) {
    at.report(found.clientAuthOverHttp(at.place("auth-tls-secret"), { name: "auth-tls-secret" }));
  }
  return {
    mode,
    depth,
    ...(mode === "off" ? {} : { trust }),
    passCertificate,
    ...(page === undefined ? {} : { errorPage: page }),
    ...(matchCn === undefined ? {} : { matchCn }),
  };
}

function redirectsToHttps(values: Values, { ingress }: ResolveContext): boolean {
  const { forceSslRedirect, sslRedirect } = redirects.of(values);
  return forceSslRedirect || (sslRedirect && (ingress.spec.tls ?? []).length > 0);
}

/** Without auth-tls-secret ingress-nginx ignores the other annotations. Here those that ask for verification forbid the host. */
function withoutSecret(at: ResolveContext): ClientPolicy | undefined {
  let forbidden = false;
  for (const { name } of clientAuthAnnotations) {
    const text = at.given(name);
    if (text === undefined) continue;
    const verifies = name === "auth-tls-match-cn" || (name === "auth-tls-verify-client" && text !== "off" && text !== "optional");
    at.report((verifies ? found.clientAuthWithoutSecret : found.clientAuthUnused)(at.place(name), { name }));
    if (verifies) forbidden = true;
  }
  return forbidden ? FORBIDDEN : undefined;
}

/** The authorities of a Secret; undefined, with a finding, when it cannot be used. */
function trustOf(text: string, at: ResolveContext): Trust | undefined {
  const refuse = (key: string, why: string): undefined => {
    const params = { name: "auth-tls-secret", kind: "Secret", key: printable(key), why, effect: found.HOST_FORBIDDEN };
    at.report(found.annotationReference(at.place("auth-tls-secret"), params));
  };
  const secret = namedSecret(text, at, refuse, "whole");
  if (!secret) return undefined;
  const read = readTrust(secret.object);
  if (typeof read === "string") return refuse(secret.key, read);
  const id = createHash("sha256").update(read.ca).update("\0").update(read.crl ?? "").digest("hex");
  return { id, ...read };
}

export const hostTlsFeature: Feature = { slot: hostTls, annotations, resolver };
