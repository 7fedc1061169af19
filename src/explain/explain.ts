/**
 * Explains one request with the matcher that serves: the decision is `decide`'s own, and each step names the object
 * and field behind it.
 */
import { shownStatus } from "../../edge/src/client-auth.ts";
import { canaryByRule } from "../../edge/src/canary.ts";
import { aliasOf, decide, isSubstitute, sessionOf, type Decision } from "../../edge/src/match.ts";
import type { RequestView } from "../../edge/src/request-view.ts";
import type { ClientAuth, EdgeRoute } from "../../edge/src/program.ts";
import { CATCH_ALL } from "../../edge/src/program.ts";
import type { Tables } from "../../edge/src/tables.ts";
import type { Program } from "../compile/program.ts";
import { subjectText, type Finding } from "../model/findings/findings.ts";
import { hostKey } from "../model/shapes/host-key.ts";
import { canariesOf } from "../model/shapes/routing.ts";
import type { Host, Route } from "../model/shapes/routing.ts";
import type { Model } from "../model/model.ts";
import { locationOf } from "../../edge/src/redirect.ts";
import { closest } from "../support/edit-distance.ts";
import { concernsAll, isAbout } from "./concerns.ts";
import type { Explanation, ExplainSettings } from "./explanation.ts";
import { routeOf } from "./model-route.ts";
import type { ObjectIdentity } from "./naming.ts";
import { askedUrl, utf8Text, type ExplainedRequest } from "./request.ts";
import { boundedSearch, type Search } from "./bounded-search.ts";
import { triedRules } from "./tried-rules.ts";
import { canaryStep } from "./canary.ts";
import { certificateStep } from "./certificate.ts";
import { accessOf, type Access } from "./access.ts";
import { explainedClient } from "./client.ts";
import type { ExplainedStep } from "./step.ts";
import { tablesFor } from "./tables.ts";
import { answerStep, UNSAFE_REWRITE, endpointTexts, poolStep, patternsText, rewriteStep, routeStep } from "./steps.ts";
import { isAssumed, view } from "./view.ts";

