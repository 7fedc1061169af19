/**
 * What tells Hosts apart. The host of an Ingress is served wherever http and https come in, so its key is its name. The
 * key of a host that a single listener serves has the listener before the name.
 */

/** `shop.example`; `LISTENER|shop.example`. `_` stands for every name that nobody declares, as in names. */
export type HostKey = string;

/** A separator that neither a host's name nor the name of a Kubernetes object holds. */
const BETWEEN = "|";

/** @param listener empty: the host is served wherever http and https come in. */
export function hostKey(name: string, listener = ""): HostKey {
  return listener === "" ? name : listener + BETWEEN + name;
}

/** Empty: the host is served wherever http and https come in. */
export function listenerOfHost(key: HostKey): string {
  return key.slice(0, Math.max(0, key.indexOf(BETWEEN)));
}

export function nameOfHost(key: HostKey): string {
  return key.slice(key.indexOf(BETWEEN) + 1);
}
