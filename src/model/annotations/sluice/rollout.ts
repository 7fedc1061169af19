/**
 * `sluice.ingress/rollout`: a canary whose weight follows from what its requests come to.
 *
 *     steps: [5, 20, 50, 100]      # per cent; or {weight: 5, for: 10m, requests: 2000}
 *     every: 5m                    # least time at a step
 *     requests: 500                # least requests of the canary at a step
 *     errors: +1%                  # how many more of its answers than of the primary's may be errors
 *     latency: {quantile: 0.99, within: 1.5x}   # or 800ms, or off
 *     on-failure: back             # or hold
 *     sticky: {cookie: version}    # clients keep the canary while its weight grows: by a cookie that they get, {header: X-User}, or client; absent: nobody does
 *
 * Each part may be left out; these are the defaults.
 */
import type { LatencyRule, RolloutSpec, RolloutSticky, RolloutStep } from "../../shapes/rollout.ts";
import { asTable, asText, Malformed, onlyKeys, readTable } from "./yaml-text.ts";

const DEFAULT_WEIGHTS = [5, 20, 50, 100];
const DEFAULT_EVERY = 5 * 60_000;
const DEFAULT_REQUESTS = 500;
const DEFAULT_ERRORS = 0.01;
const DEFAULT_QUANTILE = 0.99;
const DEFAULT_WITHIN = 1.5;

const MOST_STEPS = 50;
const SHORTEST_STEP = 1000;
const LONGEST_STEP = 30 * 24 * 3_600_000;
/** Fewer requests than these cannot show anything. */
const FEWEST_REQUESTS = 20;
const MOST_REQUESTS = 1_000_000_000;

/** Throws Malformed, and nothing else. */
export function readRollout(text: string): RolloutSpec {
  // More likely a value that a template left out than the wish for all defaults.
  if (text === "") throw new Malformed("it is empty: write {} for the defaults");
  if (!/[:{]/.test(text)) throw new Malformed("it must be a mapping: write it like {steps: [5, 20, 50, 100]}");
  const table = readTable(text);
  onlyKeys(table, ["steps", "every", "requests", "errors", "latency", "on-failure", "sticky"], "it");
  const every = table["every"] === undefined ? DEFAULT_EVERY : stepTime(table["every"], "every");
  const requests = table["requests"] === undefined ? DEFAULT_REQUESTS : requestsOf(table["requests"], "requests");
  const latency = latencyOf(table["latency"]);
  return {
    steps: stepsOf(table["steps"], every, requests),
    errors: table["errors"] === undefined ? DEFAULT_ERRORS : shareOf(table["errors"]),
    ...(latency ? { latency } : {}),
    onFailure: onFailureOf(table["on-failure"]),
    ...(table["sticky"] === undefined ? {} : { sticky: stickyOf(table["sticky"]) }),
  };
}

function shown(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 40));
}

function stepsOf(value: unknown, every: number, requests: number): readonly RolloutStep[] {
  const list = value === undefined ? DEFAULT_WEIGHTS : value;
  if (!Array.isArray(list) || list.length === 0) throw new Malformed("steps must be a list of per cents: write it like [5, 20, 50, 100]");
  if (list.length > MOST_STEPS) throw new Malformed(`steps has ${list.length} steps: ${MOST_STEPS} at most`);
  const steps = list.map((one: unknown, index) => stepOf(one, `step ${index + 1}`, every, requests));
  steps.forEach(({ weight }, index) => {
    const before = steps[index - 1]?.weight ?? 0;
    if (weight <= before) throw new Malformed(`step ${index + 1} has the weight ${weight}, which is not more than ${before}: steps must rise`);
  });
  if ((steps[0]?.weight ?? 0) >= 100) throw new Malformed("the first step has all requests, so there is nothing to compare the canary with: begin with less");
  return steps;
}

function stepOf(value: unknown, what: string, every: number, requests: number): RolloutStep {
  if (typeof value !== "object" || value === null) return { weight: weightOf(value, what), lasts: every, requests };
  const table = asTable(value, what);
  onlyKeys(table, ["weight", "for", "requests"], what);
  if (table["weight"] === undefined) throw new Malformed(`${what} has no weight: write it like {weight: 5, for: 10m}`);
  return {
    weight: weightOf(table["weight"], `${what}: weight`),
    lasts: table["for"] === undefined ? every : stepTime(table["for"], `${what}: for`),
    requests: table["requests"] === undefined ? requests : requestsOf(table["requests"], `${what}: requests`),
  };
}

