/** The access log and the error log. */
import type { Config } from "../model/config/config.ts";
import type { Settings } from "../settings.ts";
import { withRoutedHost } from "./asked-origin.ts";
import type { Argument, Directive } from "./directive.ts";
import { directive, expression, map } from "./directive.ts";
import type { EngineFacts } from "./facts.ts";

/** Variables that the edge fills only when the format asks for one of them. */
const LABELS = /\$\{?(namespace|ingress_name|service_name|service_port|location_path)\b/;

const FORMAT = "upstreaminfo";
const IF_LOGGABLE = expression("if=$sluice_loggable");

export function logsAccess({ disableAccessLog, disableHttpAccessLog }: Config): boolean {
  return !disableAccessLog && !disableHttpAccessLog;
}

export function logLabels(config: Config): boolean {
  return logsAccess(config) && LABELS.test(config.logFormatUpstream);
}

/** Whether the edge may keep requests out of the access log. */
function mutes({ skipAccessLogUrls, enableAccessLogForDefaultBackend }: Config): boolean {
  return skipAccessLogUrls.length > 0 || !enableAccessLogForDefaultBackend;
}

/** Whether the log format asks for the score of the chosen endpoint: the edge notes scores only then. */
export function logScores(config: Config): boolean {
  return logsAccess(config) && names(config.logFormatUpstream, "balancer_ewma_score");
}

export function logDirectives(config: Config, facts: EngineFacts): Directive[] {
  if (!logsAccess(config)) return [directive("access_log", "off")];
  return [
    directive("log_format", FORMAT, ...escaping(config), expression(withRoutedHost(config.logFormatUpstream))),
    directive("access_log", ...target(config, facts), ...(mutes(config) ? [IF_LOGGABLE] : [])),
    ...aliases(config.logFormatUpstream),
    map("sluice_quiet", "sluice_loggable", [["", "1"], ["default", "0"]]),
  ];
}

export function escaping({ logFormatEscapeNone, logFormatEscapeJson }: Config): string[] {
  return logFormatEscapeNone ? ["escape=none"] : logFormatEscapeJson ? ["escape=json"] : [];
}

function names(format: string, variable: string): boolean {
  return new RegExp(`\\$\\{?${variable}\\b`).test(format);
}

/** Defines a variable of ingress-nginx where the format names it. ingress-nginx behaviour: -1 where the endpoint was not chosen by score. */
function aliases(format: string): Directive[] {
  if (!names(format, "balancer_ewma_score")) return [];
  return [map("sluice_ewma_score", "balancer_ewma_score", [["", "-1"], ["default", expression("$sluice_ewma_score")]])];
}

/** For locations where the edge may say that a request is not to be logged. */
export function quietLog(config: Config, facts: EngineFacts): Directive[] {
  return logsAccess(config) ? [directive("access_log", ...target(config, facts), IF_LOGGABLE)] : [];
}

function target(config: Config, facts: EngineFacts): Argument[] {
  const file = config.httpAccessLogPath || config.accessLogPath;
  // The parameters (buffers and the like) are for the operator's file: a pipe or a terminal gains nothing from them,
  // and lines of the agent's own log must not wait in a buffer while it is rotated.
  const params = file === "" ? [] : config.accessLogParams;
  return usesSyslog(config) ? [syslog(config), FORMAT] : [file || facts.accessLog, FORMAT, ...params];
}

export function errorLog(config: Config): Directive {
  return directive("error_log", usesSyslog(config) ? syslog(config) : config.errorLogPath || "stderr", config.errorLogLevel);
}

function usesSyslog({ enableSyslog, syslogHost }: Config): boolean {
  return enableSyslog && syslogHost !== "";
}

function syslog({ syslogHost: host, syslogPort: port }: Config): string {
  return `syslog:server=${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The calls of the log phase. A call that the settings do not need is left out, so that requests do not pay for it. */
export function logCalls(config: Config, { enableMetrics }: Settings): string {
  const muting = logsAccess(config)
    ? [...(config.skipAccessLogUrls.length > 0 ? ["sluice.muteUris()"] : []), ...(config.enableAccessLogForDefaultBackend ? [] : ["sluice.muteUndeclared()"])]
    : [];
  return [...muting, enableMetrics ? "sluice.logMeasured()" : "sluice.log()"].join(" ");
}
