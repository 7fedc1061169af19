/** ReferenceGrants: which references may lead into another namespace. */
import { GATEWAY_GROUP } from "../../source/gateway/kinds.ts";
import type { ReferenceGrant } from "../../source/objects.ts";

/** What refers, or what is referred to. */
export interface Party {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

export const routeParty = (kind: string, namespace: string): Party => ({ group: GATEWAY_GROUP, kind, namespace });

/**
 * Whether a reference may be followed: always within a namespace, else if one of the grants of the target's namespace allows it.
 * @param grants those of the target's namespace
 */
export function isGranted(from: Party, to: Party & { readonly name: string }, grants: Iterable<ReferenceGrant>): boolean {
  if (from.namespace === to.namespace) return true;
  for (const { spec: { from: froms = [], to: tos = [] } } of grants) {
    const trusted = froms.some((one) => one.namespace === from.namespace && (one.group ?? "") === from.group && one.kind === from.kind);
    if (trusted && tos.some((one) => (one.group ?? "") === to.group && one.kind === to.kind && (one.name ?? to.name) === to.name)) return true;
  }
  return false;
}
