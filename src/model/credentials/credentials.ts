/**
 * What the Model has of Secrets: the certificate of each server name, the client certificates that backends are shown,
 * the authorities that clients are verified against, and the users that may pass by a password.
 *
 * Units that were recomputed say what they refer to (`setUsers`, `setHost`); `update` then looks it up. Guarantee: the
 * parts hold exactly what somebody refers to.
 */
import { isDeepStrictEqual } from "node:util";
import { keyOf } from "../../source/snapshot.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import type { Steps } from "../../support/slices.ts";
import type { Finding } from "../findings/findings.ts";
import { emptyPart, noteValue } from "../memory/part.ts";
import type { ModelPart } from "../memory/part.ts";
import { References } from "../memory/references.ts";
import { Shared } from "../memory/shared.ts";
import { readSecretState } from "../secrets/certificates.ts";
import type { SecretState, ServableCertificate } from "../secrets/certificates.ts";
import type { Certificate, Host, Trust, Users } from "../shapes/routing.ts";
import type { UserList } from "../shapes/user-list.ts";
import { tlsOf } from "./names.ts";
import type { ServerNames } from "./names.ts";

export class Credentials {
  readonly tls: ModelPart<string> = emptyPart();
  readonly certificates: ModelPart<Certificate> = emptyPart(sameCertificate);
  readonly users: ModelPart<UserList> = emptyPart((a, b) => a.equals(b));
  readonly trusts: ModelPart<Trust> = emptyPart();

  readonly #flag: string;
  /** Secrets that somebody refers to and that exist. */
  readonly #secrets = new Map<string, SecretState>();
  /** Server name → Secrets that its certificate depends on, missing ones included. */
  readonly #nameSecrets = new References();
  /** Server name → the Secret whose certificate it is served with. */
  readonly #serving = new References();
  /** Secret → id of its certificate. */
  readonly #secretCertificates = new References();
  /** Server name → when the findings about its certificate change by themselves; milliseconds since 1970. */
  readonly #changes = new Map<string, number>();
  /** The users that each Ingress lets in. */
  readonly #users = new Shared<UserList>();
  /** What each host refers to: authorities, and the client certificates that its routes show to backends. */
  readonly #trusts = new Shared<Trust>();
  readonly #shown = new Shared<Certificate>();
  /** Server names, and ids of certificates, to be looked at by the next update. */
  #names = new Set<string>();
  #ids = new Set<string>();

  /** @param flag --default-ssl-certificate: `namespace/name`; empty: none. */
  constructor(flag: string) {
    this.#flag = flag;
  }

  /** Replaces the users that an Ingress lets in. */
  setUsers(ingress: string, users: readonly Users[]): void {
    this.#users.set(ingress, users.map(({ id, list }) => [id, list]));
  }

  /** Replaces what a host refers to. Private keys travel as certificates; the host's table names them by id. */
  setHost(name: string, host: Host | undefined): void {
    const trust = host?.tls?.clients?.trust;
    this.#trusts.set(name, trust ? [[trust.id, trust]] : []);
    this.#shown.set(name, (host?.routes ?? []).flatMap(({ filters }) => (filters.certificates ?? []).map((one) => [one.id, one] as const)));
    this.#names.add(name);
  }

  /** What a server name stands for has changed. */
  nameChanged(name: string): void {
    this.#names.add(name);
  }

  /** @param key `namespace/name` */
  secretChanged(key: string): void {
    for (const name of this.#nameSecrets.to(key)) this.#names.add(name);
  }

  /** Brings the parts up to date. @param tell is called with all findings about a server name that was looked at. */
  *update(snapshot: Snapshot, names: ServerNames, tell: (name: string, findings: readonly Finding[]) => void): Steps<void> {
    for (const id of this.#users.takeTouched()) noteValue(this.users, id, this.#users.get(id));
    for (const id of this.#trusts.takeTouched()) noteValue(this.trusts, id, this.#trusts.get(id));
    yield* this.#updateNames(snapshot, names, tell);
    this.#updateCertificates();
  }

  /** Secrets (`namespace/name`) that server names depend on. The same set as before while that did not change. */
  get wanted(): ReadonlySet<string> {
    return this.#nameSecrets.targets();
  }

  /** When findings next change although no object does (a certificate expires); milliseconds since 1970. */
  get changesAt(): number | undefined {
    let first: number | undefined;
    for (const at of this.#changes.values()) if (first === undefined || at < first) first = at;
    return first;
  }

  *#updateNames(snapshot: Snapshot, names: ServerNames, tell: (name: string, findings: readonly Finding[]) => void): Steps<void> {
    const now = Date.now();
    for (const [name, at] of this.#changes) if (at <= now) this.#names.add(name);
    const unused = new Set<string>();
    // Each Secret is looked at once: one that changes meanwhile would else be two certificates, of which one is dropped.
    const seen = new Map<string, SecretState | undefined>();
    const lookUp = (key: string): SecretState | undefined => {
      if (!seen.has(key)) seen.set(key, this.#lookUp(snapshot, key));
      return seen.get(key);
    };
    for (const name of this.#names) {
      yield;
      const { serves, secure, secrets, findings, changesAt } = tlsOf(name, names, this.#flag, lookUp);
      this.#setServing(name, serves);
      noteValue(this.tls, name, serves?.certificate.id ?? (secure ? "" : undefined));
      tell(name, findings);
      if (changesAt === undefined) this.#changes.delete(name);
      else this.#changes.set(name, changesAt);
      for (const secret of this.#nameSecrets.from(name)) unused.add(secret);
      this.#nameSecrets.set(name, secrets);
    }
    this.#names = new Set();
    for (const secret of unused) if (this.#nameSecrets.to(secret).size === 0) this.#setSecret(secret, undefined);
  }

  #setServing(name: string, serves: ServableCertificate | undefined): void {
    const secrets = serves ? [keyOf(serves.certificate.origin.namespace, serves.certificate.origin.name)] : [];
    for (const secret of [...this.#serving.from(name), ...secrets]) {
      for (const id of this.#secretCertificates.from(secret)) this.#ids.add(id);
    }
    this.#serving.set(name, secrets);
  }

  #lookUp(snapshot: Snapshot, key: string): SecretState | undefined {
    const secret = snapshot.all("Secret").get(key);
    const before = this.#secrets.get(key);
    const after = secret && readSecretState(secret, before);
    if (after !== before) this.#setSecret(key, after);
    return after;
  }

  /** Marks the certificate that the Secret held before; server names that serve the new one mark that one themselves. */
  #setSecret(key: string, after: SecretState | undefined): void {
    const id = after?.certificate?.certificate.id;
    for (const before of this.#secretCertificates.from(key)) this.#ids.add(before);
    this.#secretCertificates.set(key, id === undefined ? [] : [id]);
    if (after) this.#secrets.set(key, after);
    else this.#secrets.delete(key);
  }

  #updateCertificates(): void {
    for (const id of new Set([...this.#ids, ...this.#shown.takeTouched()])) {
      // Secrets of several namespaces may hold the same certificate: the first in use, by name, stands for all.
      const [first] = [...this.#secretCertificates.to(id)].filter((secret) => this.#serving.to(secret).size > 0).sort();
      const served = first === undefined ? undefined : this.#secrets.get(first)?.certificate?.certificate;
      noteValue(this.certificates, id, served ?? this.#shown.get(id));
    }
    this.#ids = new Set();
  }
}

/** The id is a digest of the content. */
function sameCertificate(a: Certificate, b: Certificate): boolean {
  return a.id === b.id && isDeepStrictEqual(a.origin, b.origin);
}
