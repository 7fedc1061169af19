/**
 * The shapes that travel from the controller to the edge: what nginx's workers run.
 *
 * Everything here is plain JSON and is read by both runtimes (Node for `explain` and tests, LuaJIT for traffic),
 * so: no class, no Map, no null (absent means absent), arrays without holes. Strings are bytes: on Node every
 * string of a Program is the latin-1 reading of its UTF-8 bytes (see `tables.ts`).
 */
import type { Blocks } from "./blocks.ts";
import type { BodyLimits } from "./body.ts";
import type { ClientAuth, Handshake, EdgeTrust } from "./client-auth.ts";
import type { Balance, Derived } from "./policy.ts";
import type { RouteQuestion } from "./question.ts";
import type { Proxies } from "./proxies.ts";
import type { Tallies } from "./measures.ts";
import type { Detour } from "./detour.ts";
import type { EdgeFilters } from "./filters.ts";
import type { Template } from "./template.ts";
import type { RouteTrace, Sampling } from "./trace.ts";

export type { ClientAuth, Handshake, EdgeTrust } from "./client-auth.ts";
export type { AllowedOrigin } from "./cors.ts";
export type { CrossOrigin } from "./cross-origin.ts";
export type { Detour, Redirect, RedirectTo } from "./detour.ts";
export type { EdgeFilters, HeaderChange, RequestCopy } from "./filters.ts";
export type { ExternalAuth } from "./external-auth.ts";
export type { PathChange } from "./path-change.ts";
export type { PathText } from "./path-text.ts";
export type { Networks } from "./networks.ts";
export type { Balance, EwmaBalance, HashBalance, SessionBalance } from "./policy.ts";
export type { Replacement } from "./replacement.ts";
export type { Piece, Rewrite } from "./rewrite-target.ts";
export type { SessionCookie } from "./sticky.ts";
export type { Template } from "./template.ts";
export type { RouteTrace } from "./trace.ts";
export type { FastCgi, Mirror, UpstreamFilter, UpstreamIdentity } from "./upstream.ts";

/** Where requests of one Service port go. Replaced as a whole, never changed in place. */
export interface EdgePool {
  /** `<namespace>-<service>-<port>`, the text ingress-nginx logs as `$proxy_upstream_name`. Display only. */
  name: string;
  /** `[address, port]`; IPv6 addresses carry brackets. Empty: nothing is ready. */
  endpoints: [string, number][];
  /** The edge's own: the pool's id in the tables, by which a retry finds the pool that took its place. Never sent. */
  id?: string;
  /** The edge's own: index of the endpoint whose turn it is. Never sent. */
  turn?: number;
  /** The edge's own: what the policies of routes make of the endpoints. Never sent. */
  derived?: Derived;
}

/** An alternative backend of one route. Variables are nginx variable names without `$`. */
export interface EdgeCanary {
  /** Pool id. */
  pool: string;
  /** `http_<header>` with `-` as `_`, lower case. */
  header?: string;
  /** The header's exact, case-sensitive value that selects this canary. */
  value?: string;
  /** PCRE, unanchored, case-sensitive; used only without `value`. */
  pattern?: string;
  /** `cookie_<name>`, lower case. */
  cookie?: string;
  /**
   * It is a share of its route, which consists of shares alone: whoever is drawn for it stays with it, whether or not it has endpoints.
   * `respond`: there is no backend behind it, and this is the answer.
   */
  share?: true;
  respond?: number;
  /** Index of the route that requests of this share have in place of their own: it has the filters of the rule and those of the share. */
  route?: number;
  /** This canary takes the draws in `(from, to]` of `1..total` of its route. */
  from: number;
  to: number;
  /** How its requests choose an endpoint; absent: in turn. */
  balance?: Balance;
  /** Its header and cookie rules come before the session of a request. */
  unbound?: boolean;
  /** Label `canary` in logs and metrics. */
  name: string;
  /** Namespace of its Ingress; absent in a snapshot of an older Sluice. */
  namespace?: string;
  /** Its weight follows from evidence: the name of its release, `namespace/name` of its Ingress. */
  rollout?: string;
  /** Of the first canary alone: clients of the route are drawn by what they are, and not each time anew. */
  sticky?: StickyDraw;
  /** Some canary of its route has a rollout, so what requests of the route come to is counted by arm; with gRPC's statuses, or without. */
  rolling?: "http" | "grpc";
  /** The edge's own. Never sent. */
  counts?: Counts | undefined;
  tallies?: Tallies | undefined;
}

/** What a client is drawn by: the same gives the same draw, so that whoever has the canary keeps it while its weight grows. */
export interface StickyDraw {
  /** nginx variable of a header or a cookie; absent: the client's address. */
  variable?: string;
  /** Name of the cookie that a client without it gets. */
  cookie?: string;
  /** Different for each release, so that it is not always the same clients. */
  salt: string;
}

