/** Says why the request at hand is answered here, and counts such answers until the channel takes them. */
import type { Reason } from "../reasons.ts";
import { reasonOf } from "../reasons.ts";
import { FORBIDDEN, type Verdict } from "../access.ts";
import { expectOwnAnswer } from "./journal.ts";
import type { InFlight } from "./state.ts";

export type EdgeAnswers = Partial<Record<Reason, number>>;

let answers: EdgeAnswers | undefined;

/** Notes the reason of the answer for `$sluice_reason` and the journal, and counts it. */
export function because(reason: Reason): void {
  say(reason);
  expectOwnAnswer();
}

function say(reason: Reason): void {
  ngx.var.sluice_answer = reason;
  countAnswer(reason);
}

export function countAnswer(reason: Reason): void {
  answers = answers ?? {};
  answers[reason] = (answers[reason] ?? 0) + 1;
}

/** Notes the reason of a check that refuses, unless `judge` (../access.ts) prefers an earlier check's verdict. Answers the verdict. */
export function deny(state: InFlight, verdict: Verdict, reason: Reason): Verdict {
  if (state.why === undefined || verdict !== FORBIDDEN) state.why = reason;
  return verdict;
}

/** Notes the reason of a status that the edge did not give, if it is nginx's and not the backend's. */
export function noteFailure(status: number): void {
  const reason = reasonOf(status, ngx.var.upstream_header_time);
  if (reason !== undefined) say(reason);
}

/** The answers counted since the last call; undefined: none. */
export function takeAnswers(): EdgeAnswers | undefined {
  const taken = answers;
  answers = undefined;
  return taken;
}
