/**
 * Reads certificates.yaml: TLS Secrets, CA Secrets, and the certificates of clients. Certificates are made once per run:
 * the same text gives the same certificate in every case.
 */
import { authority, issued, revocationList } from "../authority.ts";
import { selfSigned, type KeyPair } from "../openssl.ts";
import { keys, list, mapped, table, text, type Table } from "./shape.ts";

/** A client of requests.yaml. */
export interface Client extends KeyPair {
  /** The subject as `$ssl_client_s_dn` writes it. */
  readonly subject: string;
  /** PEM of the CA. */
  readonly issuer: string;
  /** Whether a Secret of its CA lists it as revoked. */
  readonly revoked: boolean;
}

export interface Certificates {
  /** `namespace/name` of a Secret → its certificate. */
  readonly pairs: ReadonlyMap<string, KeyPair>;
  readonly clients: ReadonlyMap<string, Client>;
  readonly secrets: readonly object[];
}

const made = new Map<string, KeyPair>();

function once(key: string, make: () => KeyPair): KeyPair {
  const pair = made.get(key) ?? make();
  made.set(key, pair);
  return pair;
}

/**
 * `shop/tls: [shop.example]`, a certificate for these names; `shop/ca: {ca: Shop, revokes: [bob]}`, a Secret with
 * ca.crt and ca.crl; `clients: {alice: {ca: Shop, organisation: shop}}`, a client whose subject is `CN=alice,O=shop`.
 */
export function certificatesOf(given: Table, where: string): Certificates {
  const { clients: declared = {}, ...secrets } = given;
  const revoked = new Set(Object.values(secrets).flatMap((value) => (Array.isArray(value) ? [] : names(table(value, where)["revokes"], where))));
  const clients = new Map(Object.entries(mapped(declared, where, (value) => table(value, where))).map(([name, one]) => [name, client(name, one, revoked, where)]));
  const pairs = new Map<string, KeyPair>();
  const objects = Object.entries(secrets).map(([key, value]) => {
    if (!Array.isArray(value)) return caSecret(key, table(value, where), clients, where);
    const of = list(value, where).map(text);
    const pair = once(`${key} ${of.join(" ")}`, () => selfSigned(of));
    pairs.set(key, pair);
    return secret(key, "kubernetes.io/tls", { "tls.crt": pair.chain, "tls.key": pair.key });
  });
  return { pairs, clients, secrets: objects };
}

function names(value: unknown, where: string): string[] {
  return value === undefined ? [] : list(value, where).map(text);
}

function caOf(name: string): KeyPair {
  return once(`ca ${name}`, () => authority(name));
}

function client(name: string, given: Table, revoked: ReadonlySet<string>, where: string): Client {
  keys(given, ["ca", "organisation"], `${where} client ${name}`);
  const [ca, organisation] = [text(given["ca"]), text(given["organisation"] ?? "")];
  const subject = `${organisation === "" ? "" : `/O=${organisation}`}/CN=${name}`;
  const pair = once(`client ${ca} ${subject}`, () => issued(caOf(ca), subject));
  return {
    ...pair,
    subject: `CN=${name}${organisation === "" ? "" : `,O=${organisation}`}`,
    issuer: caOf(ca).chain,
    revoked: revoked.has(name),
  };
}

function caSecret(key: string, given: Table, clients: ReadonlyMap<string, Client>, where: string): object {
  keys(given, ["ca", "revokes"], `${where} ${key}`);
  const pair = caOf(text(given["ca"]));
  const revoked = names(given["revokes"], where).flatMap((name) => clients.get(name) ?? []);
  const crl = given["revokes"] === undefined ? {} : { "ca.crl": revocationList(pair, revoked) };
  return secret(key, "Opaque", { "ca.crt": pair.chain, ...crl });
}

function secret(key: string, type: string, data: Readonly<Record<string, string>>): object {
  const [namespace = "", name = ""] = key.split("/");
  const base64 = (value: string): string => Buffer.from(value).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    type,
    metadata: { name, namespace },
    data: Object.fromEntries(Object.entries(data).map(([name_, value]) => [name_, base64(value)])),
  };
}
