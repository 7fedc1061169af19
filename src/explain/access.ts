/**
 * Explains what the checks before a route say to a request: limits, networks, passwords, external authentication, and
 * `satisfy`.
 *
 * Guarantee: a status is told only where nothing but the request decides it. A result that depends on more (a password,
 * an authentication service, an address that was not given) is told as not known here, with what decides it.
 */
import { FORBIDDEN, UNAUTHORIZED } from "../../edge/src/access.ts";
import { methodOf } from "../../edge/src/external-auth.ts";
import { parseBasic } from "../../edge/src/password.ts";
import type { EdgeFilters, EdgeUsers } from "../../edge/src/program.ts";
import type { Limits, Rate } from "../../edge/src/rate-limit.ts";
import type { Tables } from "../../edge/src/tables.ts";
import { templateText } from "../model/grammar/template.ts";
import { targetOf } from "../model/shapes/pool-id.ts";
import { isIn, networksText } from "./networks.ts";
import { utf8Text, type ExplainedRequest } from "./request.ts";
import type { ExplainedStep } from "./step.ts";
import { explainedVariable } from "./variables.ts";

export interface AccessQuestion {
  readonly request: ExplainedRequest;
  /** The client's address; undefined: not given. */
  readonly client: string | undefined;
  readonly filters: EdgeFilters;
  readonly tables: Tables;
  readonly users: (id: string) => EdgeUsers | undefined;
}

export interface Access {
  readonly steps: readonly ExplainedStep[];
  /** The status that refuses the request; undefined: the request passes, or may pass. */
  readonly refused?: number;
}

/** A number is a status that refuses; `abstains`: the check does not apply; `unknown`: the request alone does not decide. */
type CheckVerdict = "passes" | "abstains" | "unknown" | number;
interface Checked {
  readonly step: ExplainedStep;
  readonly verdict: CheckVerdict;
}

export function accessOf(question: AccessQuestion): Access {
  const { filters } = question;
  const any = filters.any === true;
  const steps = filters.limits ? [limitStep(filters.limits, question)] : [];
  const checks = [checkNetworks(question), checkPassword(question), checkService(question)].filter((one) => one !== undefined);
  if (any && checks.length > 1) steps.push({ what: "satisfy", result: "any", why: "one that passes is enough" });
  const asked: Checked[] = [];
  for (const one of checks) {
    asked.push(one);
    if (isRefusal(one.verdict) ? !any || isFailure(one.verdict) : one.verdict === "passes" && any) break;
  }
  steps.push(...asked.map(({ step }) => step));
  const refused = refusalOf(asked, any);
  return refused === undefined ? { steps } : { steps: [...steps, answerStep(refused, asked, any)], refused };
}

function isRefusal(verdict: CheckVerdict): verdict is number {
  return typeof verdict === "number";
}

function isFailure(verdict: number): boolean {
  return verdict !== UNAUTHORIZED && verdict !== FORBIDDEN;
}

/** Combines the verdicts as `judge` does (edge/src/access.ts). */
function refusalOf(asked: readonly Checked[], any: boolean): number | undefined {
  const verdicts = asked.map(({ verdict }) => verdict).filter((verdict) => verdict !== "abstains");
  const refusals = verdicts.filter(isRefusal);
  const last = refusals.at(-1);
  if (!any || last === undefined || isFailure(last)) return last;
  if (refusals.length < verdicts.length) return undefined;
  return refusals.includes(UNAUTHORIZED) ? UNAUTHORIZED : last;
}

function answerStep(status: number, asked: readonly Checked[], any: boolean): ExplainedStep {
  const unsure = !any && asked.some(({ verdict }) => verdict === "unknown");
  return { what: "answer", result: String(status), why: unsure ? "unless what is not known here refuses before" : any && asked.length > 1 ? "none of them passes" : "" };
}

