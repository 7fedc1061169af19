/** What people wrote that has an effect on a request, and in which object. */
import { findKey } from "../model/config/keys.ts";
import { subjectText } from "../model/findings/findings.ts";
import type { Settings } from "../settings.ts";
import type { Snapshot } from "../source/snapshot.ts";
import { splitName } from "../support/namespaced-name.ts";
import type { ObjectIdentity } from "./naming.ts";

export interface InEffect {
  /** `Ingress shop/web`. */
  readonly object: string;
  /** Annotations without their prefix, or keys of the ConfigMap. */
  readonly values: Readonly<Record<string, string>>;
}

/** Prefix of Sluice's own annotations. */
const OWN_PREFIX = "sluice.ingress/";

/** @param objects those that decide about the request. Annotations that are refused are told by findings; those without a value count as absent. */
export function inEffect(objects: readonly ObjectIdentity[], snapshot: Snapshot, { annotationsPrefix, configmap }: Pick<Settings, "annotationsPrefix" | "configmap">): readonly InEffect[] {
  const prefix = `${annotationsPrefix}/`;
  const ofObjects = objects.map((one) => {
    const annotations = Object.entries(snapshot.get("Ingress", one.namespace, one.name)?.metadata.annotations ?? {}).filter(([, value]) => value.trim() !== "");
    const values = annotations.flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), shown(name, value)]] : name.startsWith(OWN_PREFIX) ? [[name, value]] : []));
    return { object: subjectText(one), values: Object.fromEntries(values) as Record<string, string> };
  });
  const named = splitName(configmap);
  const ofConfig = named && { object: subjectText({ kind: "ConfigMap", ...named }), values: keysOf(snapshot.get("ConfigMap", named.namespace, named.name)?.data ?? {}) };
  return [...ofObjects, ...(ofConfig ? [ofConfig] : [])].filter(({ values }) => Object.keys(values).length > 0);
}

const NOT_SHOWN = "(not shown)";

/** Snippets may hold passwords, as headers do that are set for a backend. */
function shown(name: string, value: string): string {
  return name.endsWith("-snippet") ? NOT_SHOWN : value;
}

/** The keys that the controller knows, those that it takes for secret without their values. */
function keysOf(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(data).flatMap(([name, value]) => {
    const key = findKey(name);
    return key?.field === undefined ? [] : [[key.name, key.row.secret ? NOT_SHOWN : shown(key.name, value)]];
  }));
}
