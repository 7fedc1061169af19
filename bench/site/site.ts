/**
 * What every proxy of the benchmark serves: hosts, their routes, and the pools that they lead to. Sluice gets it as
 * Kubernetes objects (`objects.ts`), each rival as its own configuration (`../rivals/`).
 */

/** What a proxy may or may not be able to do. The first group is asked of hosts, the second of the whole proxy. */
export const FEATURES = [
  "plain", "paths", "regex", "weight", "header", "cookie", "sticky", "limits", "networks", "basic", "external", "cors", "rewrite", "websocket", "grpc",
  "https", "metrics", "log",
] as const;
export type Feature = (typeof FEATURES)[number];

/** Backends by name. `both` has the endpoints of `first` and `second`. */
export type PoolName = "first" | "second" | "both" | "websocket" | "grpc";

export interface SiteRoute {
  /** A path that begins with `/` and holds for whole elements, or, with `regex`, an expression anchored at the start. */
  readonly path: string;
  readonly pool: PoolName;
}

export interface SiteHost {
  readonly name: string;
  /** What there is beside the routes; canaries lead to `second`. */
  readonly does: Feature;
  readonly routes: readonly [SiteRoute, ...SiteRoute[]];
  /** Served over TLS, too, with the certificate of the benchmark. */
  readonly https?: true;
}

export interface Site {
  readonly hosts: readonly SiteHost[];
  /** So many further hosts, `host-<i>.bench`, each a plain route to the pool `first`. */
  readonly crowd: number;
  /** Ports of 127.0.0.1. */
  readonly pools: Readonly<Record<PoolName, readonly [number, ...number[]]>>;
  /** A port of 127.0.0.1 that lets every request in but those with the header `X-Deny`. */
  readonly authentication: number;
}

/** Percent of the requests to `weight.bench` that the canary gets. */
export const WEIGHT = 30;
/** What asks for the canary of `header.bench`, of `cookie.bench`. */
export const CANARY_HEADER = { name: "test", value: "always" } as const;
export const CANARY_COOKIE = { name: "like_music", value: "always" } as const;
/** The cookie that keeps a client with its endpoint. */
export const STICKY_COOKIE = "route";
/** Requests a second and requests at a time that a client may have: more than any load here. */
export const LIMITS = { perSecond: 1_000_000, atATime: 60_000 } as const;
/** A hundred networks; the last one has the load. */
export const NETWORKS: readonly string[] = [...Array.from({ length: 99 }, (_, i) => `10.${i}.0.0/16`), "127.0.0.0/8"];
/** The one user, with the password's bcrypt hash of cost 5, which `htpasswd -B` makes and every proxy here reads. */
export const USER = { name: "bench", password: "bench", hash: "$2y$05$abcdefghijklmnopqrstuu9v.wgSpAQwnM0MaCtd.77WoEHF.lu62" } as const;
/** The origin that `cors.bench` lets use its answers. */
export const ORIGIN = "https://shop.bench";
/** `rewrite.bench` asks its backend for what comes after this prefix. */
export const PREFIX = "/api";

export function crowdHost(i: number): string {
  return `host-${i}.bench`;
}

const PATHS: SiteHost["routes"] = [
  { path: "/", pool: "first" },
  ...Array.from({ length: 49 }, (_, i): SiteRoute => ({ path: `/p${i + 1}`, pool: i % 2 === 0 ? "second" : "first" })),
];
const expression = (i: number): SiteRoute => ({ path: `/r${i}/[a-z]+/[0-9]+$`, pool: i % 2 === 0 ? "first" : "second" });
const EXPRESSIONS: SiteHost["routes"] = [expression(0), ...Array.from({ length: 9 }, (_, i) => expression(i + 1))];

const one = (does: Feature, pool: PoolName = "first", path = "/"): SiteHost => ({ name: `${does}.bench`, does, routes: [{ path, pool }] });

export const HOSTS: readonly SiteHost[] = [
  one("plain"),
  { name: "paths.bench", does: "paths", routes: PATHS },
  { name: "regex.bench", does: "regex", routes: EXPRESSIONS },
  one("weight"),
  one("header"),
  one("cookie"),
  one("sticky", "both"),
  one("limits"),
  one("networks"),
  one("basic"),
  one("external"),
  one("cors"),
  one("rewrite", "first", PREFIX),
  one("websocket", "websocket"),
  { ...one("grpc", "grpc"), https: true },
  { name: "tls.bench", does: "plain", routes: [{ path: "/", pool: "first" }], https: true },
];

/** Names of the certificate, one for all. */
export const CERTIFIED: readonly string[] = HOSTS.flatMap(({ name, https }) => (https ? [name] : []));
