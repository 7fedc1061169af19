/** Which canary a request reaches, and by what. */
import { isKeptFrom } from "../../edge/src/canary.ts";
import type { EdgeCanary, EdgeRoute } from "../../edge/src/program.ts";
import type { RequestView } from "../../edge/src/request-view.ts";
import { ruleText } from "../model/routes/route-text.ts";
import { canariesOf, type Route } from "../model/shapes/routing.ts";
import type { ExplainedStep } from "./step.ts";

export interface CanaryChoice {
  readonly chosen: EdgeCanary | undefined;
  /** The weights decided, and no header or cookie. */
  readonly drawn: boolean;
  /** Patterns that only nginx can run. */
  readonly untold: readonly string[];
  /** The request's session decided. */
  readonly session: boolean;
}

/** @param edge a route with canaries. @param route the same in the Model, where it is known. @param asked the request. */
export function canaryStep(edge: EdgeRoute, route: Route | undefined, asked: RequestView, { chosen, drawn, untold, session }: CanaryChoice): ExplainedStep {
  const { canaries = [], total = 100 } = edge;
  if (session) return { what: "canary", result: chosen?.name ?? "not taken", why: "the session cookie names this side" };
  const weighed = canaries.filter(({ from, to }) => to > from);
  const sharesOf = (some: readonly EdgeCanary[]): string => some.map(({ name, from, to }) => `${name} ${to - from}/${total}`).join(", ");
  if (untold.length > 0) {
    const why = `only nginx can tell whether the header matches ${untold.map((one) => JSON.stringify(one)).join(" or ")}`;
    const without = chosen?.name ?? (weighed.length === 0 ? "the primary" : `by weight (${sharesOf(weighed)})`);
    return { what: "canary", result: `not known here; without it ${without}`, why };
  }
  if (chosen && !drawn) return { what: "canary", result: chosen.name, why: `its ${ruleOf(chosen, route)} matches this request` };
  if (weighed.length === 0) return { what: "canary", result: "not taken", why: "no rule of a canary matches this request, and none has a weight" };
  const open = weighed.filter((one) => !isKeptFrom(one, asked));
  if (open.length === 0) return { what: "canary", result: "not taken", why: "its header or cookie keeps this request away from the canary" };
  if (chosen && chosen.to - chosen.from === total) return { what: "canary", result: chosen.name, why: "its weight is the whole" };
  return { what: "canary", result: "by weight", why: `shares: ${sharesOf(open)}; below: ${chosen?.name ?? "the primary"}` };
}

/** `rule (header Region = eu-west)`. */
function ruleOf({ pool }: EdgeCanary, route: Route | undefined): string {
  const same = route ? canariesOf(route.backend).filter((one) => one.backend.pool === pool) : [];
  const [only] = same;
  return only && same.length === 1 ? `rule (${ruleText(only)})` : "header or cookie rule";
}