/** Status → requests that were answered with it and are not reported yet. */
export type Counts = Record<number, number>;

/** The users of one file: basic: name → hash; digest: `name:realm` → MD5 of `name:realm:password`. */
export type EdgeUsers = Record<string, string>;

/** One thing that must hold of a request. */
export interface Condition {
  /** nginx variable without `$`: `request_method`, `http_…`, `cookie_…`, `arg_…`. */
  variable: string;
  /** The parameter of the query that is meant; its name is compared exactly. `variable` is `args` then. */
  query?: string;
  /** The value is one of these, exactly. Absent, with `pattern` absent too: there is a value. */
  values?: string[];
  /** PCRE, unanchored, case-sensitive. */
  pattern?: string;
}

/** What one match leads to. */
export interface EdgeRoute {
  /** Path as the Ingress declares it. */
  path: string;
  /** Pool id of the primary. */
  pool: string;
  /** Most specific kind of rule first (value, pattern, always/never), then by age. */
  canaries?: EdgeCanary[];
  /** Range of the weight draw, ≥ 100; present with canaries. */
  total?: number;
  /** Takes only requests for which all conditions of one of these lists hold; the others go to `otherwise`, or on to a shorter path. */
  when?: Condition[][];
  /**
   * The route has a pool, and perhaps `https`. Whatever else a route can have is absent, and nobody need look for it.
   * Only the compiler sets this.
   */
  plain?: boolean;
  /** Index of the next route of the same path. */
  otherwise?: number;
  /** Id of the profile whose internal location serves this route; absent: the default profile, `location /`. */
  profile?: string;
  /** Its protocol takes the path from nginx's URI (gRPC, FastCGI), which the profile's location has to restore. */
  ownPath?: boolean;
  /** Answer this status instead of proxying. */
  respond?: number;
  /** Answer 301 to the same path with `/` appended (nginx's own redirect of a proxied prefix). */
  slash?: boolean;
  /** Redirect http to https: `certificate` when the host has one, `always`. */
  https?: "certificate" | "always";
  /** Keep one trailing `/` of the URI in the https redirect. */
  keepSlash?: boolean;
  filters?: EdgeFilters;
  /** Requests go elsewhere, or on with another path. */
  detour?: Detour;
  /** Redirects within the host are a path alone, without scheme and host. */
  relative?: boolean;
  /** Redirects within the host name the client's port; redirects to https name this one. */
  redirectPort?: number;
  /** How requests of the primary choose an endpoint; absent: in turn. */
  balance?: Balance;
  trace?: RouteTrace;
  /** Bytes of the largest request body, 0: any; absent: the settings'. */
  bodySize?: number;
  /** Limits of bodies that its location does not hold. */
  body?: BodyLimits;
  /** Endpoints that may be tried for one request, 0: any number; absent: as many as nginx.conf says. */
  tries?: number;
  /** Upstream timeouts in seconds; absent: nginx.conf's. */
  connect?: number;
  send?: number;
  read?: number;
  /** Labels of logs and metrics. */
  namespace: string;
  ingress: string;
  service: string;
  port: string;
  /** The edge's own: name of its host, and requests that are not reported yet. Never sent. */
  host?: string;
  counts?: Counts | undefined;
  tallies?: Tallies | undefined;
}

/** A path as a regular expression. */
export interface PathPattern {
  /** PCRE, with its `(?i)` and `^`. */
  pattern: string;
  /** Index into `routes`. */
  route: number;
}

/** One host. Replaced as a whole, never changed in place. */
export interface EdgeHost {
  /** The host name; `*.example.com` for one label; `_` for every other name. */
  name: string;
  routes: EdgeRoute[];
  /** Path → index into `routes`. */
  exact: Record<string, number>;
  /** Path ending in `/` → index into `routes`; the longest wins. */
  prefix: Record<string, number>;
  /** Distinct lengths of the keys of `prefix`, longest first, without 1 (the path `/`). */
  lengths: number[];
  /** Index of the route for `/`. Every host has one, but those of the listeners of Gateways: -1. */
  root: number;
  /** What most hosts do not have. */
  special?: SpecialHost;
}

export interface SpecialHost {
  /** Some route has conditions. */
  conditional?: boolean;
  /** All paths of a host whose paths are regular expressions: the first that matches wins. `exact` still comes before. */
  patterns?: PathPattern[];
  /** Path that `/` is redirected to. */
  appRoot?: string;
  /** What the host wants of TLS handshakes for its name. */
  handshake?: Handshake;
  /** What the host wants of the clients that send it requests. */
  clients?: ClientAuth;
}

