/** What a model builder remembers of Gateways and their routes between two updates. */
import type { Attachment } from "../gateway/attach.ts";
import type { ParsedGateway } from "../gateway/gateways.ts";
import type { ParsedRoute } from "../gateway/route.ts";
import type { GatewayListener } from "../gateway/listeners.ts";
import type { ObjectStatus } from "../shapes/object-status.ts";
import { emptyPart, type ModelPart } from "../memory/part.ts";
import { References } from "../memory/references.ts";
import type { Front } from "../shapes/front.ts";

/** What routes attach to. */
export interface RouteParent {
  /** `namespace/name` of the Gateway. */
  readonly gateway: string;
  /** The first that the Gateway has for itself; undefined: it shares those of http. */
  readonly address: string | undefined;
  readonly listeners: readonly GatewayListener[];
}

export interface GatewayState {
  /** Gateways that are ours, by `namespace/name`. */
  gateways: ReadonlyMap<string, ParsedGateway>;
  /** These and their ListenerSets, as routes name them (`parentOf`). */
  parents: ReadonlyMap<string, RouteParent>;
  /** All their listeners, by key. */
  listeners: ReadonlyMap<string, GatewayListener>;
  /** Secrets that their listeners ask for, missing ones included. */
  secrets: ReadonlySet<string>;
  /** Those of them whose certificates are served. */
  served: ReadonlySet<string>;
  /** Routes that name a Gateway, by `objectKey`. */
  readonly routes: Map<string, ParsedRoute>;
  /** What became of each of a route's references to Gateways that are ours. */
  readonly attachments: Map<string, readonly Attachment[]>;
  // who reads what
  /** Route → Gateways and ListenerSets that it names, as of `parentOf`. */
  readonly routeParents: References;
  /** Route → Services (`Service shop/web`), grants of a namespace (`ReferenceGrant shop`), labels of a namespace (`Namespace shop`). */
  readonly routeObjects: References;
  /** Route → hosts that it takes part in. */
  readonly routeHosts: References;
  /** Route → listeners that it attaches to. */
  readonly routeListeners: References;
  /** By `objectKey`. */
  readonly judged: ModelPart<ObjectStatus>;
  readonly fronts: ModelPart<Front>;
}

/** Units to recompute, as of `Work`. */
export interface GatewayWork {
  /** True when a Gateway or a GatewayClass changed: there are few, so all are looked at. */
  all: boolean;
  /** By `objectKey`. */
  readonly routes: Set<string>;
}

export function emptyGatewayState(): GatewayState {
  return {
    gateways: new Map(), parents: new Map(), listeners: new Map(), secrets: new Set(), served: new Set(), routes: new Map(), attachments: new Map(),
    routeParents: new References(), routeObjects: new References(), routeHosts: new References(), routeListeners: new References(),
    judged: emptyPart(), fronts: emptyPart(),
  };
}
