/** What the Model consists of: hosts, routes, pools, certificates. */
import type { Balance, ClientAuth, Condition, EdgeFilters, PathChange, Redirect, Rewrite, RouteTrace } from "../../../edge/src/program.ts";
import type { PrivateBytes } from "../../support/private-bytes.ts";
import type { Age } from "./age.ts";
import type { CanaryRollout } from "./rollout.ts";
import type { Snippet } from "./snippet.ts";
import type { UserList } from "./user-list.ts";

export interface Origin {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Field path within the object. */
  readonly field: string;
}

export interface Host {
  /** Key of the Gateway's listener that serves it; its routes are in the order in which they are tried then. Absent: it is one of Ingresses. */
  readonly site?: string;
  readonly name: string;
  /** Ordered: path text descending, Exact before Prefix. Always one Prefix route for `/`. */
  readonly routes: readonly Route[];
  /** Paths are regular expressions. */
  readonly regex?: true;
  /** Path that `/` is redirected to. */
  readonly appRoot?: string;
  /** Absent: the host wants nothing beyond a certificate. */
  readonly tls?: HostTls;
  /** Pool that the host's TLS connections are passed through to; absent: TLS ends here. */
  readonly passthrough?: string;
}

export interface Alias {
  readonly host: string;
  /** Requests for this name are only redirected to the host's own name. */
  readonly redirect: boolean;
}

/** What a host wants of its handshakes and of the clients that ask it. */
export interface HostTls {
  readonly clients?: ClientPolicy;
  readonly ciphers?: string;
  readonly preferServer?: boolean;
}

/** How nginx verifies clients (ssl_verify_client). */
export type ClientMode = Exclude<ClientAuth["mode"], "refused">;

export interface ClientPolicy {
  /** `refused`: nobody gets in. */
  readonly mode: ClientAuth["mode"];
  readonly depth: number;
  readonly trust?: Trust;
  readonly matchCn?: string;
  /** Namespace of the Ingress that decides; set beside `matchCn`. */
  readonly namespace?: string;
  readonly passCertificate: boolean;
  readonly errorPage?: string;
}

/** Certificates of a CA, and lists of what it revoked, PEM. */
export interface Trust {
  /** Digest of `ca` and `crl`. */
  readonly id: string;
  readonly ca: string;
  readonly crl?: string;
}

/** `ImplementationSpecific` and absent path types are `prefix`. */
export type PathType = "exact" | "prefix";

export interface Route {
  readonly path: string;
  readonly pathType: PathType;
  /** The route takes only requests for which one of these alternatives holds; absent: all. */
  readonly when?: Alternatives;
  readonly backend: Backend | Split | Shares;
  /** What happens to a request before it is proxied. */
  readonly filters: Filters;
  /** True for a `/` that no object declared. */
  readonly synthesized: boolean;
  readonly origin: Origin;
  /** Age of the route's Ingress; absent on routes that come from flags. */
  readonly age?: Age;
}

/** Lists of conditions: all conditions of one list must hold. */
export type Alternatives = readonly (readonly Condition[])[];

/** Where requests go, with how they are proxied there and how an endpoint is chosen. */
export type Backend = ServiceBackend | DefaultBackend | StatusBackend;

export interface ServiceBackend {
  readonly kind: "service";
  readonly pool: string;
  readonly service: string;
  readonly port: string;
  readonly proxy: ProxySettings;
  /** How its requests choose an endpoint; absent: in turn. */
  readonly balance?: Balance;
}

/** The controller's default backend: 404 when it has no endpoints. */
export interface DefaultBackend {
  readonly kind: "default";
  readonly proxy: ProxySettings;
}

/** Answered without a backend: a refused location (503), the catch-all's `/healthz` (200). */
export interface StatusBackend {
  readonly kind: "status";
  readonly status: number;
  /** Bounds the bodies of requests that get this answer. */
  readonly proxy: ProxySettings;
}

/**
 * Several backends for the requests of one route. Each request goes to the first canary whose rule asks for it, else to
 * the one that a draw of `1..total` gives it to, else to the primary. A canary without endpoints leaves its requests to
 * the primary.
 */
export interface Split {
  readonly kind: "split";
  readonly primary: ServiceBackend;
  /** At least 100. */
  readonly total: number;
  /** Most specific rule first (header value, header pattern, header or cookie, none), then oldest first. */
  readonly canaries: readonly Canary[];
}

/** Which requests ask for a canary, whatever its weight: by header (with one value, or a pattern of values), or by cookie. */
export interface CanaryRule {
  /** Header name as declared. */
  readonly header?: string;
  readonly headerValue?: string;
  readonly headerPattern?: string;
  readonly cookie?: string;
}

/** A backend of a Split, and the rule by which requests ask for it. */
export interface Canary extends CanaryRule {
  readonly backend: ServiceBackend;
  /** How many of the Split's `total` draws this canary takes. The weights of all canaries add up to `total` at most. */
  readonly weight: number;
  /** The primary has sessions, which do not bind the header and cookie rules of this canary. */
  readonly unbound?: true;
  /** Its weight follows from this. */
  readonly rollout?: CanaryRollout;
  readonly origin: Origin;
}

