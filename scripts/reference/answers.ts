/** The page about reasons of answers. */
import { REASONS } from "../../edge/src/reasons.ts";
import { ANSWERS } from "../../src/report/answers.ts";
import { code, page, table } from "./markdown.ts";

export function answersPage(): string {
  return page("Why did Sluice answer that?", "src/report/answers.ts", [
    "A 503 at night: did the backend say it, or did Sluice? Every answer that Sluice gives itself has a reason, one word of the table below. There are four ways to see it.",
    "**Right now**: [`sluice logs -f --reason=any`](logs.md) shows each such answer with its Ingress, and [`sluice explain URL --live`](explain.md#ask-the-running-data-plane) the last ones for this URL.",
    "**In the access log**: put `$sluice_reason` into `log-format-upstream`. It is `-` where a backend answered.",
    "```yaml\nlog-format-upstream: '$remote_addr \"$request\" $status $sluice_reason $upstream_addr'\n```",
    "**In the answer**: `answer-reason-header: X-Answer-Reason` in the ConfigMap adds this header to such answers, and to no other. It tells every client, so it is off unless you ask for it.",
    "**As a counter**: `sluice_answers_total{reason}` at `/metrics`. Answers that nginx gives in place of a backend that was asked (`upstream-unreachable`, `upstream-timeout`, `client-closed`, `body-too-large`, `denied-by-nginx`) are counted with `--enable-metrics` only, because finding out costs each request a little. The log and the header always know.",
    "```promql\nsum by (reason) (rate(sluice_answers_total{reason!~\"redirect-.*|preflight|health-check\"}[5m])) > 0\n```",
    "The reason stays when the answer is replaced by an error page (`custom-http-errors`), and when the page has another status. A request that one default backend takes in place of another is a backend's answer. `sluice explain URL` says the same ahead of time for what depends on objects alone.",
    "## Reasons",
    table(["reason", "status", "means", "look at"], REASONS.map((reason) => {
      const { status, means, look } = ANSWERS[reason];
      return [code(reason), status, means, look];
    })),
  ]);
}
