/** Which findings concern a request. */
import type { Finding } from "../model/findings/findings.ts";
import type { Settings } from "../settings.ts";
import type { ObjectIdentity } from "./naming.ts";

export function isAbout(object: Finding["object"], origin: ObjectIdentity): boolean {
  return object.kind === origin.kind && object.namespace === origin.namespace && object.name === origin.name;
}

/**
 * Whether a finding's object concerns every request: the controller's ConfigMap does, and a file or a kind that cannot
 * be read may hide any object.
 */
export function concernsAll({ kind, namespace, name }: Finding["object"], { configmap }: Pick<Settings, "configmap">): boolean {
  return kind === "File" || name === "" || (kind === "ConfigMap" && configmap === `${namespace}/${name}`);
}
