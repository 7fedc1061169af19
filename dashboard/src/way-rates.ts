/** The way of a host's traffic with the rates of the last interval: five columns of nodes, and what flows between them. */
import type { HostRates, Way, WayArm, WayRoute } from "../../src/dashboard/shapes.ts";
import type { RouteRates } from "../../src/get/rates.ts";
import { countText, durationText, rateText } from "./texts.ts";

export interface Node {
  readonly key: string;
  readonly title: string;
  readonly note: string;
  /** Requests, and those that failed, per second. Absent: not known. */
  readonly rate?: number;
  readonly failed?: number;
}

export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly rate: number;
  readonly failed: number;
}

export interface LiveWay {
  /** Host, routes, who takes their requests, Services, endpoints. */
  readonly columns: readonly (readonly Node[])[];
  readonly flows: readonly Flow[];
}

interface Numbers {
  readonly rate: number;
  readonly failed: number;
  readonly p99: number | undefined;
  /** Requests of the last half a minute: of an interval there may be so few that their share is chance. */
  readonly lately: number;
}

const NONE: Numbers = { rate: 0, failed: 0, p99: undefined, lately: 0 };

/**
 * Workers count the requests of an Ingress's path once, whatever its types and conditions, and those of canaries with one
 * Service together. Who comes first gets such a number; for others it is a text: who has it.
 */
type Claimed = Numbers | string;

/** @param recent the rates of the last intervals, those of `rates` among them. */
export function withRates(way: Way, rates: HostRates | undefined, recent: readonly HostRates[] = rates ? [rates] : []): LiveWay {
  const [routes, arms, pools, endpoints]: Node[][] = [[], [], [], []];
  const flows: Flow[] = [];
  const byPool = new Map<string, { rate: number; failed: number }>();
  const claims = new Map<string, string>();
  for (const route of way.routes) {
    const key = `route ${route.namespace}/${route.ingress} ${route.text}`;
    const claimed = (route.arms.length === 0 ? [undefined] : route.arms).map((arm) => claim(claims, route, arm, rates, recent));
    const numbers = claimed.filter((one) => typeof one !== "string");
    const elsewhere = numbers.length > 0 ? "" : `, counted with ${String(claimed[0])}`;
    const sum = { rate: total(numbers, "rate"), failed: total(numbers, "failed") };
    const lately = total(numbers, "lately");
    routes?.push({ key, title: route.text, note: `${route.namespace}/${route.ingress}${route.redirect === "" ? "" : `, ${route.redirect}`}${elsewhere}`, ...(elsewhere === "" ? sum : {}) });
    flows.push({ from: "host", to: key, ...sum });
    for (const [index, arm] of route.arms.entries()) {
      const one = claimed[index] ?? NONE;
      const { rate, failed, p99, lately: own } = typeof one === "string" ? NONE : one;
      const armKey = `${key} ${index}`;
      arms?.push({ key: armKey, title: armTitle(arm), ...(typeof one === "string" ? { note: armNote(arm, 0, 0, p99, `counted with ${one}`) } : { note: armNote(arm, own, lately, p99), rate, failed }) });
      flows.push({ from: key, to: armKey, rate, failed });
      const poolKey = arm.pool === undefined ? `target ${arm.target}` : `pool ${arm.pool}`;
      const known = byPool.get(poolKey);
      byPool.set(poolKey, { rate: (known?.rate ?? 0) + rate, failed: (known?.failed ?? 0) + failed });
      if (!known) pools?.push({ key: poolKey, title: arm.target, note: arm.pool === undefined ? "" : endpointsText(way, arm.pool) });
      flows.push({ from: armKey, to: poolKey, rate, failed });
      if (!known && arm.pool !== undefined) addEndpoints(way, arm.pool, poolKey, rates, endpoints ?? [], flows);
    }
  }
  const host: Node = { key: "host", title: way.host, note: way.tls === "none" ? "http" : "https", rate: rates?.requests ?? 0, failed: rates?.failed ?? 0 };
  return { columns: [[host], routes ?? [], arms ?? [], (pools ?? []).map((pool) => ({ ...pool, ...byPool.get(pool.key) })), endpoints ?? []], flows };
}

function addEndpoints(way: Way, pool: string, poolKey: string, rates: HostRates | undefined, endpoints: Node[], flows: Flow[]): void {
  const { endpoints: addresses = [], more = 0 } = way.pools[pool] ?? {};
  for (const address of addresses) {
    const { requests: rate = 0, failed = 0 } = rates?.endpoints?.[address] ?? {};
    const key = `${poolKey} ${address}`;
    endpoints.push({ key, title: address, note: "", ...(rates && !rates.endpoints ? {} : { rate, failed }) });
    flows.push({ from: poolKey, to: key, rate, failed });
  }
  if (more > 0) endpoints.push({ key: `${poolKey} more`, title: `${more} more`, note: "" });
}

function endpointsText(way: Way, pool: string): string {
  const { endpoints = [], more = 0 } = way.pools[pool] ?? {};
  const number = endpoints.length + more;
  return number === 0 ? "no ready endpoint: 503" : number === 1 ? "1 endpoint" : `${number} endpoints`;
}

/** @param arm undefined: the route is redirected. */
function claim(claims: Map<string, string>, route: WayRoute, arm: WayArm | undefined, rates: HostRates | undefined, recent: readonly HostRates[]): Claimed {
  const { namespace, ingress, path, service, text } = route;
  const canary = arm?.canary ?? "";
  const key = [namespace, ingress, service, canary, path].join("\n");
  const other = claims.get(key);
  if (other !== undefined) return other;
  claims.set(key, arm === undefined || canary === "" ? text : `${armTitle(arm)} of ${text}`);
  const rowOf = ({ routes }: HostRates): RouteRates | undefined => routes.find((one) => one.namespace === namespace && one.ingress === ingress && one.path === path && one.service === service && one.canary === canary);
  const row = rates && rowOf(rates);
  const lately = recent.reduce((sum, one) => sum + (rowOf(one)?.requests ?? 0), 0);
  return { rate: row?.requestsPerSecond ?? 0, failed: row?.serverErrorsPerSecond ?? 0, p99: row?.p99, lately };
}

function armTitle({ canary, ingress }: WayArm): string {
  return canary === "" ? "primary" : `canary ${ingress}`;
}

/** `30 %, lately 28 % of 240, or header X-Canary, p99 12 ms`. */
function armNote({ canary, rule, share }: WayArm, own: number, of: number, p99: number | undefined, elsewhere = ""): string {
  const wanted = share > 0 || canary === "" ? `${share} %` : "";
  const lately = of > 0 ? `lately ${Math.round((100 * own) / of)} % of ${countText(of)}` : "";
  const asked = rule === "" ? "" : wanted === "" ? rule : `or ${rule}`;
  return [wanted, lately, asked, p99 === undefined ? "" : `p99 ${durationText(p99)}`, elsewhere].filter((text) => text !== "").join(", ");
}

function total(numbers: readonly Numbers[], field: "rate" | "failed" | "lately"): number {
  return numbers.reduce((sum, one) => sum + one[field], 0);
}

/** `12/s`, with the failed ones; "": not known. */
export function flowText({ rate, failed = 0 }: Pick<Node, "rate" | "failed">): string {
  if (rate === undefined) return "";
  return `${rateText(rate)}/s${failed > 0 ? `, ${rateText(failed)}/s failed` : ""}`;
}
