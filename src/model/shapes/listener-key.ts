/** What tells the listeners of all Gateways apart. Those of a ListenerSet belong to a Gateway, and have names of their own. */

/** `shop/public/http`: the listener `http` of the Gateway `shop/public`. `shop/more+/http`: that of the ListenerSet `shop/more`. */
export type ListenerKey = string;

export interface ListenerOwner {
  readonly kind: "Gateway" | "ListenerSet";
  readonly namespace: string;
  readonly name: string;
}

/** No name of a Kubernetes object holds it. */
const OF_A_SET = "+";

export function listenerKey({ kind, namespace, name }: ListenerOwner, section: string): ListenerKey {
  return [namespace, "/", name, kind === "ListenerSet" ? OF_A_SET : "", "/", section].join("");
}

/** The owner of a listener, and the listener's own name. */
export function ownerOfListener(key: ListenerKey): ListenerOwner & { readonly section: string } {
  const [namespace = "", name = "", section = ""] = key.split("/");
  return name.endsWith(OF_A_SET) ? { kind: "ListenerSet", namespace, name: name.slice(0, -OF_A_SET.length), section } : { kind: "Gateway", namespace, name, section };
}