function weightOf(value: unknown, what: string): number {
  const [, number] = /^([0-9]{1,3}(?:\.[0-9]{1,2})?)%?$/.exec(asText(value, what)) ?? [];
  const weight = Number(number);
  if (number === undefined || weight <= 0 || weight > 100) throw new Malformed(`${what} must be more than 0 and at most 100 per cent, with two decimals at most`);
  return weight;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90s`, `1h30m`; undefined: the text is no time. */
function timeOf(text: string): number | undefined {
  if (!/^(?:[0-9]{1,9}(?:\.[0-9]{1,3})?(?:ms|s|m|h|d))+$/.test(text)) return undefined;
  return [...text.matchAll(/([0-9.]+)([a-z]+)/g)].reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ""] ?? 0), 0);
}

function stepTime(value: unknown, what: string): number {
  const time = timeOf(asText(value, what));
  if (time === undefined) throw new Malformed(`${what} must be a time: write it like 90s, 5m or 1h30m`);
  if (time < SHORTEST_STEP || time > LONGEST_STEP) throw new Malformed(`${what} must be between 1s and 30d`);
  return time;
}

function requestsOf(value: unknown, what: string): number {
  const number = Number(asText(value, what));
  if (!Number.isSafeInteger(number) || number < FEWEST_REQUESTS || number > MOST_REQUESTS) {
    throw new Malformed(`${what} must be a whole number from ${FEWEST_REQUESTS} on: with fewer requests nothing can be told`);
  }
  return number;
}

function shareOf(value: unknown): number {
  const [, number] = /^\+?([0-9]{1,2}(?:\.[0-9]{1,3})?)%$/.exec(asText(value, "errors")) ?? [];
  const share = Number(number) / 100;
  if (number === undefined || share <= 0 || share > 0.5) throw new Malformed(`errors must be more than 0% and at most 50%, and not ${shown(value)}: write it like +1%`);
  return share;
}

function latencyOf(value: unknown): LatencyRule | undefined {
  if (value === undefined) return { quantile: DEFAULT_QUANTILE, bound: { within: DEFAULT_WITHIN } };
  if (value === "off" || value === false) return undefined;
  if (typeof value !== "object" || value === null) return { quantile: DEFAULT_QUANTILE, bound: boundOf(value, "latency") };
  const table = asTable(value, "latency");
  onlyKeys(table, ["quantile", "within"], "latency");
  return {
    quantile: table["quantile"] === undefined ? DEFAULT_QUANTILE : quantileOf(table["quantile"]),
    bound: table["within"] === undefined ? { within: DEFAULT_WITHIN } : boundOf(table["within"], "latency: within"),
  };
}

function boundOf(value: unknown, what: string): LatencyRule["bound"] {
  const text = asText(value, what);
  const [, times] = /^([0-9]{1,3}(?:\.[0-9]{1,3})?)x$/.exec(text) ?? [];
  if (times !== undefined && Number(times) > 1) return { within: Number(times) };
  const milliseconds = timeOf(text);
  if (milliseconds !== undefined && milliseconds > 0) return { milliseconds };
  throw new Malformed(`${what} must be a multiple of what is usual for the primary, like 1.5x, or a time, like 800ms, and not ${shown(value)}`);
}

function quantileOf(value: unknown): number {
  const quantile = Number(asText(value, "latency: quantile"));
  if (!(quantile >= 0.5 && quantile <= 0.999)) throw new Malformed(`latency: quantile must be between 0.5 and 0.999, and not ${shown(value)}: write it like 0.99`);
  return quantile;
}

const HEADER = /^[A-Za-z0-9-]{1,128}$/;
/** nginx's variables can name no other cookies. */
const COOKIE = /^[A-Za-z0-9_]{1,128}$/;

function stickyOf(value: unknown): RolloutSticky {
  if (value === "client") return { by: "client" };
  if (typeof value !== "object" || value === null) throw new Malformed("sticky must be client, {cookie: NAME} or {header: NAME}");
  const table = asTable(value, "sticky");
  onlyKeys(table, ["cookie", "header"], "sticky");
  const [[by, name] = ["", ""], more] = Object.entries(table);
  const text = asText(name, `sticky: ${by}`);
  if (more || (by !== "cookie" && by !== "header")) throw new Malformed("sticky must be client, {cookie: NAME} or {header: NAME}");
  if (!(by === "cookie" ? COOKIE : HEADER).test(text)) throw new Malformed(`sticky: ${by} must be a name of letters, digits and ${by === "cookie" ? "_" : "-"}`);
  return { by, name: text };
}

function onFailureOf(value: unknown = "back"): RolloutSpec["onFailure"] {
  if (value === "back" || value === "hold") return value;
  throw new Malformed(`on-failure must be back or hold, and not ${shown(value)}`);
}