function limitStep(limits: Limits, { client, tables: { settings } }: AccessQuestion): ExplainedStep {
  if (limits.except && client !== undefined && isIn(limits.except, client)) {
    return { what: "limit", result: "none for this client", why: `${client} is in limit-allowlist` };
  }
  const rates = [
    ...(limits.second ? [rateText(limits.second, limits.second.rate / 1000, "second")] : []),
    ...(limits.minute ? [rateText(limits.minute, Math.round((limits.minute.rate * 60) / 1000), "minute")] : []),
  ].map((text) => `${text} (else ${settings.limitRateStatus})`);
  const connections = limits.connections === undefined ? [] : [`${limits.connections} at a time (else ${settings.limitConnectionsStatus})`];
  const key = settings.limitKey.map((part, index) => (index % 2 === 0 ? part : `$${part}`)).join("");
  const except = limits.except ? `; clients of ${networksText(limits.except)} have none` : "";
  return { what: "limit", result: [...rates, ...connections].join(", "), why: `counted by ${utf8Text(key)} for ${utf8Text(limits.zone)}${except}` };
}

function rateText({ burst }: Rate, rate: number, unit: string): string {
  return `${rate} requests a ${unit} and ${burst / 1000} more at once`;
}

function checkNetworks({ filters: { addresses }, client }: AccessQuestion): Checked | undefined {
  if (!addresses) return undefined;
  const { deny, allow } = addresses;
  const checked = (verdict: CheckVerdict, why: string): Checked => ({ verdict, step: { what: "network", result: verdictText(verdict), why } });
  if (client === undefined) {
    const rules = [
      ...(deny ? [`denylist-source-range refuses ${networksText(deny)} (403)`] : []),
      ...(allow ? [`allowlist-source-range lets ${networksText(allow)} pass and nobody else (403)`] : []),
    ];
    return checked("unknown", `${rules.join("; ")}; --client-ip=ADDRESS says which holds`);
  }
  if (deny && isIn(deny, client)) return checked(FORBIDDEN, `${client} is in denylist-source-range`);
  if (!allow) return { verdict: "abstains", step: { what: "network", result: "not refused", why: `${client} is not in denylist-source-range` } };
  if (isIn(allow, client)) return checked("passes", `${client} is in allowlist-source-range`);
  return checked(FORBIDDEN, `${client} is not in allowlist-source-range: ${networksText(allow)}`);
}

function verdictText(verdict: CheckVerdict): string {
  return verdict === "unknown" ? "not known here" : String(verdict);
}

function checkPassword({ filters: { credentials }, request, users }: AccessQuestion): Checked | undefined {
  if (!credentials) return undefined;
  const { type, realm } = credentials;
  const asks = `asks for a password (${type}, realm ${JSON.stringify(utf8Text(realm))})`;
  const checked = (verdict: CheckVerdict, why: string): Checked => ({ verdict, step: { what: "password", result: verdictText(verdict), why: `${asks}; ${why}` } });
  const header = explainedVariable(request, "http_authorization");
  if (header === undefined) return checked(UNAUTHORIZED, "the request has no Authorization");
  if (type === "digest") return /^digest /i.test(header) ? checked("unknown", "only nginx can verify it") : checked(UNAUTHORIZED, "its Authorization is no digest");
  const given = parseBasic(header, (text) => Buffer.from(text, "base64").toString("latin1"));
  if (!given) return checked(UNAUTHORIZED, "its Authorization is not basic");
  const known = users(credentials.users);
  if (known && known[utf8Text(given.user)] === undefined) return checked(UNAUTHORIZED, `there is no user ${JSON.stringify(utf8Text(given.user))}`);
  return checked("unknown", "only nginx verifies it");
}

function checkService({ filters: { externalAuth: auth }, tables }: AccessQuestion): Checked | undefined {
  if (!auth) return undefined;
  const target = targetOf(auth.pool);
  const host = target?.name.includes(":") ? `[${target.name}]` : target?.name;
  const url = `${auth.tls ? "https" : "http"}://${host}:${target?.port}${utf8Text(templateText(auth.path))}`;
  const step = (result: string, why: string): ExplainedStep => ({ what: "authentication", result, why });
  if (!target) return { verdict: 503, step: step("503", "what the Ingress wants of external authentication cannot be honoured") };
  const endpoints = tables.pools[auth.pool]?.endpoints ?? [];
  if (endpoints.length === 0) return { verdict: 503, step: step("503", `${url} has no address`) };
  const signin = auth.signin ? `leads to ${utf8Text(templateText(auth.signin))}` : "is 401";
  const cached = auth.cache ? "; answers are kept" : "";
  return { verdict: "unknown", step: step(`asks ${methodOf(auth)} ${url}`, `2xx passes, 401 ${signin}, 403 is 403, anything else is 500${cached}`) };
}
