/** What people wrote that has an effect on a request, and in which object. */
import { subjectText } from "../model/findings/findings.ts";
import type { Settings } from "../settings.ts";
import type { Snapshot } from "../source/snapshot.ts";
import { splitName } from "../support/namespaced-name.ts";
import type { IngressIdentity } from "./naming.ts";

export interface InEffect {
  /** `Ingress shop/web`. */
  readonly object: string;
  /** Annotations without their prefix, or keys of the ConfigMap. */
  readonly values: Readonly<Record<string, string>>;
}

/** Prefix of Sluice's own annotations. */
const OWN_PREFIX = "sluice.ingress/";

/** @param objects those that decide about the request. Annotations that are refused are told by findings. */
export function inEffect(objects: readonly IngressIdentity[], snapshot: Snapshot, { annotationsPrefix, configmap }: Pick<Settings, "annotationsPrefix" | "configmap">): readonly InEffect[] {
  const prefix = `${annotationsPrefix}/`;
  const ofObjects = objects.map((one) => {
    const annotations = Object.entries(snapshot.get("Ingress", one.namespace, one.name)?.metadata.annotations ?? {});
    const values = annotations.flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : name.startsWith(OWN_PREFIX) ? [[name, value]] : []));
    return { object: subjectText(one), values: Object.fromEntries(values) as Record<string, string> };
  });
  const named = splitName(configmap);
  const ofConfig = named && { object: subjectText({ kind: "ConfigMap", ...named }), values: snapshot.get("ConfigMap", named.namespace, named.name)?.data ?? {} };
  return [...ofObjects, ...(ofConfig ? [ofConfig] : [])].filter(({ values }) => Object.keys(values).length > 0);
}
