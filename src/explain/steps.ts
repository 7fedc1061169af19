/** The steps of an explanation that say the same wherever a request comes in. */
import type { Decision } from "../../edge/src/match.ts";
import type { EdgePool } from "../../edge/src/program.ts";
import { subjectText } from "../model/findings/findings.ts";
import type { Alternatives, Origin, Route } from "../model/shapes/routing.ts";
import type { Settings } from "../settings.ts";
import { policyText } from "./policy.ts";
import { utf8Text, type ExplainedRequest } from "./request.ts";
import type { ExplainedStep } from "./step.ts";

/** The status of a path that is closed, because it cannot be served as it has to be. */
const CLOSED = 503;
/** The status of a rewrite whose result has a segment `.` or `..`. */
export const UNSAFE_REWRITE = 400;

/** Expressions, as people wrote them. */
export function patternsText(patterns: readonly string[]): string {
  return patterns.map((pattern) => JSON.stringify(utf8Text(pattern))).join(" or ");
}

export function routeStep(route: Route, { path }: ExplainedRequest, settings: Pick<Settings, "defaultBackendService">, regex = false, untold: readonly string[] = []): ExplainedStep {
  if (untold.length > 0) {
    const why = `only nginx can tell whether the path matches ${patternsText(untold)}`;
    return { what: "route", result: `not known here; without it ${route.path} (regular expression)`, why };
  }
  const kind = regex ? "regular expression" : route.pathType === "exact" ? "exact path" : utf8Text(path) === route.path ? "prefix, the whole path" : "longest prefix";
  const where = route.synthesized ? "the host's / that no rule declares; " : route.when ? `${conditionsText(route.when)}; ` : "";
  return { what: "route", result: `${route.path} (${kind})`, why: `${where}${originText(route.origin, settings)}` };
}

/** `http_accept_language ~ "^zh" and request_method = GET, or arg_lang = zh`. */
function conditionsText(when: Alternatives): string {
  return when.map((conditions) => conditions.map(conditionText).join(" and ")).join(", or ");
}

/** `http_x_version = 2`, `query "page" ~ "[0-9]+"`. */
export function conditionText({ variable, query, values, pattern }: Alternatives[number][number]): string {
  const name = query === undefined ? variable : `query ${JSON.stringify(query)}`;
  if (pattern !== undefined) return `${name} ~ ${JSON.stringify(pattern)}`;
  return values === undefined ? `${name} is there` : `${name} = ${values.join(" or ")}`;
}

function originText(origin: Origin, { defaultBackendService }: Pick<Settings, "defaultBackendService">): string {
  const { kind, field } = origin;
  if (kind !== "Flag") return `${subjectText(origin)}${field ? `, ${field}` : ""}`;
  return field === "--default-backend-service" && defaultBackendService === "" ? "built in" : `by ${field}`;
}

export function answerStep({ status, redirect }: Decision, location = ""): ExplainedStep {
  const result = `${status} to ${utf8Text(location)}`;
  if (redirect === "https") return { what: "answer", result, why: "https: the name has a certificate, or the Ingress forces it" };
  if (redirect === "slash") return { what: "answer", result, why: "the path that is declared ends with a slash" };
  if (redirect === "root") return { what: "answer", result, why: "app-root of the host" };
  if (redirect === "name") return { what: "answer", result, why: "from-to-www-redirect of the host" };
  if (redirect === "origin") return { what: "answer", result, why: "RequestRedirect of the rule" };
  if (redirect === "url") return { what: "answer", result, why: "the Ingress redirects this path" };
  if (status === UNSAFE_REWRITE) return { what: "answer", result: "400", why: "rewrite-target would make a path with a segment . or .. of it" };
  if (status === 204) return { what: "answer", result: "204", why: "OPTIONS from an origin that cors-allow-origin allows" };
  return { what: "answer", result: String(status), why: status === CLOSED ? "the path is closed: a finding says why" : "" };
}

/** The path that the backend is asked for. */
export function rewriteStep({ uri, route }: Decision, { uri: sent }: ExplainedRequest, untold: readonly string[]): ExplainedStep {
  const pattern = route?.detour?.rewrite?.pattern ?? "";
  const result = uri ?? (untold.includes(pattern) ? "not known here" : sent.split("?")[0] ?? "");
  return { what: "rewrite", result: utf8Text(result), why: `rewrite-target of ${JSON.stringify(utf8Text(pattern))}` };
}

export function poolStep({ pool, canary, route }: Decision, substitute: boolean): ExplainedStep {
  const { name = "" } = pool ?? {};
  const because = substitute ? "default-backend, because no endpoint is ready; " : "";
  const policy = policyText(canary ? canary.balance : route?.balance);
  return { what: "pool", result: name, why: `${because}endpoints: ${pool ? endpointTexts(pool).join(" ") : ""}${policy === undefined ? "" : `; ${policy}`}` };
}

/** Of a pool, `address:port`. */
export function endpointTexts({ endpoints }: EdgePool): readonly string[] {
  return endpoints.map(([address, port]) => `${address}:${port}`);
}
