/**
 * The reason of an answer for the access log and for a response header: the one that the edge gave, or the one that
 * follows from nginx's own variables where nginx answered in place of a backend. nginx evaluates it only where it is
 * used, so that it costs nothing where neither log format nor header has it. `reasonOf` of the edge gives the same
 * reasons, and a test compares the two.
 */
import type { Config } from "../model/config/config.ts";
import type { Directive } from "./directive.ts";
import { directive, expression, mapRow, block } from "./directive.ts";
import { logsAccess } from "./logs.ts";
import { ownHeaderDirectives, ownHeaderMaps } from "./own-header.ts";

const NONE = "-";

/** Matches where no backend answered: none was asked, or the last attempt brought no answer. */
const UNANSWERED = String.raw`(.*-)?$`;

export const REASON_ROWS: readonly (readonly [pattern: string, value: string])[] = [
  [String.raw`~^(?<sluice_said>[a-z-]+)\|`, "$sluice_said"],
  [String.raw`~\|499\|${UNANSWERED}`, "client-closed"],
  [String.raw`~\|413\|${UNANSWERED}`, "body-too-large"],
  [String.raw`~\|408\|${UNANSWERED}`, "client-timeout"],
  [String.raw`~\|50[23]\|${UNANSWERED}`, "upstream-unreachable"],
  [String.raw`~\|504\|${UNANSWERED}`, "upstream-timeout"],
  [String.raw`~\|5..\|${UNANSWERED}`, "internal-error"],
  [String.raw`~\|4(00|05|14|31)\|${UNANSWERED}`, "bad-request"],
  [String.raw`~\|4..\|${UNANSWERED}`, "denied-by-nginx"],
];

function usesReason(config: Config): boolean {
  return config.answerReasonHeader !== "" || (logsAccess(config) && /\$\{?sluice_reason\b/.test(config.logFormatUpstream));
}

/** The variables, where something uses them. `volatile`: by the time the log is written, the reason may be another than when the header was sent. */
export function reasonDirectives(config: Config): Directive[] {
  if (!usesReason(config)) return [];
  return [
    block("map", [expression("$sluice_answer|$status|$upstream_header_time"), expression("$sluice_reason")], [
      directive("volatile"),
      ...REASON_ROWS.map(([pattern, value]) => mapRow(expression(pattern), value.startsWith("$") ? expression(value) : value)),
      mapRow("default", NONE),
    ]),
    ...(config.answerReasonHeader === ""
      ? []
      : [
          ...ownHeaderMaps(config.answerReasonHeader, "own_told_reason", expression("$sluice_reason")),
          block("map", [expression("$sluice_reason"), expression("$sluice_told_reason")], [
            directive("volatile"),
            mapRow(NONE, ""),
            mapRow("default", expression("$own_told_reason")),
          ]),
        ]),
  ];
}

export function reasonHeader({ answerReasonHeader }: Config): Directive[] {
  return answerReasonHeader === "" ? [] : ownHeaderDirectives(answerReasonHeader, "$sluice_told_reason");
}
