/** Routes while their host is being put together. */
import type { Balance } from "../../../edge/src/program.ts";
import type { Ingress } from "../../source/objects.ts";
import type { Values } from "../annotations/slot.ts";
import type { Config } from "../config/config.ts";
import type { Age } from "../shapes/age.ts";
import type { Alternatives, Backend, Canary, Filters, Origin, PathType, ProxySettings } from "../shapes/routing.ts";

export interface DraftCanary {
  readonly canary: Canary;
  readonly ingress: Ingress;
  /** Field of the backend. */
  readonly field: string;
}

/** A route while its host is being put together. */
export interface DraftRoute {
  readonly path: string;
  readonly pathType: PathType;
  readonly when?: Alternatives;
  readonly backend: Backend;
  canaries: DraftCanary[];
  readonly filters: Filters;
  readonly balance?: Balance;
  readonly proxy: ProxySettings;
  readonly synthesized: boolean;
  readonly origin: Origin;
  /** Absent on routes that come from flags, as its age. */
  readonly ingress?: Ingress;
  readonly age?: Age;
  /** That its Ingress has it travel with; absent as its age is. */
  readonly characters?: number;
}

export interface RoutingContext {
  /** Without the slash. */
  readonly annotationsPrefix: string;
  readonly defaults: Values;
  readonly config: Config;
  /** Path of the catch-all's health route; empty: none. */
  readonly healthCheckPath: string;
  /** Flag --https-port. */
  readonly httpsPort: number;
  /** Flag --enable-ssl-passthrough. */
  readonly passthrough: boolean;
}

export type RouteKey = (path: string, pathType: PathType, when?: Alternatives) => string;
