/**
 * What one object asks of one host. Hosts are put together from claims alone, so that it does not matter which kind of
 * object, with which annotations, asks for a route.
 */
import type { Balance } from "../../../edge/src/program.ts";
import type { Finding, Named, Place } from "../findings/findings.ts";
import type { Age } from "../shapes/age.ts";
import type { CanaryRollout } from "../shapes/rollout.ts";
import type { Alternatives, Backend, CanaryRule, Filters, HostTls, Origin, PathType } from "../shapes/routing.ts";

/** What claims of both kinds have in common. */
interface Claim {
  /** Who asks. */
  readonly object: Named;
  /** The older of two objects wins every conflict. */
  readonly age: Age;
}

/** What an object that declares routes of a host asks. */
export interface HostClaim extends Claim {
  /** In the order in which the object declares them. */
  readonly routes: readonly DraftRoute[];
  /** Makes the route for `/` that the object offers where nobody declares that path. Absent: it offers none. */
  readonly root?: () => DraftRoute;
  /** Path that `/` is redirected to. */
  readonly appRoot?: string;
  /** Further names that the host is to have. */
  readonly aliases: readonly string[];
  /** The name with `www.`, or without it, is to redirect to the host. */
  readonly www: boolean;
  /** What the object wants of handshakes for the host, and of the clients that ask it. */
  readonly tls: HostTls;
  /** TLS connections for the host are to be passed through to a backend. */
  readonly passthrough: boolean;
  /** The routes answer 503, because what keeps requests out cannot be honoured, or is too large. A finding has said so. */
  readonly closed: boolean;
  /** Where a setting of the object is written (`auth-tls-secret`), for findings about it. */
  readonly placeOf: (setting: string) => Place;
  /** What is wrong with the claim, whatever others ask for. */
  readonly findings: readonly Finding[];
}

/** What an object asks that wants requests of routes which other objects declare. */
export interface CanaryClaim extends Claim {
  readonly wishes: readonly CanaryWish[];
  /** Characters of the object's annotations, which travel with each route that a wish joins. */
  readonly characters: number;
}

/** A backend for some of the requests of one route. */
export interface CanaryWish extends CanaryRule {
  readonly path: string;
  readonly pathType: PathType;
  /** The fields of the object in which the path and the backend are written. */
  readonly field: string;
  readonly backendField: string;
  readonly pool: string;
  readonly service: string;
  readonly port: string;
  /** `weight` of `weightTotal` requests, and those that the rule asks for. */
  readonly weight: number;
  readonly weightTotal: number;
  readonly rollout?: CanaryRollout;
  /** How requests choose an endpoint where the canary does not join the sessions of the route; absent: in turn. */
  readonly balance?: Balance;
  /** Sessions of the route hold for this backend as well. */
  readonly joinsSessions: boolean;
}

/** A route while its host is being put together. */
export interface DraftRoute {
  readonly path: string;
  readonly pathType: PathType;
  readonly when?: Alternatives;
  readonly backend: Backend;
  canaries: DraftCanary[];
  readonly filters: Filters;
  readonly synthesized: boolean;
  readonly origin: Origin;
  /** The object that declares the route. Routes that come from flags have no `object`, `age` and `characters`. */
  readonly object?: Named;
  readonly age?: Age;
  /** Characters of the object's annotations, which travel with the route. */
  readonly characters?: number;
}

/** A wish that was granted. */
export interface DraftCanary {
  readonly wish: CanaryWish;
  readonly object: Named;
  /** How many of `wish.weightTotal` requests it gets: its weight, as far as older canaries leave room. */
  readonly granted: number;
}

/** `namespace/name` of the object that asks, for findings. */
export function claimantOf({ object: { metadata } }: Pick<HostClaim, "object">): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** Where the path of a route is written, for findings. Undefined: the route comes from a flag. */
export function placeOfPath({ object, origin }: Pick<DraftRoute, "object" | "origin">): Place | undefined {
  return object && { object, field: origin.field.replace(/\.backend$/, ".path") };
}
