/**
 * What is said of an object of the Gateway API: conditions, as they are written to its status, without times and generations.
 *
 * A condition that is not as it should be comes with a finding: it is said once, in two places.
 */
import type { GatewayObject } from "../../source/objects.ts";
import type { GatewayKindName } from "../../source/gateway/kinds.ts";
import type { ParentReference } from "../../source/gateway/shared.ts";
import type { HostKey } from "./host-key.ts";

/** A condition that holds or not; `message` is a sentence. */
export interface StatusCondition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

export function condition(type: string, holds: boolean, reason: string, message: string): StatusCondition {
  return { type, status: holds ? "True" : "False", reason, message };
}

export interface ListenerStatus {
  readonly name: string;
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
  readonly attachedRoutes: number;
  readonly conditions: readonly StatusCondition[];
  /** Key of what it serves; undefined: it is not usable, and serves nothing. */
  readonly front: string | undefined;
}

/** What is said of a route for one of its parents that is ours. */
export interface ParentStatus {
  readonly parentRef: ParentReference;
  readonly conditions: readonly StatusCondition[];
  /** Hosts of this parent's listeners that the route takes part in. */
  readonly hosts: readonly HostKey[];
  /** Keys of where their requests come in (`Front.id`). */
  readonly fronts: readonly string[];
}

/** All that is said of one object. `Programmed` is added when nginx has acknowledged what the object asks for. */
export interface ObjectStatus {
  readonly object: GatewayObject<GatewayKindName>;
  /** Of the object as a whole: GatewayClass, Gateway. */
  readonly conditions: readonly StatusCondition[];
  readonly addresses?: readonly { readonly type: string; readonly value: string }[];
  readonly listeners?: readonly ListenerStatus[];
  /** Of a Gateway: how many ListenerSets add listeners to it. */
  readonly attachedListenerSets?: number;
  readonly parents?: readonly ParentStatus[];
  /** Names of the features that a GatewayClass offers, ascending. */
  readonly features?: readonly string[];
  /** Hosts that the object takes part in. */
  readonly hosts: readonly HostKey[];
  /** True for Gateways: nginx has to listen where they want it to. */
  readonly listens?: boolean;
}
