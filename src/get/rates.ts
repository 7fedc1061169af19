/**
 * Rates and latencies of routes: what differs between two answers of `GET /api/v1/traffic` (src/report/traffic.ts), in
 * the time that lies between them. Pure.
 */
import { CATCH_ALL } from "../../edge/src/program.ts";
import type { TrafficHead, TrafficNumbers, TrafficRow } from "../report/traffic.ts";
import type { SORTS } from "../settings/shape.ts";
import { selectsRoute, type RouteSelection } from "./requests.ts";

/** Numbers of requests in an interval, and the same for a second. */
export interface Rates {
  readonly requests: number;
  /** Statuses from 400 to 499. */
  readonly clientErrors: number;
  /** Statuses from 500 on. */
  readonly serverErrors: number;
  readonly requestsPerSecond: number;
  readonly clientErrorsPerSecond: number;
  readonly serverErrorsPerSecond: number;
}

/** A route, or a canary, with requests in the interval. */
export interface RouteRates extends Rates {
  /** Names are "" where no route took the requests. */
  readonly namespace: string;
  readonly ingress: string;
  /** `*`: a rule without host. */
  readonly host: string;
  readonly path: string;
  readonly service: string;
  /** "": the requests that no canary took. */
  readonly canary: string;
  /** All routes that are too many to be told apart. */
  readonly others?: true;
  /** Milliseconds below which half, and 99 of 100, requests took; absent: not measured. */
  readonly p50?: number;
  readonly p99?: number;
}

/** What happened in an interval. */
export interface Interval {
  /** How long it was. */
  readonly seconds: number;
  readonly total: Rates & {
    /** Routes and canaries with requests. */
    readonly active: number;
    /** Those of Ingresses without; absent where only some are looked at. */
    readonly quiet?: number;
    /** Open connections of clients, to all routes; absent: not known. */
    readonly connections?: number;
    /** Requests that Sluice answered itself, by reason, of all routes. */
    readonly ownAnswers: Readonly<Record<string, number>>;
    /** Milliseconds below which half, and 99 of 100, requests took; absent: not measured. */
    readonly p50?: number;
    readonly p99?: number;
  };
  readonly routes: readonly RouteRates[];
  /** Upper bound of the longest durations that are told apart, in milliseconds; absent: nothing is measured. */
  readonly longest?: number;
}

export interface IntervalOptions {
  readonly selection: RouteSelection;
  readonly sort: (typeof SORTS)[number];
}

export interface RateMeter {
  /**
   * Takes an answer that was given at this time, in milliseconds. Gives what happened since the answer before; undefined
   * for the first one of a life of the controller, which has nothing to be compared with.
   */
  take(head: TrafficHead, rows: readonly TrafficRow[], at: number): Interval | undefined;
}

/** A row that the controller has dropped since it was told does not come again, for it is dropped after 15 minutes without requests. */
const FORGOTTEN_MS = 60 * 60_000;

interface Told {
  readonly row: TrafficRow;
  readonly at: number;
}

export function createRateMeter({ selection, sort }: IntervalOptions): RateMeter {
  let told = new Map<number, Told>();
  let before: { readonly head: TrafficHead; readonly at: number } | undefined;
  let forgotten = 0;
  return {
    take(head, rows, at) {
      const last = head.anew ? undefined : before;
      if (last === undefined) told = new Map();
      const changed = rows.map((row) => difference(row, told.get(row.id)?.row));
      for (const row of rows) told.set(row.id, { row, at });
      if (at - forgotten > FORGOTTEN_MS) {
        forgotten = at;
        for (const [id, one] of told) if (at - one.at > FORGOTTEN_MS) told.delete(id);
      }
      before = { head, at };
      return last && intervalOf(last.head, head, changed, (at - last.at) / 1000, { selection, sort });
    },
  };
}

/** What was counted since numbers were told before; absent: all of it. */
export function difference<T extends TrafficNumbers>(now: T, before: TrafficNumbers | undefined): T {
  if (before === undefined) return now;
  return {
    ...now,
    requests: now.requests - before.requests,
    clientErrors: now.clientErrors - before.clientErrors,
    serverErrors: now.serverErrors - before.serverErrors,
    ...(now.took ? { took: now.took.map((number, bucket) => number - (before.took?.[bucket] ?? 0)) } : {}),
  };
}

