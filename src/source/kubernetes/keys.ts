/** Names of single objects as keys (`namespace/name`). */
import type { Key } from "../snapshot.ts";

/** What the Kubernetes API takes as the name of a namespace, a Secret or a ConfigMap (RFC 1123 subdomain). */
const NAMES = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;

/**
 * Whether there may be an object of this key. One outside of the watched namespace (empty: all) counts as missing, as for
 * ingress-nginx. Impossible names come from tenants' annotations; they are never sent, so that none can make up a path or
 * a selector.
 */
export function canExist(key: Key, namespace: string): boolean {
  return NAMES.test(key) && (namespace === "" || key.startsWith(`${namespace}/`));
}

export function placeOf(key: Key): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