export function explain(
  model: Model, program: Program, request: ExplainedRequest, findings: readonly Finding[], settings: ExplainSettings,
): Explanation {
  const tables = tablesFor(program, request.host);
  const { naming = [], search = boundedSearch() } = settings;
  const untold: string[] = [];
  let drawn = false;
  // Draws the last number, which is the primary's unless canaries have all of the weight: the shares are reported instead of drawn.
  const draw = (total: number): number => {
    drawn = true;
    return total;
  };
  const client = explainedClient(request, model.config);
  const asked = view(request, draw, (pattern) => untold.push(pattern), client, search);
  const decision = decide(tables, asked, request.host, request.path, request.https);
  if (decision.host === undefined && OF_NO_HOST.has(decision.status)) return ofNoHost(request, decision.status, findings.filter(({ object }) => concernsAll(object, settings)));
  const host = model.hosts.get(hostKey(decision.host?.name ?? CATCH_ALL));
  const route = routeOf(host, decision.route);
  const untoldOf = (patterns: readonly { readonly pattern: string }[] = []): readonly string[] =>
    patterns.flatMap(({ pattern }) => (untold.includes(pattern) ? [pattern] : []));
  const steps: ExplainedStep[] = request.https ? [certificateStep(model, request.host)] : [];
  steps.push(hostStep(request, decision, tables, { declared: model.hosts.keys(), untold: untoldOf(tables.aliases.patterns), naming, search }));
  const clients = decision.host?.special?.clients;
  if (clients && isAssumed(request, clients)) steps.push(clientStep(clients));
  if (route) steps.push(routeStep(route, request, settings, isPattern(host, decision, request), untoldOf(decision.host?.special?.patterns)));
  const { path } = request;
  const rules = host && decision.host && triedRules(host, decision.host, path, decision.route, view(request, draw, undefined, client, search));
  const location = locationOf(decision, tables.settings, asked);
  let refused: number | undefined;
  if (clients && !decision.route && (!decision.redirect || decision.redirect === "certificate")) steps.push(refusedStep(decision, location));
  else if (decision.redirect || decision.status === 204 || decision.route?.respond !== undefined || decision.status === UNSAFE_REWRITE) steps.push(answerStep(decision, location));
  else {
    if (decision.route?.canaries) {
      const ofCanary = untold.filter((pattern) => isOfCanary(decision.route, pattern));
      steps.push(canaryStep(decision.route, route, asked, { chosen: decision.canary, drawn: drawn || isDrawnByClient(decision.route, asked), untold: ofCanary, session: sessionSide(decision, asked), rollouts: settings.rollouts }));
    }
    const access = accessFor(decision, request, tables, model);
    steps.push(...access.steps);
    refused = access.refused;
    if (refused === undefined && !decision.pool) steps.push({ what: "answer", result: String(decision.status), why: checked(access, whyNoPool(route, settings)) });
    else if (refused === undefined) {
      if (decision.route?.detour?.rewrite) steps.push(rewriteStep(decision, request, untold));
      steps.push(poolStep(decision, decision.route !== undefined && isSubstitute(tables, decision.route, decision.pool)));
    }
  }
  const origins: readonly ObjectIdentity[] = !route ? (host?.routes ?? []).map(({ origin }) => origin) : [route.origin, ...canariesOf(route.backend).map((canary) => canary.origin)];
  return {
    request: askedUrl(request),
    steps,
    ...(decision.pool && refused === undefined ? { pool: decision.pool.name, endpoints: endpointTexts(decision.pool) } : { status: refused ?? shownStatus(decision.status) }),
    ...(location === undefined ? {} : { location: utf8Text(location) }),
    ...(rules ? { rules } : {}),
    ...(route ? { objects: origins.filter(({ kind }) => kind === "Ingress").map(({ kind, namespace, name }) => ({ kind, namespace, name })) } : {}),
    findings: findings.filter((one) => (concernsAll(one.object, settings) || [...origins, ...naming].some((origin) => isAbout(one.object, origin))) && !isAboutAnother(one, route, model)),
  };
}

/** Status → why, for answers that are given before there is a host. */
const OF_NO_HOST: ReadonlyMap<number, string> = new Map([
  [400, "a host name that no rule has, with characters that no host name has"],
  [403, "block-cidrs, block-user-agents or block-referers of the controller's ConfigMap"],
]);

function ofNoHost(request: ExplainedRequest, status: number, findings: readonly Finding[]): Explanation {
  return { request: askedUrl(request), steps: [{ what: "answer", result: String(status), why: OF_NO_HOST.get(status) ?? "" }], status, findings };
}

/**
 * The checks before a route. They are not asked where the route itself refuses, such as with 503 without an endpoint; a
 * 404 for an undeclared path comes after them.
 */
function accessFor({ route, pool, reason }: Decision, request: ExplainedRequest, tables: Tables, { config, users }: Model): Access {
  if ((!pool && reason !== "no-route") || !route?.filters) return { steps: [] };
  return accessOf({ request, client: explainedClient(request, config), filters: route.filters, tables, users: (id) => users.get(id)?.reveal() });
}

/** Whether a finding is about a path that is served, where the request reaches another declared one. Who reaches none may have meant it. */
function isAboutAnother({ object, field }: Finding, route: Route | undefined, { hosts }: Model): boolean {
  const path = /^spec\.rules\[\d+\]\.http\.paths\[\d+\]/.exec(field)?.[0];
  if (path === undefined || !route || route.synthesized) return false;
  const declares = ({ origin }: Route): boolean => isAbout(object, origin) && origin.field.startsWith(path);
  return !declares(route) && [...hosts.values()].some(({ routes }) => routes.some(declares));
}