function intervalOf(before: TrafficHead, head: TrafficHead, rows: readonly TrafficRow[], seconds: number, { selection, sort }: IntervalOptions): Interval {
  const all = selection.namespace === "" && selection.hosts.length === 0 && selection.ingresses.length === 0;
  const { bounds, connections } = head;
  const selected = rows.filter((row) => row.requests > 0 && selectsRoute(selection, row));
  const routes = selected.map((row) => routeRates(row, bounds, seconds)).sort(ORDERS[sort]);
  const active = routes.filter(({ ingress }) => ingress !== "").length;
  const sum = (field: "requests" | "clientErrors" | "serverErrors"): number => routes.reduce((before, one) => before + one[field], 0);
  const own = Object.entries(head.answers).map(([reason, number]) => [reason, number - (before.answers[reason as keyof typeof before.answers] ?? 0)] as const);
  const total = {
    ...ratesOf({ requests: sum("requests"), clientErrors: sum("clientErrors"), serverErrors: sum("serverErrors") }, seconds),
    active,
    ...(all ? { quiet: Math.max(0, head.routes - active) } : {}),
    ...(connections === undefined ? {} : { connections }),
    ...quantilesOf(bounds && sumOf(selected, bounds.length + 1), bounds),
    ownAnswers: Object.fromEntries(own.filter(([, number]) => number > 0).sort(([, a], [, b]) => b - a)),
  };
  const longest = bounds?.at(-1);
  return { seconds, total, routes, ...(longest === undefined ? {} : { longest }) };
}

/** @param seconds how long the requests took to come. */
export function ratesOf({ requests, clientErrors, serverErrors }: Pick<Rates, "requests" | "clientErrors" | "serverErrors">, seconds: number): Rates {
  const perSecond = (number: number): number => (seconds > 0 ? Math.round((number / seconds) * 1000) / 1000 : 0);
  return {
    requests, clientErrors, serverErrors,
    requestsPerSecond: perSecond(requests), clientErrorsPerSecond: perSecond(clientErrors), serverErrorsPerSecond: perSecond(serverErrors),
  };
}

function routeRates(row: TrafficRow, bounds: readonly number[] | undefined, seconds: number): RouteRates {
  const { namespace, ingress, host, path, service, canary, others, took } = row;
  return {
    namespace, ingress, host: host === CATCH_ALL ? "*" : host, path, service, canary, ...(others ? { others } : {}), ...ratesOf(row, seconds), ...quantilesOf(took, bounds),
  };
}

/** The buckets of all rows, added up. */
function sumOf(rows: readonly TrafficRow[], buckets: number): readonly number[] {
  const sum = Array.from({ length: buckets }, () => 0);
  for (const { took } of rows) if (took) for (const [bucket, number] of took.entries()) sum[bucket] = (sum[bucket] ?? 0) + number;
  return sum;
}

/** @param took observations of each bucket; undefined: not measured. */
export function quantilesOf(took: readonly number[] | undefined, bounds: readonly number[] | undefined): Pick<RouteRates, "p50" | "p99"> {
  const quantile = (share: number): number | undefined => (took && bounds ? quantileOf(share, took, bounds) : undefined);
  const [p50, p99] = [quantile(0.5), quantile(0.99)];
  return { ...(p50 === undefined ? {} : { p50 }), ...(p99 === undefined ? {} : { p99 }) };
}

/**
 * The value below which this share of the observations lies, as Prometheus' histogram_quantile has it: observations of a
 * bucket are taken to lie evenly between its bounds, and those beyond the last bound count as that bound.
 *
 * @param share from 0 to 1.
 * @param buckets observations of each bound's bucket, each counted once, and those of the bucket without bound.
 * @param bounds upper bounds, ascending.
 * @returns undefined: there are no observations.
 */
export function quantileOf(share: number, buckets: readonly number[], bounds: readonly number[]): number | undefined {
  const total = buckets.reduce((sum, number) => sum + number, 0);
  if (total <= 0) return undefined;
  const rank = share * total;
  let below = 0;
  for (const [bucket, upper] of bounds.entries()) {
    const own = buckets[bucket] ?? 0;
    const lower = bounds[bucket - 1] ?? 0;
    if (own > 0 && below + own >= rank) return Math.round((lower + ((upper - lower) * (rank - below)) / own) * 10) / 10;
    below += own;
  }
  return bounds.at(-1);
}

type Order = (a: RouteRates, b: RouteRates) => number;

/** First those with the larger of these numbers, the first that differs; then by name. */
function byLargest(...numbers: readonly ((one: RouteRates) => number)[]): Order {
  return (a, b) => {
    for (const number of numbers) if (number(a) !== number(b)) return number(b) - number(a);
    return byNames(a, b);
  };
}

const NAMES = ["namespace", "ingress", "host", "path", "canary", "service"] as const;

/** Makes no text of them: thousands of routes with as many requests each are compared with each other. */
const byNames: Order = (a, b) => {
  for (const name of NAMES) if (a[name] !== b[name]) return a[name] < b[name] ? -1 : 1;
  return 0;
};

const requestsOf = ({ requests }: RouteRates): number => requests;

const ORDERS: Readonly<Record<(typeof SORTS)[number], Order>> = {
  requests: byLargest(requestsOf),
  errors: byLargest(({ serverErrors }) => serverErrors, ({ clientErrors }) => clientErrors, requestsOf),
  latency: byLargest(({ p99 = -1 }) => p99, ({ p50 = -1 }) => p50, requestsOf),
};
