/** What happens to requests of a route beside being proxied. */
import type { Addresses, PasswordAuth } from "./access.ts";
import type { Cors } from "./cors.ts";
import type { CrossOrigin } from "./cross-origin.ts";
import type { ExternalAuth } from "./external-auth.ts";
import type { PathText } from "./path-text.ts";
import type { Limits } from "./rate-limit.ts";
import type { Replacement } from "./replacement.ts";
import type { CookieRewrite } from "./set-cookie.ts";
import type { Template } from "./template.ts";
import type { UpstreamFilter } from "./upstream.ts";

/**
 * A header of a request or of an answer: `value` in place of what is there, or after it (`add`); without a value it is removed. A request header that
 * nginx.conf sends from a variable is set there (`sent`).
 */
export interface HeaderChange {
  name: string;
  value?: string;
  add?: boolean;
  sent?: "sluice_connection";
}

/**
 * What happens to requests of a route beside being proxied: one field per feature. A route with filters is served by a
 * profile whose location runs the access and header filter phases; for a route without filters nobody looks here.
 */
export interface EdgeFilters {
  /** Which origins may use the responses. */
  cors?: Cors;
  /** The same as a Gateway's route says it. */
  crossOrigin?: CrossOrigin;
  /** Domain and Path of the backend's cookies. */
  cookies?: CookieRewrite;
  /** Location and Refresh headers of the backend. */
  redirects?: Replacement;
  /** The Host header that the backend gets. */
  vhost?: Template;
  /** The X-Forwarded-Prefix header that the backend gets. */
  prefix?: PathText;
  /** Headers of the request, in this order. */
  changes?: HeaderChange[];
  /** Error pages come from `backend` (a pool id), which also takes requests while the route's pool is empty; without it, from the default backend. */
  errors?: { backend?: string };
  /** No line in the access log. */
  quiet?: boolean;
  /** A line in the error log for what the backend is asked for. */
  logRewrites?: boolean;
  /** Who else gets the requests, of a Gateway's route: one for each mirror of its profile. */
  copies?: RequestCopy[];
  /** Changes of the headers of a backend's answers, and of redirects; only routes of Gateways have them (phases/gateway-answers.ts). */
  answerChanges?: HeaderChange[];
  /** Response headers, name and value, in place of the backend's. */
  setHeaders?: [string, string][];
  /** A service that is asked about each request. */
  externalAuth?: ExternalAuth;
  limits?: Limits;
  addresses?: Addresses;
  credentials?: PasswordAuth;
  /** One check of the access phase that passes is enough (annotation satisfy). */
  any?: boolean;
  /** Bytes a second that a response is held to, and the bytes that are sent before the limit holds. */
  speed?: [number, number];
  /** A snippet stands in its location and sees the client's URI. */
  snippet?: boolean;
  /** Response headers that the snippet sets or clears, in the place of everybody's. */
  written?: string[];
  /** TLS identity, mirror, FastCGI: what of the backend's protocol is data. */
  upstream?: UpstreamFilter;
  /**
   * The filters only check requests, and the route's profile is the default one but for their phases. A request is checked in the
   * server rewrite phase, and goes on like that of a route without filters; only one that is refused enters the profile.
   */
  early?: boolean;
}

/** A pool that gets `taking` of `of` requests, besides the backend that answers them. */
export interface RequestCopy {
  pool: string;
  taking: number;
  of: number;
}
