/**
 * Objects that annotations name: Secrets, ConfigMaps and Services.
 *
 * Every look-up is noted, of missing objects too: that is how an object that changes, or appears later, wakes exactly
 * the Ingresses that read it.
 */
import type { ConfigMap, GivenWeight, Kind, ObjectOfKind, Secret, Service } from "../../source/objects.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import { flatText } from "../../support/kept-text.ts";

export interface ObjectLookup {
  /** A Secret that may not be read counts as missing. */
  secret(namespace: string, name: string): Secret | undefined;
  /** Why there is no such Secret, and the remedy; completes "which …". */
  whyNoSecret(namespace: string, name: string): string;
  /** A ConfigMap that may not be read counts as missing. */
  configMap(namespace: string, name: string): ConfigMap | undefined;
  /** As `whyNoSecret`. */
  whyNoConfigMap(namespace: string, name: string): string;
  service(namespace: string, name: string): Service | undefined;
  /** Why nginx refuses the snippet with this digest; undefined: it takes it, or has not been asked yet. */
  snippetProblem(digest: string): string | undefined;
  /** What the rollout of the canary Ingress with this name gives now; undefined: it has not begun. */
  rolloutWeight(namespace: string, name: string): GivenWeight | undefined;
}

/** Kinds that can be looked up. */
export type LookedUp = "Secret" | "ConfigMap" | "Service" | "SnippetVerdict" | "RolloutWeight";

/** How an object is named where there are objects of several kinds: `Secret shop/passwords`. */
export function objectKey(kind: Kind, namespace: string, name: string): string {
  return flatText(kind, " ", namespace, "/", name);
}

/** Looks objects up in `snapshot`, and adds the key (`objectKey`) of each to `noted`. */
export function lookupIn(snapshot: Pick<Snapshot, "get">, noted: Set<string>): ObjectLookup {
  const read = <K extends LookedUp>(kind: K) => (namespace: string, name: string) => {
    noted.add(objectKey(kind, namespace, name));
    return snapshot.get(kind, namespace, name);
  };
  const readable = <K extends "Secret" | "ConfigMap">(kind: K) => (namespace: string, name: string): ObjectOfKind[K] | undefined => {
    const found = read(kind)(namespace, name);
    return found?.forbidden ? undefined : found;
  };
  const why = (kind: "Secret" | "ConfigMap") => (namespace: string, name: string): string =>
    snapshot.get(kind, namespace, name)?.forbidden ? FORBIDDEN[kind] : NO_SUCH_OBJECT;
  return {
    secret: readable("Secret"),
    whyNoSecret: why("Secret"),
    configMap: readable("ConfigMap"),
    whyNoConfigMap: why("ConfigMap"),
    service: read("Service"),
    snippetProblem: (digest) => read("SnippetVerdict")("", digest)?.problem,
    rolloutWeight: (namespace, name) => read("RolloutWeight")(namespace, name)?.given,
  };
}

/** Why an object that an annotation names cannot be used: there is none. Completes "which …". */
export const NO_SUCH_OBJECT = "does not exist: create it or correct the name";

const FORBIDDEN = {
  Secret: 'Sluice\'s account may not read: run "sluice rbac" and apply what it prints',
  ConfigMap: "Sluice's account may not read: grant it get, list and watch on configmaps",
};
