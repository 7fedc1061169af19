/**
 * Requests counted by route, canary and status, until the channel takes them to the controller.
 *
 * The counts of a route live in the route itself (of a canary, in the canary), so the hot path is a look-up and an
 * addition. Routes are replaced when their host changes: `drain` hands over the counts of all that counted since the
 * last call, replaced ones included.
 */
import type { Canary, Counts, Route } from "../program.ts";

interface Series {
  readonly route: Route | undefined;
  readonly canary: Canary | undefined;
  readonly counts: Counts;
}

/** What nobody's route answered. */
const NOBODY: { counts?: Counts | undefined } = {};
let series: Series[] = [];

export function count(route: Route | undefined, canary: Canary | undefined, status: number): void {
  const counted = canary ?? route ?? NOBODY;
  let counts = counted.counts;
  if (counts === undefined) {
    counts = {};
    counted.counts = counts;
    series.push({ route, canary, counts });
  }
  counts[status] = (counts[status] ?? 0) + 1;
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
}

export function drain(): Counted[] {
  const rows: Counted[] = [];
  for (const one of series) {
    for (const [status, requests] of pairs(one.counts)) rows.push(row(one, status, requests));
    (one.canary ?? one.route ?? NOBODY).counts = undefined;
  }
  series = [];
  return rows;
}

function row({ route, canary }: Series, status: number, requests: number): Counted {
  return {
    namespace: route?.namespace ?? "",
    ingress: route?.ingress ?? "",
    service: route?.service ?? "",
    path: route?.path ?? "",
    canary: canary?.name ?? "",
    status,
    requests,
  };
}
