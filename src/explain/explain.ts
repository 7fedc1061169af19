/**
 * Explains one request with the matcher that serves: the decision is `decide`'s own, and each step names the object
 * and field behind it.
 */
import { admission, shownStatus, type ClientView } from "../../edge/src/client-auth.ts";
import { canaryByRule } from "../../edge/src/canary.ts";
import { aliasOf, decide, isSubstitute, sessionOf, type Decision } from "../../edge/src/match.ts";
import type { RequestView } from "../../edge/src/request-view.ts";
import type { ClientAuth, SpecialHost, EdgeRoute } from "../../edge/src/program.ts";
import { CATCH_ALL, DEFAULT_BACKEND } from "../../edge/src/program.ts";
import { addressBytes } from "../../edge/src/proxies.ts";
import type { Tables } from "../../edge/src/tables.ts";
import type { Program } from "../compile/program.ts";
import { subjectText, type Finding } from "../model/findings/findings.ts";
import type { Settings } from "../settings.ts";
import { hostKey } from "../model/shapes/host-key.ts";
import { canariesOf, primaryOf } from "../model/shapes/routing.ts";
import type { Alternatives, Host, Origin, Route } from "../model/shapes/routing.ts";
import type { Model } from "../model/model.ts";
import { locationOf } from "../../edge/src/redirect.ts";
import type { Captures } from "../../edge/src/rewrite-target.ts";
import type { RolloutStatus } from "../rollout/status.ts";
import { closest } from "../support/edit-distance.ts";
import { capturesAlike, translatePattern } from "./pattern.ts";
import type { IngressIdentity } from "./naming.ts";
import { policyText } from "./policy.ts";
import { utf8Text, type ExplainedRequest } from "./request.ts";
import { boundedSearch, type Found, type Search } from "./bounded-search.ts";
import { triedRules, type TriedRule } from "./tried-rules.ts";
import { canaryStep } from "./canary.ts";
import { certificateStep } from "./certificate.ts";
import { accessOf, type Access } from "./access.ts";
import { explainedClient } from "./client.ts";
import type { ExplainedStep } from "./step.ts";
import { tablesFor } from "./tables.ts";
import { explainedVariable } from "./variables.ts";

export interface Explanation {
  readonly request: string;
  readonly steps: readonly ExplainedStep[];
  /** Status that Sluice answers itself; absent when the request is proxied. */
  readonly status?: number;
  /** Where a redirect leads. */
  readonly location?: string;
  readonly pool?: string;
  readonly endpoints?: readonly string[];
  /** The rules of the host in the order in which they are tried; absent: there is no host. */
  readonly rules?: readonly TriedRule[];
  /** The Ingresses that decide about the request: the route's, and its canaries'. */
  readonly objects?: readonly IngressIdentity[];
  /** Findings about the objects involved, and about files or kinds that could not be read and may hide further objects. */
  readonly findings: readonly Finding[];
}

export interface ExplainSettings extends Pick<Settings, "configmap" | "defaultBackendService"> {
  /** Ingresses that name the host, whether they are served or not. */
  readonly naming?: readonly IngressIdentity[];
  /** Undefined: nobody runs, and nothing is known of releases. */
  readonly rollouts?: readonly RolloutStatus[] | undefined;
  /** Absent: the explanation has a budget of its own. */
  readonly search?: Search;
}

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
  else if (decision.redirect || decision.status === 204 || decision.route?.respond !== undefined || decision.status === BAD_REQUEST) steps.push(answerStep(decision, location));
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
  const origins: readonly IngressIdentity[] = !route ? (host?.routes ?? []).map(({ origin }) => origin) : [route.origin, ...canariesOf(route.backend).map((canary) => canary.origin)];
  return {
    request: urlText(request),
    steps,
    ...(decision.pool && refused === undefined ? { pool: decision.pool.name, endpoints: decision.pool.endpoints.map(endpointText) } : { status: refused ?? shownStatus(decision.status) }),
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
  return { request: urlText(request), steps: [{ what: "answer", result: String(status), why: OF_NO_HOST.get(status) ?? "" }], status, findings };
}

function urlText({ https, host, uri }: ExplainedRequest): string {
  return `${https ? "https" : "http"}://${utf8Text(host + uri)}`;
}

/**
 * The checks before a route. They are not asked where the route itself refuses, such as with 503 without an endpoint; a
 * 404 for an undeclared path comes after them.
 */
function accessFor({ route, pool, reason }: Decision, request: ExplainedRequest, tables: Tables, { config, users }: Model): Access {
  if ((!pool && reason !== "no-route") || !route?.filters) return { steps: [] };
  return accessOf({ request, client: explainedClient(request, config), filters: route.filters, tables, users: (id) => users.get(id)?.reveal() });
}

