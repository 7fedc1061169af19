/**
 * What travels from the controller to the dashboard's page. Both sides read these types; nothing of a Secret but its name
 * and its certificates' dates has a place in them.
 *
 * Times are milliseconds of Unix time, durations milliseconds, rates per second.
 */
import type { RouteRates } from "../get/rates.ts";

/** The length of an interval while somebody looks. */
export const INTERVAL_MS = 2000;

/** What happened in one interval, over all routes. */
export interface TrafficSample {
  readonly time: number;
  readonly requests: number;
  /** Statuses from 400 to 499, and from 500 on. */
  readonly clientErrors: number;
  readonly serverErrors: number;
  /** Absent: durations are not measured, or there were no requests. */
  readonly p50?: number;
  readonly p99?: number;
  /** Open connections of clients; absent: not known. */
  readonly connections?: number;
}

/** Event `overview`: how Sluice is now. */
export interface Overview {
  readonly time: number;
  /** What objects are read from, in words. */
  readonly source: string;
  /** Why probes are told that this Sluice is not ready; absent: it is. */
  readonly problem?: string;
  readonly generation: number;
  /** The newest generation that everybody has acknowledged, and who has not acknowledged the newest. */
  readonly programmed: number;
  readonly behind: readonly string[];
  readonly workers: number;
  readonly slots: number;
  readonly reloads: number;
  /** Why nginx reloaded, most frequent first. */
  readonly reloadReasons: readonly (readonly [reason: string, number: number])[];
  readonly hosts: number;
  readonly ingresses: number;
  readonly routes: number;
  readonly findings: Readonly<Record<"error" | "warning" | "info", number>>;
  /** The last interval; absent: none has ended yet. */
  readonly sample?: TrafficSample;
  /** Requests that Sluice answered itself in the last interval, by reason, most frequent first. */
  readonly ownAnswers: readonly (readonly [reason: string, number: number])[];
  /** The routes with most requests in the last interval. */
  readonly busiest: readonly RouteRates[];
  /** Grows whenever lists may have changed. */
  readonly lists: number;
}

/** Event `history`: the samples before now, oldest first. */
export type History = readonly TrafficSample[];

/** Event `changes`: what changed in what is served, oldest first. A change comes again when it is live. */
export interface ServedChange {
  readonly id: number;
  /** When the controller began to take it in. */
  readonly time: number;
  /** Ingresses that were written or deleted, the first of them. */
  readonly objects: readonly string[];
  /** Hosts, Services, certificates and the like whose routing changed, the first of them. */
  readonly parts: readonly string[];
  /** Objects and parts that are not named. */
  readonly more: number;
  /** The generation that holds it. */
  readonly generation: number;
  /** From `time` to the last worker's acknowledgement; absent: it is on its way. */
  readonly liveAfter?: number;
  /** nginx was reloaded for it. */
  readonly reloaded: boolean;
}

/** Event `rates`: what happened in the last interval on the host that the page looks at. */
export interface HostRates {
  readonly host: string;
  /** Per second, over all of the host's routes. */
  readonly requests: number;
  readonly failed: number;
  /** Those with most requests. */
  readonly routes: readonly RouteRates[];
  /** Requests per second that each endpoint was sent, by address; as far as workers had room to note them. Absent: too many watch requests already. */
  readonly endpoints?: Readonly<Record<string, { readonly requests: number; readonly failed: number }>>;
}

/** The way of a host's traffic, or null for a host that is not served: routes, who takes their requests, and where those are. */
export interface Way {
  readonly host: string;
  readonly aliases: readonly string[];
  /** The Secret of the host's certificate, or in words what there is instead. */
  readonly tls: string;
  readonly routes: readonly WayRoute[];
  /** Routes that are not listed, because there are too many. */
  readonly more: number;
  readonly pools: Readonly<Record<string, WayPool>>;
}

export interface WayRoute {
  readonly namespace: string;
  readonly ingress: string;
  /** As declared, by which rates name it; and as people read it. */
  readonly path: string;
  readonly text: string;
  /** By which rates name the Service of the primary; "": there is none. */
  readonly service: string;
  /** Who takes its requests: canaries first, the primary last. Empty for a route that is redirected. */
  readonly arms: readonly WayArm[];
  /** Where requests are redirected to; "": nowhere. */
  readonly redirect: string;
}

export interface WayArm {
  /** By which rates name the canary; "": the primary. */
  readonly canary: string;
  /** The canary's Ingress: namespace and name; "": the primary. */
  readonly ingress: string;
  /** What a request needs to reach it, in words; "": nothing. */
  readonly rule: string;
  /** Per cent of the requests without a rule of their own. */
  readonly share: number;
  /** `shop/web:80`, `the default backend`, `503`. */
  readonly target: string;
  /** Key of `pools`; absent: no Service takes the requests. */
  readonly pool?: string;
}

export interface WayPool {
  readonly endpoints: readonly string[];
  /** Endpoints that are not listed. */
  readonly more: number;
}

/** A part of a list. */
export interface ListPage {
  /** Rows that the search found, and rows without a search. */
  readonly found: number;
  readonly of: number;
  /** Index of the first of these rows among those that were found. */
  readonly from: number;
  readonly rows: readonly Readonly<Record<string, string | number | readonly string[]>>[];
}

/** What `explain` says. */
export interface ExplainedText {
  /** As `sluice explain --live` prints it; or, with a problem, why that is no request. */
  readonly text: string;
  readonly problem: boolean;
}
