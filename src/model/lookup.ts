/**
 * Objects that annotations name: Secrets, ConfigMaps and Services.
 *
 * Every look-up is noted, of missing objects too: that is how an object that changes, or appears later, wakes exactly
 * the Ingresses that read it.
 */
import type { ConfigMap, Secret, Service } from "../source/objects.ts";
import { keyOf } from "../source/snapshot.ts";
import type { Snapshot } from "../source/snapshot.ts";

export interface ObjectLookup {
  /** One that may not be read counts as missing. */
  secret(namespace: string, name: string): Secret | undefined;
  /** Why there is no such Secret, and the remedy; completes "which …". */
  whyNoSecret(namespace: string, name: string): string;
  configMap(namespace: string, name: string): ConfigMap | undefined;
  service(namespace: string, name: string): Service | undefined;
  /** Why nginx refuses the snippet with this digest; undefined: it takes it, or has not been asked yet. */
  snippetProblem(digest: string): string | undefined;
}

/** Kinds that can be looked up. */
export type LookedUp = "Secret" | "ConfigMap" | "Service" | "SnippetVerdict";

/** How References name an object: `Secret shop/passwords`. */
export function objectKey(kind: LookedUp, namespace: string, name: string): string {
  return `${kind} ${keyOf(namespace, name)}`;
}

/** Reads `snapshot`, and puts what it is asked for into `noted`. */
export function lookupIn(snapshot: Pick<Snapshot, "get">, noted: Set<string>): ObjectLookup {
  const read = <K extends LookedUp>(kind: K) => (namespace: string, name: string) => {
    noted.add(objectKey(kind, namespace, name));
    return snapshot.get(kind, namespace, name);
  };
  const secret = read("Secret");
  return {
    secret(namespace, name) {
      const found = secret(namespace, name);
      return found?.forbidden ? undefined : found;
    },
    whyNoSecret: (namespace, name) => (snapshot.get("Secret", namespace, name)?.forbidden ? FORBIDDEN : "does not exist: create it or correct the name"),
    configMap: read("ConfigMap"),
    service: read("Service"),
    snippetProblem: (digest) => read("SnippetVerdict")("", digest)?.problem,
  };
}

/** Only where Secrets are read one by one (--secrets=named). */
const FORBIDDEN = 'Sluice\'s account may not read: run "sluice rbac" and apply what it prints';
