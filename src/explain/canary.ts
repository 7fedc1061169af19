/** Which canary a request reaches, and by what. */
import { isKeptFrom } from "../../edge/src/canary.ts";
import type { EdgeCanary, EdgeRoute } from "../../edge/src/program.ts";
import type { RequestView } from "../../edge/src/request-view.ts";
import { ruleText } from "../model/routes/route-text.ts";
import { canariesOf, type Canary, type Route } from "../model/shapes/routing.ts";
import { percent } from "../rollout/release.ts";
import type { RolloutStatus } from "../rollout/status.ts";
import { keyOf } from "../source/snapshot.ts";
import type { ExplainedStep } from "./step.ts";

export interface CanaryChoice {
  readonly chosen: EdgeCanary | undefined;
  /** The weights decided, and no header or cookie. */
  readonly drawn: boolean;
  /** Patterns that only nginx can run. */
  readonly untold: readonly string[];
  /** The request's session decided. */
  readonly session: boolean;
  /** What the running Sluice knows of releases; undefined: nothing, objects alone were read. */
  readonly rollouts: readonly RolloutStatus[] | undefined;
}

/** @param edge a route with canaries. @param route the same in the Model, where it is known. @param asked the request. */
export function canaryStep(edge: EdgeRoute, route: Route | undefined, asked: RequestView, { chosen, drawn, untold, session, rollouts }: CanaryChoice): ExplainedStep {
  const { canaries = [], total = 100 } = edge;
  if (session) return { what: "canary", result: chosen?.name ?? "not taken", why: "the session cookie names this side" };
  const weighed = canaries.filter(({ from, to }) => to > from);
  // The draw of a route with a rollout is of hundredths of a per cent, which nobody wrote.
  const inPerCent = canaries.some((one) => releaseOf(one, route));
  const sharesOf = (some: readonly EdgeCanary[]): string =>
    some.map((one) => `${one.name} ${inPerCent ? percent((one.to - one.from) / total) : `${one.to - one.from}/${total}`}${byRollout(releaseOf(one, route), rollouts)}`).join(", ");
  const idle = canaries.flatMap((one) => {
    const release = one.to > one.from ? undefined : releaseOf(one, route);
    return release ? [`${one.name} gets nothing by weight: ${whyNothing(release, rollouts)}`] : [];
  });
  if (untold.length > 0) {
    const why = `only nginx can tell whether the header matches ${untold.map((one) => JSON.stringify(one)).join(" or ")}`;
    const without = chosen?.name ?? (weighed.length === 0 ? "the primary" : `by weight (${sharesOf(weighed)})`);
    return { what: "canary", result: `not known here; without it ${without}`, why };
  }
  if (chosen && !drawn) return { what: "canary", result: chosen.name, why: `its ${ruleOf(chosen, route)} matches this request` };
  if (weighed.length === 0) return { what: "canary", result: "not taken", why: ["no rule of a canary matches this request, and none has a weight", ...idle].join("; ") };
  const open = weighed.filter((one) => !isKeptFrom(one, asked));
  if (open.length === 0) return { what: "canary", result: "not taken", why: "its header or cookie keeps this request away from the canary" };
  if (chosen && chosen.to - chosen.from === total) return { what: "canary", result: chosen.name, why: `its ${releaseOf(chosen, route) ? "rollout gives it all requests" : "weight is the whole"}` };
  return { what: "canary", result: "by weight", why: [`shares: ${sharesOf(open)}`, ...idle, `below: ${chosen?.name ?? "the primary"}`].join("; ") };
}

/** `rule (header Region = eu-west)`. */
function ruleOf({ pool }: EdgeCanary, route: Route | undefined): string {
  const same = route ? canariesOf(route.backend).filter((one) => one.backend.pool === pool) : [];
  const [only] = same;
  return only && same.length === 1 ? `rule (${ruleText(only)})` : "header or cookie rule";
}

/** The same in the Model, where it has a rollout. */
function releaseOf({ pool }: EdgeCanary, route: Route | undefined): Canary | undefined {
  return route && canariesOf(route.backend).find(({ backend, rollout }) => backend.pool === pool && rollout !== undefined);
}

function statusFor({ origin }: Canary, rollouts: readonly RolloutStatus[] = []): RolloutStatus | undefined {
  return rollouts.find(({ ingress }) => ingress === keyOf(origin.namespace, origin.name));
}

/** ` by its rollout (advancing, step 2 of 4; canary-weight allows 30 %)`. */
function byRollout(canary: Canary | undefined, rollouts: readonly RolloutStatus[] | undefined): string {
  if (!canary) return "";
  const status = statusFor(canary, rollouts);
  const most = canary.rollout?.most;
  const more = [
    ...(status ? [`${status.status}, step ${status.step} of ${status.steps.length}${status.waitingFor === undefined ? "" : `, waits for ${status.waitingFor}`}`] : []),
    ...(most === undefined ? [] : [`canary-weight allows ${percent(most / 100)}`]),
  ];
  return ` by its rollout${more.length === 0 ? "" : ` (${[...new Set(more)].join("; ")})`}`;
}

function whyNothing(canary: Canary, rollouts: readonly RolloutStatus[] | undefined): string {
  const status = statusFor(canary, rollouts);
  if (status?.status === "failed") return "its rollout failed";
  if (status?.status === "aborted") return "a person took it back";
  if (status?.status === "promoted") return "it is promoted, the primary has its Service";
  if (canary.rollout?.most === 0) return "canary-weight is 0";
  return status ? "older canaries have all" : "its rollout has not begun here";
}