/**
 * Another name of a host. Its id is the name: exact, `*.parent` for any number of labels, `start.*`, or `~` and a
 * regular expression (PCRE, unanchored).
 */
export interface EdgeAlias {
  /** Name of the Host. */
  host: string;
  /** Requests for the alias are redirected to the host's own name. */
  redirect?: boolean;
}

/** A certificate chain with its key, PEM. The id is a digest, so the content of an id never changes. */
export interface EdgeCertificate {
  chain: string;
  key: string;
}

/** What the operator set that the edge needs per request. */
export interface EdgeSettings {
  /** Status of redirects to https: 301, 302, 307 or 308. */
  redirectCode: number;
  /** Believe X-Forwarded-Proto: a request that a proxy in front received over https is not redirected. */
  forwardedProto: boolean;
  /** Bytes of the largest request body, where no route says otherwise; 0, absent: any. */
  bodySize?: number;
  /** nginx expects the PROXY protocol: a client that came in on port 443 of the proxy came over https. */
  proxyProtocol?: boolean;
  /** With the PROXY protocol, a header is believed as well; absent: none is. */
  proxies?: Proxies;
  /** What limits tell clients apart by: texts and names of nginx variables in turn. */
  limitKey: string[];
  /** Statuses of requests over a limit. */
  limitRateStatus: number;
  limitConnectionsStatus: number;
  /** URIs that are not logged; absent: all are. Read only where nginx.conf says that there are some. */
  quiet?: QuietUris;
  /** Absent until the settings have come: nothing is sampled. */
  sampling?: Sampling;
  /** Headers of every request to a backend, and of every answer; absent: none. */
  requestHeaders?: OperatorHeader[];
  responseHeaders?: OperatorHeader[];
  /** The clients that get 403, whatever they ask for; absent: none. */
  blocks?: Blocks;
  /** End handshakes for names that no Ingress declares. */
  rejectHandshake?: boolean;
}

interface QuietUris {
  /** As the client sends them. */
  exact: Record<string, boolean>;
  /** PCRE, unanchored. */
  patterns: string[];
}

export interface OperatorHeader {
  name: string;
  value: Template;
  /** The variable that nginx.conf sends in place of a header of Sluice's own. */
  sent?: string;
}

/**
 * Where connections below http go: of a listener (`tcp 9000`), or TLS connections for a server name (`tls shop.example`).
 * For the agent, which writes them to files for edge/stream/endpoint.ts: no worker of http looks here.
 */
export interface Stream {
  /** `address:port`. */
  endpoints: string[];
  /** What keeps to its endpoint: a client, or one of its ports; absent: nothing, connections are spread by chance. */
  keep?: "address" | "flow";
}

/** Host name (`*.parent` for any number of labels, `_` for all others) → key of the listener that requests for it belong to. */
export type EdgeFront = Record<string, string>;

export type PartKind = "host" | "front" | "alias" | "pool" | "certificate" | "tls" | "users" | "trust" | "stream" | "settings";

/** The value of a part of each kind. `tls` maps a server name (exact, `*.parent` or `_`) to a certificate id. */
export interface PartValues {
  host: EdgeHost;
  front: EdgeFront;
  alias: EdgeAlias;
  pool: EdgePool;
  certificate: EdgeCertificate;
  tls: string;
  users: EdgeUsers;
  trust: EdgeTrust;
  stream: Stream;
  settings: EdgeSettings;
}

/** The host name that stands for every name nobody declared. */
export const CATCH_ALL = "_";
/** Pool id of `--default-backend-service`; without endpoints its requests get 404, not 503. */
export const DEFAULT_BACKEND = "upstream-default-backend";

/**
 * What travels over the channel, one JSON value per line. `set`, `drop` and `reset` are staged; `commit` makes all of
 * them true at once. A frame longer than 64 KiB travels as `piece`s of its JSON text, the last one with `last`.
 */
export type Frame =
  | { op: "set"; kind: PartKind; id: string; value: PartValues[PartKind] }
  | { op: "drop"; kind: PartKind; id: string }
  | { op: "reset" }
  | { op: "piece"; text: string; last: boolean }
  /** `keys`, in the snapshot files: names the state of the keys that the commit goes with (edge/src/snapshot.ts). */
  | { op: "commit"; generation: number; digest: string; keys?: string }
  /**
   * Not staged. For this long, the worker tells HTTP/1.1 clients to close their connections, because a reload follows.
   * With `farewell`, it says `retired` with this number.
   */
  | { op: "retire"; seconds: number; farewell?: number }
  /** Not staged. For this long, the worker says what becomes of every request (edge/src/journal.ts). */
  | { op: "watch"; seconds: number }
  /** Not staged. The worker says `replied`. */
  | { op: "ask"; question: RouteQuestion };
