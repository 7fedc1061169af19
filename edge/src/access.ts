/**
 * Whether a request may pass: what several checks say, combined as nginx's `satisfy` does.
 *
 * This is the seam for every check of the access phase. A check is a function `(request, filters) => Verdict`; to add
 * one, write it and append it to the list in `phases/access.ts`. It may wait (a sub-request, a sleep), so nothing of it
 * may be kept in variables of its module over that; a header of a refusal belongs to the request's state, because
 * another check may still let the request in.
 */
import type { Networks } from "./networks.ts";

/** A status of 400 or more refuses; of those 401 and 403 are answers to "who are you", any other is a failure. */
export type Verdict = number;
/** The check has nothing to say: it does not apply to this route, or does not know this client. */
export const ABSTAIN: Verdict = 0;
/** Lets the request in; with `satisfy: any` whatever the others say. */
export const PASS: Verdict = 200;
export const UNAUTHORIZED: Verdict = 401;
export const FORBIDDEN: Verdict = 403;

export type Check<Request, Rules> = (this: void, request: Request, rules: Rules) => Verdict;

/**
 * Asks the checks in order. `any` (annotation satisfy): the first that passes decides, and the request is refused when
 * one refuses and none passes; a 401 is then told in preference to a 403. Otherwise the first refusal decides. A failure
 * (500, 503, …) always ends it.
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

/** denylist-source-range and allowlist-source-range: nginx's `deny`s, then `allow`s, then `deny all`. */
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
