/**
 * Explains one request with the matcher that serves: the decision is `decide`'s own, and each step names the object
 * and field behind it.
 */
import { decide, isSubstitute, type Decision, type RequestView } from "../../edge/src/match.ts";
import type { Canary as EdgeCanary, Route as EdgeRoute } from "../../edge/src/program.ts";
import { CATCH_ALL } from "../../edge/src/program.ts";
import type { Program } from "../compile/program.ts";
import { subjectText, type Finding } from "../model/findings.ts";
import type { Settings } from "../settings.ts";
import type { Alternatives, Host, Model, Origin, Route } from "../model/types.ts";
import { httpsLocation, slashLocation } from "../../edge/src/redirect.ts";
import { translate } from "./pattern.ts";
import { textOf, type ExplainedRequest } from "./request.ts";
import { tablesOf } from "./tables.ts";
import { variable } from "./variables.ts";

export interface Step {
  readonly what: "host" | "route" | "canary" | "answer" | "pool";
  readonly result: string;
  readonly why: string;
}

export interface Explanation {
  readonly request: string;
  readonly steps: readonly Step[];
  /** Status that Sluice answers itself; absent when the request is proxied. */
  readonly status?: number;
  /** Where a redirect leads. */
  readonly location?: string;
  readonly pool?: string;
  readonly endpoints?: readonly string[];
  /** What is known to be wrong with the objects involved, or with what may hide others. */
  readonly findings: readonly Finding[];
}

export type ExplainSettings = Pick<Settings, "configmap" | "defaultBackendService">;

export function explain(
  model: Model, program: Program, request: ExplainedRequest, findings: readonly Finding[], settings: ExplainSettings,
): Explanation {
  const tables = tablesOf(program);
  const untold: string[] = [];
  let drawn = false;
  // The last number goes to the primary, unless canaries have the whole: weights are reported, not rolled.
  const draw = (total: number): number => {
    drawn = true;
    return total;
  };
  const asked = view(request, draw, (pattern) => untold.push(pattern));
  const decision = decide(tables, asked, request.host, request.path, request.https);
  const host = model.hosts.get(decision.host?.name ?? CATCH_ALL);
  const route = routeOf(host, decision.route);
  const steps: Step[] = [hostStep(request, decision.host?.name ?? "")];
  if (route) steps.push(routeStep(route, request, settings));
  const location = locationOf(decision, request);
  if (decision.redirect || decision.status === 204 || decision.route?.respond !== undefined) steps.push(answerStep(decision, location));
  else {
    if (decision.route?.canaries) steps.push(canaryStep(decision.route, { chosen: decision.canary, drawn, untold }));
    steps.push(decision.pool ? poolStep(decision.pool, decision.route !== undefined && isSubstitute(tables, decision.route, decision.pool)) : { what: "answer", result: String(decision.status), why: whyNoPool(route, settings) });
  }
  const origins = route ? [route.origin, ...route.canaries.map((canary) => canary.origin)] : [];
  return {
    request: `${request.https ? "https" : "http"}://${textOf(request.host + request.uri)}`,
    steps,
    ...(decision.pool ? { pool: decision.pool.name, endpoints: decision.pool.endpoints.map(endpointText) } : { status: decision.status }),
    ...(location === undefined ? {} : { location: textOf(location) }),
    findings: findings.filter(({ object }) => concernsAll(object, settings) || origins.some((origin) => isAbout(object, origin))),
  };
}

type Subject = Finding["object"];

function isAbout(object: Subject, origin: Origin): boolean {
  return object.kind === origin.kind && object.namespace === origin.namespace && object.name === origin.name;
}

/** The controller's ConfigMap holds for every request; a file or a kind that cannot be read may hide whose it is. */
function concernsAll({ kind, namespace, name }: Subject, { configmap }: ExplainSettings): boolean {
  return kind === "File" || name === "" || (kind === "ConfigMap" && configmap === `${namespace}/${name}`);
}

/**
 * The request as the matcher asks about it. `untold` is called with a canary's header pattern that only nginx can run;
 * the canary then counts as one whose pattern cannot be run.
 */
export function view(
  request: ExplainedRequest,
  draw: (total: number) => number,
  untold: (pattern: string) => void = () => {},
): RequestView {
  return {
    variable: (name) => variable(request, name),
    matches: (text, pattern) => {
      const translated = translate(pattern);
      if (!translated) untold(pattern);
      return translated?.test(text);
    },
    draw,
  };
}

/** Where nginx redirects the request to, in bytes; undefined when it does not. */
export function locationOf({ redirect, route }: Decision, request: ExplainedRequest): string | undefined {
  if (redirect === "slash") return slashLocation(request.https ? "https" : "http", request.host, request.uri);
  if (redirect === "https") return httpsLocation(request.authority, request.uri, route?.keepSlash === true);
  return undefined;
}

