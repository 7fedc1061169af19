/** Says why the request at hand is answered here, and counts such answers until the channel takes them. */
import type { Reason } from "../reasons.ts";
import { reasonOf } from "../reasons.ts";
import { FORBIDDEN, type Verdict } from "../access.ts";
import type { InFlight } from "./state.ts";

export type EdgeAnswers = Partial<Record<Reason, number>>;

let answers: EdgeAnswers | undefined;

/** For `$sluice_reason`, and for the counter. */
export function because(reason: Reason): void {
  ngx.var.sluice_answer = reason;
  countAnswer(reason);
}

export function countAnswer(reason: Reason): void {
  answers = answers ?? {};
  answers[reason] = (answers[reason] ?? 0) + 1;
}

/** A check refuses: its reason counts if its verdict is the one that the client will be told (see ../access.ts). */
export function deny(state: InFlight, verdict: Verdict, reason: Reason): Verdict {
  if (state.why === undefined || verdict !== FORBIDDEN) state.why = reason;
  return verdict;
}

/** The request at hand got this status without the edge's doing: from its backend, or from nginx. */
export function noteFailure(status: number): void {
  const reason = reasonOf(status, ngx.var.upstream_header_time);
  if (reason !== undefined) because(reason);
}

/** Since the last call; undefined: none. */
export function takeAnswers(): EdgeAnswers | undefined {
  const taken = answers;
  answers = undefined;
  return taken;
}
