/**
 * Decides whether a request may pass: combines the verdicts of several checks as nginx's `satisfy` does.
 *
 * This is the seam for every check of the access phase. A check is a function `(request, filters) => Verdict`; to add
 * one, write it and append it to the list in `phases/access.ts`. A check may wait (for a subrequest, or asleep) while
 * other requests run, so it must not keep anything about its request in variables of its module across a wait. Headers
 * of a refusal go into the request's state and not into the response, because another check may still let the request
 * in.
 */
import type { Networks } from "./networks.ts";

/** A status of 400 or more refuses; 401 and 403 are verdicts about the client, any other status is a failure. */
export type Verdict = number;
/** The check has nothing to say: it does not apply to this route, or does not know this client. */
export const ABSTAIN: Verdict = 0;
/** Lets the request in; with `satisfy: any` whatever the others say. */
export const PASS: Verdict = 200;
export const UNAUTHORIZED: Verdict = 401;
export const FORBIDDEN: Verdict = 403;

export type Check<Request, Rules> = (this: void, request: Request, rules: Rules) => Verdict;

/**
 * Asks the checks in order. With `any` (annotation satisfy) the first check that passes lets the request in; the request
 * is refused when some check refuses and none passes, with 401 in preference to 403. Without `any` the first refusal
 * decides. A failure (500, 503, …) always decides. When every check abstains, the request passes.
 */
export function judge<Request, Rules>(
  checks: readonly Check<Request, Rules>[], request: Request, rules: Rules, any: boolean,
): Verdict {
  let refusal = ABSTAIN;
  for (const check of checks) {
    const verdict = check(request, rules);
    if (verdict === PASS) {
      if (any) return PASS;
    } else if (verdict !== ABSTAIN) {
      if (!any || (verdict !== UNAUTHORIZED && verdict !== FORBIDDEN)) return verdict;
      if (refusal !== UNAUTHORIZED) refusal = verdict;
    }
  }
  return refusal === ABSTAIN ? PASS : refusal;
}

/** denylist-source-range and allowlist-source-range, in the order of nginx's `deny` lines, then `allow` lines, then `deny all`. */
export interface Addresses {
  deny?: Networks;
  allow?: Networks;
}

/** auth-type and what belongs to it. */
export interface PasswordAuth {
  type: "basic" | "digest";
  realm: string;
  /** Id of the users (part of kind `users`). */
  users: string;
}
