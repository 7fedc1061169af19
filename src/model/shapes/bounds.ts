/** How much of what costs a request or a worker there may be; docs/guide/bounds.md says what each is for. */

export interface Bounds {
  readonly ingress: number;
  readonly namespace: number;
  readonly all: number;
}

/** `share` of `all` is kept for each namespace, and counts beside it. */
export interface SharedBounds extends Bounds {
  readonly share: number;
}

/** Regular expressions among the names of `server-alias`. */
export const ALIAS_BOUNDS: Bounds = { ingress: 100, namespace: 200, all: 1000 };
/** Of one host: regular expressions of paths (a Prefix path is two of them), and conditions. */
export const PATH_BOUNDS: Bounds = { ingress: 1000, namespace: 1500, all: 2000 };
/**
 * Characters that an expression may stand for on average, as `patternWeight` counts them: what all expressions of an
 * Ingress, of a namespace, and of everybody stand for is bounded by 100 times their number's bound. So PCRE compiles the
 * expressions of a host in the time that a worker gives at once, and the worker has room for them and for all names.
 */
export const MEAN_WEIGHT = 100;
/** Paths of one host, of any kind: they travel to each worker as one table. */
export const ROUTE_BOUNDS: Bounds = { ingress: 10_000, namespace: 20_000, all: 40_000 };
/** Of one host: characters that travel because of an Ingress's annotations, counted once for each of its paths there. */
export const SIZE_BOUNDS: Bounds = { ingress: 16 * 1024 ** 2, namespace: 24 * 1024 ** 2, all: 32 * 1024 ** 2 };
/**
 * The same over all hosts together: a worker may need seven times as much memory for it, the controller ten. 10,000 Ingresses with
 * 500 characters of annotations, and two hosts with a path each, are 20 million.
 */
export const TOTAL_SIZE_BOUNDS: SharedBounds = { ingress: SIZE_BOUNDS.ingress, share: 1024 ** 2, namespace: 64 * 1024 ** 2, all: 128 * 1024 ** 2 };
/** Endpoints of a pool: a connection below http walks through all of them, and so does the first request after a change. */
export const MOST_ENDPOINTS = 5000;
/** Variables and groups in one text that is put together for each request. */
export const MOST_VARIABLES = 32;
/** Headers of auth-proxy-set-headers. */
export const MOST_AUTH_HEADERS = 64;
/** Bytes of a path: nginx takes no longer parameter in its configuration either. */
export const LONGEST_PATH = 4096;
