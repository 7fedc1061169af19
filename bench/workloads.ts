/**
 * What is measured of requests: a table. A row says what is asked and how, what a proxy must be able to do, and how it
 * is set up. What the hosts do is in `site/site.ts`, Sluice's manifests for them in `site/objects.ts`.
 */
import { UserError } from "../src/support/user-error.ts";
import type { Load } from "./load.ts";
import { SENT } from "./site/requests.ts";
import { crowdHost, PREFIX, type Feature } from "./site/site.ts";

/** How the proxies of a workload are started. `crowd`: with so many hosts beside those of the Site. */
export type SetUp = "quiet" | "metrics" | "log" | { readonly crowd: number };

export interface Workload {
  readonly id: string;
  readonly asks: string;
  readonly needs: readonly Feature[];
  readonly setUp: SetUp;
  readonly load: Omit<Load, "port" | "seconds">;
  /** Each client shows the cookie that its first answer gave it. */
  readonly session?: true;
  /** A goal is about it: Sluice, or Sluice and nginx, are measured in every round. Everything else is in every third. */
  readonly goal?: "sluice" | "nginx";
  /** Is part of `--quick`. */
  readonly quick?: true;
  /** Is also asked at a fixed rate. */
  readonly paced?: true;
}

const CONNECTIONS = 64;
const http = { protocol: "http", connections: CONNECTIONS, host: "plain.bench" } as const;
const https = { protocol: "https", connections: CONNECTIONS, host: "tls.bench" } as const;
const quiet = { setUp: "quiet", needs: ["plain"] } as const;

const on = (feature: Feature, asks: string, load: Partial<Load> = {}, more: Partial<Workload> = {}): Workload =>
  ({ id: feature, asks, needs: [feature], setUp: "quiet", load: { ...http, host: `${feature}.bench`, ...load }, ...more });

const crowd = (count: number, more: Partial<Workload> = {}): Workload =>
  ({ id: `hosts-${count}`, asks: `${count.toLocaleString("en")} hosts, asked in turn`, needs: ["plain"], setUp: { crowd: count }, load: { ...http, host: crowdHost(0).replace("0", "%d"), hosts: count }, ...more });

export const WORKLOADS: readonly Workload[] = [
  { ...quiet, id: "plain", asks: "a plain route, 64 connections kept alive", load: http, goal: "nginx", quick: true, paced: true },
  { ...quiet, id: "plain-1", asks: "the same over one connection", load: { ...http, connections: 1 } },
  { ...quiet, id: "plain-512", asks: "the same over 512 connections", load: { ...http, connections: 512 } },
  { ...quiet, id: "close", asks: "a new connection for each request", load: { ...http, headers: ["Connection: close"] } },
  { ...quiet, id: "empty", asks: "an answer without a body", load: { ...http, path: "/empty" } },
  { ...quiet, id: "down-4k", asks: "an answer of 4 KiB", load: { ...http, path: "/4k" } },
  { ...quiet, id: "down-1m", asks: "an answer of 1 MiB, 16 connections", load: { ...http, path: "/1m", connections: 16 } },
  { ...quiet, id: "up-4k", asks: "a request of 4 KiB", load: { ...http, path: "/upload", body: 4096 } },
  { ...quiet, id: "up-1m", asks: "a request of 1 MiB, 16 connections", load: { ...http, path: "/upload", body: 1 << 20, connections: 16 } },
  { ...quiet, id: "https", asks: "https kept alive", needs: ["https"], load: https, goal: "nginx", quick: true, paced: true },
  { ...quiet, id: "handshake", asks: "a full TLS 1.3 handshake with one request", needs: ["https"], load: { ...https, tool: "handshakes", connections: 8 }, goal: "nginx" },
  { ...quiet, id: "resumed", asks: "a resumed TLS 1.3 handshake with one request", needs: ["https"], load: { ...https, tool: "handshakes", connections: 8, resumed: true }, goal: "nginx" },
  { ...quiet, id: "h2", asks: "HTTP/2 over TLS, 4 streams a connection", needs: ["https"], load: { ...https, protocol: "h2" }, goal: "nginx", quick: true },
  on("websocket", "a WebSocket message there and back", { tool: "websockets" }),
  on("grpc", "a unary call of gRPC over TLS", { protocol: "h2", path: "/bench.Echo/Call", headers: ["content-type: application/grpc", "te: trailers"], body: 5 }, { needs: ["grpc", "https"] }),
  on("paths", "a host of 50 paths", { path: "/p37/x" }),
  on("regex", "a host of 10 regular expressions", { path: "/r9/abc/123" }),
  on("weight", "a canary by weight", {}, { goal: "sluice" }),
  on("header", "a canary by header", { headers: [SENT.header] }, { goal: "sluice" }),
  on("header", "the plain route with that header", { host: "plain.bench", headers: [SENT.header] }, { id: "plain-header", needs: ["plain"], goal: "sluice" }),
  on("cookie", "a canary by cookie", { headers: [SENT.cookie] }, { goal: "sluice" }),
  on("cookie", "the plain route with that cookie", { host: "plain.bench", headers: [SENT.cookie] }, { id: "plain-cookie", needs: ["plain"], goal: "sluice" }),
  on("sticky", "a sticky cookie, shown", {}, { session: true, goal: "sluice" }),
  on("limits", "limits of rate and of requests at a time", {}, { goal: "sluice" }),
  on("networks", "100 networks that may ask"),
  on("basic", "basic authentication (bcrypt, cost 5)", { headers: [SENT.basic] }),
  on("external", "external authentication"),
  on("cors", "CORS, with an Origin", { headers: [SENT.origin] }),
  on("rewrite", "a rewritten path", { path: `${PREFIX}/rewritten` }, { goal: "sluice" }),
  { ...quiet, id: "metrics", asks: "the plain route with metrics by route", needs: ["metrics"], setUp: "metrics", load: http, goal: "sluice" },
  { ...quiet, id: "log", asks: "the plain route with an access log", needs: ["log"], setUp: "log", load: http },
  crowd(1000, { quick: true }),
  crowd(10_000, { paced: true }),
  { ...crowd(10_000), id: "crowded", asks: "the plain route beside 10,000 hosts", load: http, goal: "sluice" },
  crowd(100_000),
];

/**
 * The workloads that are asked for.
 * @param named the words of `--workload`; undefined: all, or those of `--quick`.
 * @throws UserError for a name that no workload has.
 */
export function chooseWorkloads(named: readonly string[] | undefined, quick: boolean): readonly Workload[] {
  if (named === undefined) return quick ? WORKLOADS.filter((one) => one.quick) : WORKLOADS;
  if (named.length === 0) throw new UserError(`No workload is named: use some of ${WORKLOADS.map(({ id }) => id).join(", ")}`);
  const unknown = named.filter((id) => !WORKLOADS.some((one) => one.id === id));
  if (unknown.length > 0) throw new UserError(`There is no workload ${unknown.map((id) => JSON.stringify(id)).join(", ")}: use some of ${WORKLOADS.map(({ id }) => id).join(", ")}`);
  return WORKLOADS.filter(({ id }) => named.includes(id));
}

/** A word for a set-up, which names it in files and maps. */
export function setUpName(setUp: SetUp): string {
  return typeof setUp === "string" ? setUp : `crowd-${setUp.crowd}`;
}

export function crowdOf(setUp: SetUp): number {
  return typeof setUp === "string" ? 0 : setUp.crowd;
}
