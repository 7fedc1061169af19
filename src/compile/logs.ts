/** The access log. */
import type { Config } from "../model/config.ts";
import type { Directive } from "./directive.ts";
import { directive, expression } from "./directive.ts";
import { map } from "./forwarding.ts";
import type { EngineFacts } from "./facts.ts";

/** Variables that the edge fills only when the format asks for one of them. */
const LABELS = /\$\{?(namespace|ingress_name|service_name|service_port|location_path)\b/;

export function logLabels(config: Config): boolean {
  return !config.disableAccessLog && LABELS.test(config.logFormatUpstream);
}

/** The same of `load-balance: ewma`. */
export function logScores(config: Config): boolean {
  return !config.disableAccessLog && /\$\{?balancer_ewma_score\b/.test(config.logFormatUpstream);
}

export function logDirectives(config: Config, facts: EngineFacts): Directive[] {
  if (config.disableAccessLog) return [directive("access_log", "off")];
  const escape = config.logFormatEscapeJson ? ["escape=json"] : [];
  return [
    directive("log_format", "upstreaminfo", ...escape, expression(config.logFormatUpstream)),
    directive("access_log", logFile(config, facts), "upstreaminfo"),
    // ingress-nginx behaviour: -1 where no score chose the endpoint.
    map("sluice_ewma_score", "balancer_ewma_score", [["", "-1"], ["default", expression("$sluice_ewma_score")]]),
    map("sluice_quiet", "sluice_loggable", [["", "1"], ["default", "0"]]),
  ];
}

function logFile(config: Config, facts: EngineFacts): string {
  return config.accessLogPath || facts.accessLog;
}

/** For locations where the edge may say that a request is not to be logged. */
export function quietLog(config: Config, facts: EngineFacts): Directive[] {
  if (config.disableAccessLog) return [];
  return [directive("access_log", logFile(config, facts), "upstreaminfo", expression("if=$sluice_loggable"))];
}