/** The status of a path that is closed, because it cannot be served as it has to be. */
const CLOSED = 503;
/** The status of a rewrite whose result has a segment `.` or `..`. */
const BAD_REQUEST = 400;

function isAbout(object: Finding["object"], origin: IngressIdentity): boolean {
  return object.kind === origin.kind && object.namespace === origin.namespace && object.name === origin.name;
}

/** Whether a finding is about a path that is served, where the request reaches another declared one. Who reaches none may have meant it. */
function isAboutAnother({ object, field }: Finding, route: Route | undefined, { hosts }: Model): boolean {
  const path = /^spec\.rules\[\d+\]\.http\.paths\[\d+\]/.exec(field)?.[0];
  if (path === undefined || !route || route.synthesized) return false;
  const declares = ({ origin }: Route): boolean => isAbout(object, origin) && origin.field.startsWith(path);
  return !declares(route) && [...hosts.values()].some(({ routes }) => routes.some(declares));
}

/**
 * Whether a finding's object concerns every request: the controller's ConfigMap does, and a file or a kind that cannot
 * be read may hide any object.
 */
function concernsAll({ kind, namespace, name }: Finding["object"], { configmap }: ExplainSettings): boolean {
  return kind === "File" || name === "" || (kind === "ConfigMap" && configmap === `${namespace}/${name}`);
}

/** Whether the weights decide for the request, although nothing is left to chance: clients of the route are drawn by what they are. */
function isDrawnByClient({ canaries = [] }: EdgeRoute, asked: RequestView): boolean {
  return canaries[0]?.sticky !== undefined && canaryByRule(canaries, asked, false) === undefined;
}

/**
 * The request as the matcher asks about it. `untold` is called with a pattern that only nginx can run, or that takes Node too long; it
 * then counts as one that matches nothing.
 */
export function view(
  request: ExplainedRequest,
  draw: (total: number) => number,
  untold: (pattern: string) => void = () => {},
  client?: string,
  search: Search = boundedSearch(),
): RequestView {
  const searched = (translated: RegExp | undefined, text: string, pattern: string): Found => {
    const found = translated && search(translated, text);
    if (found === undefined) untold(pattern);
    return found;
  };
  const asked = {
    variable: (name: string) => explainedVariable(request, name),
    address: () => (client === undefined ? undefined : addressBytes(client)),
    matches: (text: string, pattern: string) => {
      const found = searched(translatePattern(pattern), text, pattern);
      return found === undefined ? undefined : found !== null;
    },
    gaveUp: () => false,
    searchUntil: () => Infinity,
    isPast: () => false,
    capture: (text: string, pattern: string) => {
      return capturesOf(searched(capturesAlike(pattern) ? translatePattern(pattern) : undefined, text, pattern));
    },
  };
  const hello: ClientView = { ...asked, handshakeWas: () => true, verifyResult: () => 0 };
  const admit = (host: SpecialHost, clients: ClientAuth): number =>
    isAssumed(request, clients) ? 0 : admission(clients, host.handshake, hello);
  return { ...asked, draw, stick: () => {}, admit };
}

/** Whether the client is assumed to have a certificate that the host accepts: people ask about what comes after that. */
function isAssumed({ https }: ExplainedRequest, { mode }: ClientAuth): boolean {
  return https && mode !== "off" && mode !== "refused";
}

function capturesOf(found: Found): Captures | undefined {
  return found ? Object.fromEntries([...found.entries(), ...Object.entries(found.groups ?? {})]) : undefined;
}

/** The Model's route behind an edge route: a route that only redirects to the path with a slash has no route of its own in the Model. */
function routeOf(host: Host | undefined, route: EdgeRoute | undefined): Route | undefined {
  if (!host || !route) return undefined;
  const same = host.routes.filter((one) => Buffer.from(one.path, "utf8").toString("latin1") === route.path);
  const alike = same.filter((one) => JSON.stringify(one.when) === JSON.stringify(route.when));
  return alike.find((one) => samePool(one, route)) ?? alike[0] ?? same[0];
}

function samePool(model: Route, route: EdgeRoute): boolean {
  const backend = primaryOf(model.backend);
  if (backend.kind === "status") return route.respond === backend.status;
  return route.pool === (backend.kind === "service" ? backend.pool : DEFAULT_BACKEND);
}

function isOfCanary(route: EdgeRoute | undefined, pattern: string): boolean {
  return (route?.canaries ?? []).some((canary) => canary.pattern === pattern);
}

/** How many Ingresses one line names at most. */
const SHOWN = 3;

