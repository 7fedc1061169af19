/**
 * Why Sluice answered, for the access log and for a response header: what the edge said, or what nginx's own variables
 * say of an answer that nginx gave in place of a backend. Worked out by nginx when it is asked for, so that a request
 * whose log format and headers do not ask costs nothing. `reasonOf` of the edge says the same, and a test compares.
 */
import type { Config } from "../model/config/config.ts";
import type { Directive } from "./directive.ts";
import { directive, expression, mapRow, block } from "./directive.ts";
import { logsAccess } from "./logs.ts";
import { ownHeaderDirectives, ownHeaderMaps } from "./own-header.ts";

const NONE = "-";

/** No answer of a backend: it was not asked, or its last attempt brought none. */
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

/** The variables, where something asks for them. `volatile`: what was so when the header was sent may have changed. */
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
