/** The access log. */
import type { Config } from "../model/config.ts";
import type { Directive } from "./directive.ts";
import { directive, expression } from "./directive.ts";
import type { EngineFacts } from "./facts.ts";

/** Variables that the edge fills only when the format asks for one of them. */
const LABELS = /\$\{?(namespace|ingress_name|service_name|service_port|location_path)\b/;

export function logLabels(config: Config): boolean {
  return !config.disableAccessLog && LABELS.test(config.logFormatUpstream);
}

export function logDirectives(config: Config, facts: EngineFacts): Directive[] {
  if (config.disableAccessLog) return [directive("access_log", "off")];
  const escape = config.logFormatEscapeJson ? ["escape=json"] : [];
  return [
    directive("log_format", "upstreaminfo", ...escape, expression(config.logFormatUpstream)),
    directive("access_log", config.accessLogPath || facts.accessLog, "upstreaminfo"),
  ];
}