interface HostNames {
  readonly declared: Iterable<string>;
  readonly untold: readonly string[];
  readonly naming: readonly IngressIdentity[];
  readonly search: Search;
}

function hostStep(request: ExplainedRequest, decision: Decision, tables: Tables, names: HostNames): ExplainedStep {
  const { host } = request;
  const { declared, untold, naming, search } = names;
  const name = decision.host?.name ?? "";
  if (untold.length > 0) {
    const why = `only nginx can tell whether "${utf8Text(host)}" matches ${listed(untold)}`;
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

function listed(patterns: readonly string[]): string {
  return patterns.map((pattern) => JSON.stringify(utf8Text(pattern))).join(" or ");
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

function routeStep(route: Route, { path }: ExplainedRequest, settings: ExplainSettings, regex = false, untold: readonly string[] = []): ExplainedStep {
  if (untold.length > 0) {
    const why = `only nginx can tell whether the path matches ${listed(untold)}`;
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

function conditionText({ variable: name, values, pattern }: Alternatives[number][number]): string {
  if (pattern !== undefined) return `${name} ~ ${JSON.stringify(pattern)}`;
  return values === undefined ? `${name} is there` : `${name} = ${values.join(" or ")}`;
}

function originText(origin: Origin, { defaultBackendService }: ExplainSettings): string {
  const { kind, field } = origin;
  if (kind === "Ingress") return `${subjectText(origin)}${field ? `, ${field}` : ""}`;
  return field === "--default-backend-service" && defaultBackendService === "" ? "built in" : `by ${field}`;
}

/** The step of a host that refuses the client, whatever the path. */
function refusedStep({ status, redirect, host }: Decision, location = ""): ExplainedStep {
  const result = redirect ? `${status} to ${utf8Text(location)}` : String(shownStatus(status));
  const refused = host?.special?.clients?.mode === "refused";
  const why = refused ? "what the host wants of client certificates cannot be honoured" : "the host wants a client certificate with another subject";
  return { what: "answer", result, why };
}

function answerStep({ status, redirect }: Decision, location = ""): ExplainedStep {
  const result = `${status} to ${utf8Text(location)}`;
  if (redirect === "https") return { what: "answer", result, why: "https: the name has a certificate, or the Ingress forces it" };
  if (redirect === "slash") return { what: "answer", result, why: "the path that is declared ends with a slash" };
  if (redirect === "root") return { what: "answer", result, why: "app-root of the host" };
  if (redirect === "name") return { what: "answer", result, why: "from-to-www-redirect of the host" };
  if (redirect === "url") return { what: "answer", result, why: "the Ingress redirects this path" };
  if (status === BAD_REQUEST) return { what: "answer", result: "400", why: "rewrite-target would make a path with a segment . or .. of it" };
  if (status === 204) return { what: "answer", result: "204", why: "OPTIONS from an origin that cors-allow-origin allows" };
  return { what: "answer", result: String(status), why: status === CLOSED ? "the path is closed: a finding says why" : "" };
}

function sessionSide({ route, canary }: Decision, asked: RequestView): boolean {
  const key = route && sessionOf(route, asked);
  const side = canary ? canary.balance : route?.balance;
  return key !== undefined && side?.kind === "session" && side.key === key;
}

/** The path that the backend is asked for. */
function rewriteStep({ uri, route }: Decision, { uri: sent }: ExplainedRequest, untold: readonly string[]): ExplainedStep {
  const pattern = route?.detour?.rewrite?.pattern ?? "";
  const result = uri ?? (untold.includes(pattern) ? "not known here" : sent.split("?")[0] ?? "");
  return { what: "rewrite", result: utf8Text(result), why: `rewrite-target of ${JSON.stringify(utf8Text(pattern))}` };
}

function poolStep({ pool, canary, route }: Decision, substitute: boolean): ExplainedStep {
  const { name = "", endpoints = [] } = pool ?? {};
  const because = substitute ? "default-backend, because no endpoint is ready; " : "";
  const policy = policyText(canary ? canary.balance : route?.balance);
  return { what: "pool", result: name, why: `${because}endpoints: ${endpoints.map(endpointText).join(" ")}${policy === undefined ? "" : `; ${policy}`}` };
}

function checked({ steps }: Access, why: string): string {
  return steps.length > 0 ? `if it passes: ${why}` : why;
}

function whyNoPool(route: Route | undefined, { defaultBackendService }: ExplainSettings): string {
  const nobody = route?.backend.kind === "default" && defaultBackendService === "";
  return nobody ? "no backend is declared for it, and there is no default one (--default-backend-service)" : "no endpoint is ready";
}

function endpointText([address, port]: readonly [string, number]): string {
  return `${address}:${port}`;
}
