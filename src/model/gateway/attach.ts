/** Which listeners a route attaches to, parent by parent, and why not to others. */
import type { ParentReference } from "../../source/gateway/shared.ts";
import { GATEWAY_GROUP } from "../../source/gateway/kinds.ts";
import { objectKey } from "../shapes/lookup.ts";
import { intersect } from "./hostnames.ts";
import type { ParsedRoute } from "./route.ts";
import type { GatewayListener } from "./listeners.ts";
import { fits } from "./selector.ts";
import { condition, type StatusCondition } from "../shapes/object-status.ts";

/** `objectKey` of the Gateway or the ListenerSet that a reference names; undefined: it names something else. */
export function parentOf({ group = GATEWAY_GROUP, kind = "Gateway", namespace, name = "" }: ParentReference, routeNamespace: string): string | undefined {
  return group === GATEWAY_GROUP && (kind === "Gateway" || kind === "ListenerSet") ? objectKey(kind, namespace ?? routeNamespace, name) : undefined;
}

/** `Gateway "shop/public"`. @param parent as of `parentOf` */
export function parentText(parent: string): string {
  return parent.replace(" ", ' "') + '"';
}

/** A route at one parent. */
export interface Attachment {
  readonly parentRef: ParentReference;
  /** As of `parentOf`. */
  readonly parent: string;
  readonly accepted: StatusCondition;
  /** Listeners that take the route, whether or not they can be served. */
  readonly listeners: readonly GatewayListener[];
}

/**
 * The route at one parent: section and port must fit, then kind and namespace, then a host name (Gateway API, ParentReference).
 * @param labels of the route's namespace
 */
export function attach(route: ParsedRoute, parentRef: ParentReference, parent: string, listeners: readonly GatewayListener[], labels: Readonly<Record<string, string>>): Attachment {
  const refuse = (reason: string, message: string): Attachment => ({ parentRef, parent, accepted: condition("Accepted", false, reason, message), listeners: [] });
  const { sectionName, port } = parentRef;
  const named = listeners.filter((one) => (sectionName === undefined || one.name === sectionName) && (port === undefined || one.port === port));
  if (named.length === 0) {
    const asked = [...(sectionName === undefined ? [] : [`named "${sectionName}"`]), ...(port === undefined ? [] : [`at port ${port}`])].join(" ");
    return refuse("NoMatchingParent", `The ${parentText(parent)} has no listener${asked === "" ? "" : ` ${asked}`}`);
  }
  const { kind, metadata: { namespace } } = route.object;
  const allowing = named.filter((one) => one.kinds.includes(kind) && allows(one, namespace, labels));
  if (allowing.length === 0) return refuse("NotAllowedByListeners", `No listener of the ${parentText(parent)} that is asked for allows an ${kind} of the namespace "${namespace}"`);
  const meeting = allowing.filter(({ hostname }) => route.hostnames.some((one) => intersect(hostname, one)));
  if (meeting.length === 0) return refuse("NoMatchingListenerHostname", `No host name of the route is one of the listeners' of the ${parentText(parent)}`);
  return { parentRef, parent, accepted: route.accepted, listeners: route.accepted.status === "True" ? meeting : [] };
}

function allows({ namespace: own, namespaces: { from, selector } }: GatewayListener, namespace: string, labels: Readonly<Record<string, string>>): boolean {
  switch (from) {
    case "All":
      return true;
    case "Selector":
      return selector !== undefined && fits(selector, labels);
    case "Same":
      return own === namespace;
    default:
      return false;
  }
}
