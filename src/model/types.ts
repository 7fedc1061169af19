/**
 * The Model: what routing means, without Kubernetes shapes and without nginx.
 *
 * Values are immutable and shared: a part that did not change keeps its identity from one Model to the next, which
 * is how later stages know what to do. Every value remembers the object and field it came from (`Origin`).
 */
import type { WantedObjects } from "../source/snapshot.ts";
import type { Condition, Filters as EdgeFilters } from "../../edge/src/program.ts";
import type { PrivateBytes } from "../support/private-bytes.ts";
import type { Config } from "./config.ts";
import type { Finding } from "./findings.ts";

export interface Origin {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Field path within the object. */
  readonly field: string;
}

export interface Model {
  /** Host name (`_` for the catch-all, `*.example.com` for a wildcard) → Host. `_` always exists. */
  readonly hosts: ReadonlyMap<string, Host>;
  /** Pool id → Pool; exactly those that a Host refers to, and the default backend. */
  readonly pools: ReadonlyMap<string, Pool>;
  /** Certificate id (digest) → certificate; exactly those that `tls` refers to. */
  readonly certificates: ReadonlyMap<string, Certificate>;
  /** Server name (exact, `*.parent`, `_` for the default) → certificate id. */
  readonly tls: ReadonlyMap<string, string>;
  /** The controller's ConfigMap over its defaults. */
  readonly config: Config;
}

export interface Host {
  readonly name: string;
  /** Ordered: path text descending, Exact before Prefix. Always one Prefix route for `/`. */
  readonly routes: readonly Route[];
}

/** `ImplementationSpecific` and absent path types are `prefix` (routing.md §1). */
export type PathType = "exact" | "prefix";

export interface Route {
  readonly path: string;
  readonly pathType: PathType;
  /** Takes only requests for which one of these holds. */
  readonly when?: Alternatives;
  readonly backend: Backend;
  /** Most specific first (header value, header pattern, header or cookie, weight), then oldest first. */
  readonly canaries: readonly Canary[];
  /** What happens to a request before it is proxied. */
  readonly filters: Filters;
  /** How it is proxied. */
  readonly proxy: ProxySettings;
  /** True for the `/` that nobody declared (routing.md §4.1). */
  readonly synthesized: boolean;
  readonly origin: Origin;
}

/** Conditions of which all of one alternative must hold. */
export type Alternatives = readonly (readonly Condition[])[];

export type Backend =
  | { readonly kind: "service"; readonly pool: string; readonly service: string; readonly port: string }
  /** The controller's default backend: 404 when it has no endpoints. */
  | { readonly kind: "default" }
  /** Answered without a backend: a refused location (503), the catch-all's `/healthz` (200). */
  | { readonly kind: "status"; readonly status: number };

export interface Canary {
  readonly pool: string;
  readonly service: string;
  readonly port: string;
  /** Header name as declared. */
  readonly header?: string;
  readonly headerValue?: string;
  readonly headerPattern?: string;
  readonly cookie?: string;
  readonly weight: number;
  /** ≥ 100 (routing.md: smaller totals behave as 100). */
  readonly weightTotal: number;
  readonly origin: Origin;
}

export interface Filters {
  /** `certificate`: redirect when the requested name has a certificate; `always`: even without. */
  readonly httpsRedirect: "never" | "certificate" | "always";
  readonly preserveTrailingSlash: boolean;
  /** What the edge does beside: in its own shapes, because nothing is left to compile. Absent: nothing. */
  readonly edge?: EdgeFilters;
  /** Pools that a filter sends requests to, beside the route's own. */
  readonly pools?: readonly FilterPool[];
  /** Answers that are replaced by pages of another backend. */
  readonly errorPages?: ErrorPages;
}

export interface ErrorPages {
  /** Ascending. */
  readonly codes: readonly number[];
  /** Backends' own answers with these statuses are replaced, too. */
  readonly ofBackends: boolean;
}

/** A pool that an annotation needs: of a Service or a name that it mentions. */
export interface FilterPool {
  readonly pool: string;
  /** Field of the Ingress: `metadata.annotations[…]`. */
  readonly field: string;
  /** What happens while it has no endpoint. */
  readonly effect: string;
}

/** Values that reach nginx: numbers and enumerations only, never a tenant's text. */
export interface ProxySettings {
  /** Seconds. */
  readonly connectTimeout: number;
  readonly sendTimeout: number;
  readonly readTimeout: number;
  /** Bytes; 0: no limit. */
  readonly bodySize: number;
  readonly buffering: boolean;
  readonly requestBuffering: boolean;
  /** Bytes. */
  readonly bufferSize: number;
  readonly buffersNumber: number;
  readonly nextUpstream: readonly NextUpstream[];
  /** Seconds, 0: no limit. */
  readonly nextUpstreamTimeout: number;
  /** 0: no limit. */
  readonly nextUpstreamTries: number;
  readonly httpVersion: "1.0" | "1.1";
}

export const NEXT_UPSTREAM = [
  "error", "timeout", "invalid_header", "http_500", "http_502", "http_503", "http_504", "http_403", "http_404",
  "http_429", "non_idempotent", "off",
] as const;
export type NextUpstream = (typeof NEXT_UPSTREAM)[number];

export interface Pool {
  /** `<namespace>/<service>/<port as the Ingress writes it>`, or `upstream-default-backend`. */
  readonly id: string;
  /** `<namespace>-<service>-<port>`: how ingress-nginx's logs and metrics name it. */
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

/** One address. IPv6 without brackets. Ordered by address, then port; no duplicates. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface Certificate {
  /** Digest of chain and key. */
  readonly id: string;
  /** PEM, leaf first. */
  readonly chain: string;
  /** PEM. */
  readonly key: PrivateBytes;
  readonly notAfter: Date;
  readonly origin: Origin;
}

/** What changed from the previous Model to this one, by key: values are to be looked up in the Model. */
export interface ModelChange {
  readonly hosts: ReadonlySet<string>;
  readonly pools: ReadonlySet<string>;
  readonly certificates: ReadonlySet<string>;
  readonly tls: ReadonlySet<string>;
  readonly config: boolean;
}

export interface Built {
  readonly model: Model;
  readonly change: ModelChange;
  /** All findings of the model stage, sorted (computed when asked for). */
  findings(): readonly Finding[];
  /** Secrets and ConfigMaps that somebody refers to, missing ones included. */
  readonly wanted: WantedObjects;
  /** DNS names of ExternalName Services that a pool needs. */
  readonly names: ReadonlySet<string>;
}