/**
 * Several backends for the requests of one rule of a Gateway's route. Each request goes to the one that a draw of `1..total` gives it to, whatever
 * becomes of it there.
 */
export interface Shares {
  readonly kind: "shares";
  /** Sum of the weights. */
  readonly total: number;
  /** Two at least. */
  readonly parts: readonly Share[];
}

export interface Share {
  readonly weight: number;
  readonly backend: Backend;
  /** All that happens to its requests; absent: what happens to all of the route. */
  readonly filters?: Filters;
}

/** The backend of the requests that no canary takes; of several shares the first that has a pool, else the first. */
export function primaryOf(backend: Backend | Split | Shares): Backend {
  if (backend.kind === "shares") return (backend.parts.find((one) => one.backend.kind === "service") ?? (backend.parts[0] as Share)).backend;
  return backend.kind === "split" ? backend.primary : backend;
}

export function canariesOf(backend: Backend | Split | Shares): readonly Canary[] {
  return backend.kind === "split" ? backend.canaries : [];
}

export interface Filters {
  /** `certificate`: redirect when the requested name has a certificate; `always`: even without. */
  readonly httpsRedirect: "never" | "certificate" | "always";
  readonly preserveTrailingSlash: boolean;
  /** The route asks for the paths of its host to be regular expressions. */
  readonly regex?: true;
  readonly redirect?: Redirect;
  readonly rewrite?: Rewrite;
  /** The same for a Gateway's route. */
  readonly pathChange?: PathChange;
  /** Redirects within the host name no scheme and host. */
  readonly relative?: true;
  /** Redirects within the host name their port, and redirects to https name this one. */
  readonly redirectPort?: number;
  /** What the edge does beyond the rest, in the edge's own shapes: nothing is left to compile. Absent: nothing. */
  readonly edge?: EdgeFilters;
  /** Present: the route's requests are traced. */
  readonly trace?: RouteTrace;
  /** Directives that the operator let the Ingress write: the only text of a tenant that reaches nginx. */
  readonly snippet?: Snippet;
  /** Pools that a filter sends requests to, beside the route's own. */
  readonly pools?: readonly FilterPool[];
  /** Client certificates that backends are shown. */
  readonly certificates?: readonly Certificate[];
  /** Authorities that the profile refers to. */
  readonly trust?: Authorities;
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
  /** Severity of a finding about that; absent: the finding's own. */
  readonly severity?: "warning" | "info";
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
  /** Bytes; 0: what two buffers hold. */
  readonly busyBuffersSize: number;
  /** Bytes; 0: no part of a response is written to a file. */
  readonly maxTempFileSize: number;
  /** Bytes; 0: the controller's. */
  readonly clientBodyBufferSize: number;
  readonly protocol: Protocol;
  /** Present where the backend is spoken to over TLS as proxy-ssl-secret asks. */
  readonly tls?: UpstreamTls;
  /** Whether a copy of each request goes to a second backend: `whole`, or without its body (`bodiless`). A number: so many copies, of a Gateway's rule. */
  readonly mirror: "off" | "whole" | "bodiless" | number;
  /** Names of the FastCGI parameters whose values the Ingress gives. */
  readonly fastcgiParams: readonly string[];
  /** `crs`: with the OWASP core rules. */
  readonly modsecurity: "off" | "on" | "crs";
  /** The Ingress says what a ModSecurity transaction is called. */
  readonly transactionId: boolean;
}

export const PROTOCOLS = ["HTTP", "HTTPS", "AUTO_HTTP", "GRPC", "GRPCS", "FCGI"] as const;
/** What a backend speaks; `AUTO_HTTP`: what the client speaks. */
export type Protocol = (typeof PROTOCOLS)[number];

/** The part of a TLS identity that is fixed in a location; the name and the client certificate are data. */
export interface UpstreamTls {
  readonly verify: boolean;
  readonly verifyDepth: number;
  /** A cipher list that OpenSSL takes. */
  readonly ciphers: string;
  readonly protocols: readonly TlsVersion[];
  /** The name is sent as SNI. */
  readonly serverName: boolean;
  /** Id of the authorities that are trusted, or empty. */
  readonly trust: string;
}

export const TLS_VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

/** Certificates of authorities: nginx reads them from a file, so they go to the agent. */
export interface Authorities {
  /** Digest of `pem`. */
  readonly id: string;
  readonly pem: string;
}

export const NEXT_UPSTREAM = [
  "error", "timeout", "invalid_header", "http_500", "http_502", "http_503", "http_504", "http_403", "http_404",
  "http_429", "non_idempotent", "off",
] as const;
export type NextUpstream = (typeof NEXT_UPSTREAM)[number];

export interface Pool {
  /**
   * `<namespace>/<service>/<port as the Ingress writes it>`, with `/cluster-ip` behind it for the Service's own address;
   * `<namespace>/<service>`: the first port; `target:<name>:<port>`: a name in an annotation; `upstream-default-backend`.
   */
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

/** The users that may pass by a password. The id tells which Secret they were read from, not what it holds. */
export interface Users {
  readonly id: string;
  readonly list: UserList;
}