/** The Model's route behind an edge route: a slash twin has the same path and a compiled index of its own. */
function routeOf(host: Host | undefined, route: EdgeRoute | undefined): Route | undefined {
  if (!host || !route) return undefined;
  const same = host.routes.filter((one) => Buffer.from(one.path, "utf8").toString("latin1") === route.path);
  const alike = same.filter((one) => JSON.stringify(one.when) === JSON.stringify(route.when));
  return alike.find((one) => samePool(one, route)) ?? alike[0] ?? same[0];
}

function samePool({ backend }: Route, route: EdgeRoute): boolean {
  return backend.kind === "service" ? backend.pool === route.pool : backend.kind === "status" ? route.respond === backend.status : true;
}

function hostStep({ host }: ExplainedRequest, name: string): Step {
  if (name === CATCH_ALL) return { what: "host", result: "any other name", why: `no rule names "${textOf(host)}"` };
  return { what: "host", result: name, why: name.startsWith("*.") ? `"${textOf(host)}" has one label more` : "the exact name" };
}

function routeStep(route: Route, { path }: ExplainedRequest, settings: ExplainSettings): Step {
  const kind = route.pathType === "exact" ? "exact path" : textOf(path) === route.path ? "prefix, the whole path" : "longest prefix";
  const where = route.synthesized ? "the host's / that no rule declares; " : route.when ? `${conditionsText(route.when)}; ` : "";
  return { what: "route", result: `${route.path} (${kind})`, why: `${where}${originText(route.origin, settings)}` };
}

/** `http_accept_language ~ "^zh" and request_method = GET, or arg_lang = zh`. */
function conditionsText(when: Alternatives): string {
  return when.map((conditions) => conditions.map(conditionText).join(" and ")).join(", or ");
}

function conditionText({ variable: name, values, pattern }: Alternatives[number][number]): string {
  if (pattern !== undefined) return `${name} ~ ${JSON.stringify(pattern)}`;
  return values === undefined ? `${name} is there` : `${name} = ${values.join(" or ")}`;
}

function originText(origin: Origin, { defaultBackendService }: ExplainSettings): string {
  const { kind, field } = origin;
  if (kind === "Ingress") return `${subjectText(origin)}${field ? `, ${field}` : ""}`;
  return field === "--default-backend-service" && defaultBackendService === "" ? "built in" : `by ${field}`;
}

function answerStep({ status, redirect }: Decision, location = ""): Step {
  const result = `${status} to ${textOf(location)}`;
  if (redirect === "https") return { what: "answer", result, why: "https: the name has a certificate, or the Ingress forces it" };
  if (redirect === "slash") return { what: "answer", result, why: "the prefix ends with a slash" };
  if (status === 204) return { what: "answer", result: "204", why: "OPTIONS from an origin that cors-allow-origin allows" };
  return { what: "answer", result: String(status), why: "" };
}

interface Choice {
  readonly chosen: EdgeCanary | undefined;
  /** No header or cookie decided. */
  readonly drawn: boolean;
  /** Patterns that only nginx can run. */
  readonly untold: readonly string[];
}

function canaryStep({ canaries = [], total = 100 }: EdgeRoute, { chosen, drawn, untold }: Choice): Step {
  const shares = canaries.map(({ name, from, to }) => `${name} ${to - from}/${total}`).join(", ");
  if (untold.length > 0) {
    const why = `only nginx can tell whether the header matches ${untold.map((one) => JSON.stringify(one)).join(" or ")}`;
    return { what: "canary", result: `not known here; without it ${chosen?.name ?? `by weight (${shares})`}`, why };
  }
  if (chosen && !drawn) return { what: "canary", result: chosen.name, why: "its header or cookie rule matches this request" };
  if (chosen && chosen.to - chosen.from === total) return { what: "canary", result: chosen.name, why: "its weight is the whole" };
  return { what: "canary", result: "by weight", why: `shares: ${shares}; below: ${chosen?.name ?? "the primary"}` };
}

function poolStep({ name, endpoints }: NonNullable<Decision["pool"]>, substitute: boolean): Step {
  const because = substitute ? "default-backend, because no endpoint is ready; " : "";
  return { what: "pool", result: name, why: `${because}endpoints: ${endpoints.map(endpointText).join(" ")}` };
}

function whyNoPool(route: Route | undefined, { defaultBackendService }: ExplainSettings): string {
  const nobody = route?.backend.kind === "default" && defaultBackendService === "";
  return nobody ? "no backend is declared for it, and there is no default one (--default-backend-service)" : "no endpoint is ready";
}

function endpointText([address, port]: readonly [string, number]): string {
  return `${address}:${port}`;
}