/** Whether the weights decide for the request, although nothing is left to chance: clients of the route are drawn by what they are. */
function isDrawnByClient({ canaries = [] }: EdgeRoute, asked: RequestView): boolean {
  return canaries[0]?.sticky !== undefined && canaryByRule(canaries, asked, false) === undefined;
}

function isOfCanary(route: EdgeRoute | undefined, pattern: string): boolean {
  return (route?.canaries ?? []).some((canary) => canary.pattern === pattern);
}

/** How many Ingresses one line names at most. */
const SHOWN = 3;

interface HostNames {
  readonly declared: Iterable<string>;
  readonly untold: readonly string[];
  readonly naming: readonly ObjectIdentity[];
  readonly search: Search;
}

function hostStep(request: ExplainedRequest, decision: Decision, tables: Tables, names: HostNames): ExplainedStep {
  const { host } = request;
  const { declared, untold, naming, search } = names;
  const name = decision.host?.name ?? "";
  if (untold.length > 0) {
    const why = `only nginx can tell whether "${utf8Text(host)}" matches ${patternsText(untold)}`;
    return { what: "host", result: `not known here; without it ${name === CATCH_ALL ? "any other name" : name}`, why };
  }
  const alias = aliasOf(tables, view(request, (total) => total, undefined, undefined, search), host);
  if (alias) return { what: "host", result: name, why: `"${utf8Text(host)}" is another name of it${alias.redirect ? " and redirects to it" : ""}` };
  if (name === CATCH_ALL) {
    if (naming.length > 0) {
      const why = `"${utf8Text(host)}" is named by ${naming.slice(0, SHOWN).map(subjectText).join(" and ")}, but not served: refused, of another class, or without a path that can be served`;
      return { what: "host", result: "any other name", why };
    }
    const near = closest(host, declared);
    return { what: "host", result: "any other name", why: `no rule names "${utf8Text(host)}"${near === undefined ? "" : `; did you mean "${near}"?`}` };
  }
  return { what: "host", result: name, why: name.startsWith("*.") ? `"${utf8Text(host)}" has one label more` : "the exact name" };
}

function clientStep({ mode, matchCn, errorPage }: ClientAuth): ExplainedStep {
  const subject = matchCn === undefined ? "" : `, its subject like ${JSON.stringify(matchCn)}`;
  const others = errorPage === undefined ? "" : `; others are led to ${utf8Text(errorPage)}`;
  return { what: "client", result: "taken for one that the host accepts", why: `auth-tls-verify-client is ${mode}${subject}${others}` };
}

/** Whether the route was found by a regular expression: some paths of a host with regular expressions are exact all the same. */
function isPattern(host: Host | undefined, decision: Decision, { path }: ExplainedRequest): boolean {
  return host?.regex === true && decision.host?.exact[path] === undefined;
}

/** The step of a host that refuses the client, whatever the path. */
function refusedStep({ status, redirect, host }: Decision, location = ""): ExplainedStep {
  const result = redirect ? `${status} to ${utf8Text(location)}` : String(shownStatus(status));
  const refused = host?.special?.clients?.mode === "refused";
  const why = refused ? "what the host wants of client certificates cannot be honoured" : "the host wants a client certificate with another subject";
  return { what: "answer", result, why };
}

function sessionSide({ route, canary }: Decision, asked: RequestView): boolean {
  const key = route && sessionOf(route, asked);
  const side = canary ? canary.balance : route?.balance;
  return key !== undefined && side?.kind === "session" && side.key === key;
}

function checked({ steps }: Access, why: string): string {
  return steps.length > 0 ? `if it passes: ${why}` : why;
}

function whyNoPool(route: Route | undefined, { defaultBackendService }: ExplainSettings): string {
  const nobody = route?.backend.kind === "default" && defaultBackendService === "";
  return nobody ? "no backend is declared for it, and there is no default one (--default-backend-service)" : "no endpoint is ready";
}
