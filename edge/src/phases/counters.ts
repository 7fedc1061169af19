/**
 * Requests counted by route, canary and status, until the channel takes them to the controller.
 *
 * The counts of a route live in the route itself (of a canary, in the canary), so the hot path is a look-up and an
 * addition. Routes are replaced when their host changes: `drain` hands over the counts of all routes that counted since
 * the last call, replaced routes included.
 */
import type { EdgeCanary, Counts, EdgeRoute } from "../program.ts";
import { noteFirst } from "./journal.ts";

interface Series {
  readonly route: EdgeRoute;
  readonly canary: EdgeCanary | undefined;
  readonly counts: Counts;
}

let series: Series[] = [];
/** What the drain that has begun still has to hand over. */
let leaving: Series[] = [];

export function countRequest(route: EdgeRoute, canary: EdgeCanary | undefined, status: number): void {
  const counted = canary ?? route;
  let counts = counted.counts;
  if (counts === undefined) {
    counts = {};
    counted.counts = counts;
    series.push({ route, canary, counts });
  }
  const before = counts[status];
  if (before === undefined) {
    noteFirst(route, canary, status);
    counts[status] = 1;
  } else {
    counts[status] = before + 1;
  }
}

/** One row of the counts: labels, status, requests since the last drain. */
export interface Counted {
  namespace: string;
  ingress: string;
  service: string;
  path: string;
  canary: string;
  status: number;
  requests: number;
  /** The rule's host; absent: no route took the requests. */
  host: string | undefined;
  /** This and the next only where requests are measured. */
  method?: string;
  /** The tally (see ../measures.ts) without its zeros: index and value in turn. */
  cells?: number[];
}

/** Begins a drain. What is counted from now on is left for the next one, so that a drain comes to its end. */
export function beginDrain(): void {
  if (leaving.length > 0) return;
  leaving = series;
  series = [];
}

/** Some rows of what was counted before `beginDrain`, about `most`; an empty list: that was all. */
export function drain(most: number): Counted[] {
  const rows: Counted[] = [];
  while (rows.length < most) {
    const one = leaving.pop();
    if (one === undefined) break;
    for (const [status, requests] of pairs(one.counts)) rows.push(rowOf(one.route, one.canary, status, requests));
    (one.canary ?? one.route).counts = undefined;
  }
  return rows;
}

export function rowOf(route: EdgeRoute, canary: EdgeCanary | undefined, status: number, requests: number): Counted {
  return {
    namespace: route.namespace,
    ingress: route.ingress,
    service: route.service,
    path: route.path,
    canary: canary?.name ?? "",
    status,
    requests,
    host: route.host,
  };
}
