/**
 * Explains one request that comes in where Gateways listen, with the matcher that serves: its listener, the routes whose host names have the
 * name, each rule in the order in which it is tried, and the shares of the rule that takes the request.
 */
import { decideAtFront, listenerAt, NO_LISTENER } from "../../edge/src/fronts.ts";
import type { Decision } from "../../edge/src/match.ts";
import type { EdgeHost, EdgeRoute } from "../../edge/src/program.ts";
import { CATCH_ALL } from "../../edge/src/program.ts";
import { locationOf } from "../../edge/src/redirect.ts";
import type { RequestView } from "../../edge/src/request-view.ts";
import type { Tables } from "../../edge/src/tables.ts";
import type { Program } from "../compile/program.ts";
import { subjectText, type Finding } from "../model/findings/findings.ts";
import type { Model } from "../model/model.ts";
import { shareTexts } from "../model/routes/route-text.ts";
import { frontId, type Front } from "../model/shapes/front.ts";
import { hostKey } from "../model/shapes/host-key.ts";
import { ownerOfListener } from "../model/shapes/listener-key.ts";
import type { Route } from "../model/shapes/routing.ts";
import { listed } from "../support/text.ts";
import { boundedSearch } from "./bounded-search.ts";
import { shownCertificate } from "./certificate.ts";
import { explainedClient } from "./client.ts";
import { concernsAll, isAbout } from "./concerns.ts";
import type { Explanation, ExplainSettings } from "./explanation.ts";
import type { ObjectIdentity } from "./naming.ts";
import { entranceText, levelsOf } from "./entrance.ts";
import { askedUrl, utf8Text, type ExplainedRequest, type Entrance } from "./request.ts";
import type { ExplainedStep } from "./step.ts";
import { answerStep, endpointTexts, poolStep, patternsText, routeStep } from "./steps.ts";
import { tablesFor } from "./tables.ts";
import { triedRules, type TriedRule } from "./tried-rules.ts";
import { view } from "./view.ts";

/** A request of which it is known that it comes in where Gateways listen. */
export type RequestAtGateway = ExplainedRequest & { readonly at: Entrance };

/** What is being explained, as far as all steps need it. */
interface Asked {
  readonly model: Model;
  readonly request: RequestAtGateway;
  readonly tables: Tables;
  readonly view: RequestView;
  /** Its route is one that was declared. */
  readonly decision: Decision;
  /** The route that took the request rewrites paths. */
  readonly rewrites: boolean;
  /** Key of the listener that the request belongs to; empty: none. */
  readonly listener: string;
  readonly settings: ExplainSettings;
}

export function explainAtGateway(model: Model, program: Program, request: RequestAtGateway, findings: readonly Finding[], settings: ExplainSettings): Explanation {
  const { search = boundedSearch(), naming = [] } = settings;
  const { at, host: name } = request;
  const tables = tablesFor(program, name, at);
  const untold: string[] = [];
  const client = explainedClient(request, model.config);
  // Draws the first share of a rule: all shares are reported.
  const asked = view(request, () => 1, (pattern) => untold.push(pattern), client, search);
  const listener = listenerAt(tables, asked, at.address, String(at.port), name) ?? NO_LISTENER;
  // Copied: the next question reuses it.
  const decided = { ...decideAtFront(tables, asked, name, request.path, request.https) };
  const location = locationOf(decided, tables.settings, asked);
  const decision = { ...decided, route: declaredRoute(decided) };
  const about: Asked = { rewrites: decided.route?.detour?.rewrite !== undefined, model, request, tables, view: view(request, () => 1, undefined, client, search), decision, listener, settings };
  const host = decision.host && model.hosts.get(hostKey(decision.host.name, listener));
  // At a listener's host the routes of the Model and of the edge stand at the same places.
  const route = decision.route && host?.routes[decision.host?.routes.indexOf(decision.route) ?? -1];
  const origins: readonly ObjectIdentity[] = [...gatewaysAt(model, at), ...(listener === NO_LISTENER ? [] : [ownerOfListener(listener)]), ...(route ? [route.origin] : naming)];
  return {
    request: askedUrl({ ...request, host: `${name}${[80, 443].includes(at.port) ? "" : `:${at.port}`}` }),
    steps: [...comingIn(about), ...outcome(about, route, [...new Set(untold)], location)],
    ...(decision.pool ? { pool: decision.pool.name, endpoints: endpointTexts(decision.pool) } : { status: decision.status }),
    ...(location === undefined ? {} : { location: utf8Text(location) }),
    ...(listener === NO_LISTENER ? {} : { listener, rules: rulesOf(about) }),
    findings: findings.filter((one) => (concernsAll(one.object, settings) || origins.some((origin) => isAbout(one.object, origin))) && !isAboutAnotherRule(one, route)),
  };
}

/** A share with filters of its own leads to a route that nobody declared, behind all others: the one that was declared has the share. */
function declaredRoute({ host, route }: Decision): EdgeRoute | undefined {
  if (!host || !route) return route;
  const index = host.routes.indexOf(route);
  return host.routes.find(({ canaries = [] }) => canaries.some((share) => share.route === index)) ?? route;
}

function frontAt({ fronts }: Model, { address, port }: Entrance): Front | undefined {
  return fronts.get(frontId(address === "" ? undefined : address, port)) ?? fronts.get(frontId(undefined, port)) ?? fronts.get(frontId(address));
}

/** The Gateways that listen there. */
function gatewaysAt(model: Model, at: Entrance): readonly ObjectIdentity[] {
  const front = frontAt(model, at);
  return (front?.gateways ?? []).map((key) => ({ kind: "Gateway", namespace: key.slice(0, key.indexOf("/")), name: key.slice(key.indexOf("/") + 1) }));
}

/** Whether a finding is about a rule of the route that does not take the request. */
function isAboutAnotherRule({ object, field }: Finding, route: Route | undefined): boolean {
  const rule = /^spec\.rules\[\d+\]/.exec(field)?.[0];
  return route !== undefined && rule !== undefined && isAbout(object, route.origin) && rule !== route.origin.field;
}

/** Host names that a line names at most. */
const SHOWN = 4;

/** The listener, and the certificate that it shows. */
function comingIn({ model, request: { at, https, host }, listener }: Asked): readonly ExplainedStep[] {
  const name = utf8Text(host);
  const there = entranceText(at);
  if (listener === NO_LISTENER) {
    const names = Object.keys(frontAt(model, at)?.listeners ?? {}).map((one) => (one === CATCH_ALL ? "any name" : one));
    const who = gatewaysAt(model, at).map(subjectText).join(" and ");
    const why = names.length === 0 ? `${there} is an address of ${who}, which does not listen at this port` : `no listener at ${there} takes "${name}"; there are ${listed(names, SHOWN)} (${who})`;
    return [{ what: "listener", result: "none", why }];
  }
  const hostname = Object.entries(frontAt(model, at)?.listeners ?? {}).find(([, key]) => key === listener)?.[0] ?? CATCH_ALL;
  const why = hostname === CATCH_ALL ? "it takes every name that no other listener there has" : hostname === host ? "it has the exact name" : `its name ${hostname} is the longest there that stands for "${name}"`;
  const { section, ...owner } = ownerOfListener(listener);
  const step: ExplainedStep = { what: "listener", result: `${section} of ${subjectText(owner)} at ${there}`, why };
  return https ? [step, tlsStep(model, listener)] : [step];
}

function tlsStep({ tls, certificates }: Model, listener: string): ExplainedStep {
  const certificate = certificates.get(tls.get(hostKey(CATCH_ALL, listener)) ?? "");
  if (!certificate) return { what: "tls", result: "no certificate", why: "the listener's Secret was not read yet: handshakes fail" };
  return { what: "tls", result: subjectText(certificate.origin), why: `certificateRefs of the listener; ${shownCertificate(certificate, Date.now())}` };
}

/** What became of the request. @param untold expressions that only nginx can run */
function outcome(about: Asked, route: Route | undefined, untold: readonly string[], location: string | undefined): readonly ExplainedStep[] {
  const { decision, request, settings, rewrites } = about;
  if (!route) return [...untoldStep(untold, "404"), { what: "answer", result: String(decision.status), why: whyNoRoute(about) }];
  const name = decision.host?.name ?? CATCH_ALL;
  const steps: ExplainedStep[] = [
    { what: "host", result: name === CATCH_ALL ? "any name" : name, why: name === CATCH_ALL ? "routes without host names" : name === request.host ? "the exact name" : `it stands for "${utf8Text(request.host)}"` },
    ...untoldStep(untold, `${route.path} (${route.pathType})`), routeStep(route, request, settings),
  ];
  const shares = shareTexts(route);
  if (shares.length > 1) steps.push({ what: "share", result: "by weight", why: `shares: ${shares.join(", ")}; below: the first` });
  if (decision.pool && rewrites && decision.uri !== undefined) steps.push({ what: "rewrite", result: utf8Text(decision.uri), why: "URLRewrite of the rule" });
  if (decision.pool) return [...steps, poolStep(decision, false)];
  if (decision.redirect) return [...steps, answerStep(decision, location)];
  const ownAnswer = decision.reason === "preflight" ? "a preflight, which the CORS filter answers" : decision.reason === "rewrite-unsafe" ? "the changed path would have a segment . or .." : undefined;
  if (ownAnswer !== undefined) return [...steps, { what: "answer", result: String(decision.status), why: ownAnswer }];
  return [...steps, { what: "answer", result: String(decision.status), why: decision.reason === "no-endpoints" ? "no endpoint is ready; no other share takes its requests" : "the rule has no backend that can be used, or asks for what cannot be honoured: a finding of its route says which" }];
}

function untoldStep(untold: readonly string[], without: string): readonly ExplainedStep[] {
  if (untold.length === 0) return [];
  return [{ what: "route", result: `not known here; without it ${without}`, why: `only nginx can tell whether a value matches ${patternsText(untold)}` }];
}

function whyNoRoute({ decision: { reason }, listener, request: { host, connectsTo }, settings: { naming = [] } }: Asked): string {
  if (reason === "bad-request") return "the host name has characters that no host name has";
  if (reason === "denied-by-blocklist") return "block-cidrs, block-user-agents or block-referers of the controller's ConfigMap";
  if (reason === "misdirected") return `the connection was made for "${utf8Text(connectsTo)}", which is another listener's: clients open one of their own then`;
  if (listener === NO_LISTENER) return "nobody takes it";
  const named = naming.length === 0 ? "" : `; ${listed(naming.map(subjectText), SHOWN)} ${naming.length > 1 ? "name" : "names"} it`;
  return `no rule of a route that attaches to the listener takes "${utf8Text(host)}" and this path${named}`;
}

/** The rules of all levels of host names, as they are tried; those of further ones come into play where a level takes nothing. */
function rulesOf({ model, tables, request, view: asked, decision, listener }: Asked): readonly TriedRule[] {
  const site = tables.sites[listener];
  const levels = levelsOf(request.host).flatMap((level) => {
    const table: EdgeHost | undefined = level.startsWith("*.") ? site?.wildcards[level.slice(1)] : site?.hosts[level];
    const host = model.hosts.get(hostKey(level, listener));
    return table && host ? [{ level, table, host }] : [];
  });
  const taken = levels.findIndex(({ table }) => table === decision.host);
  return levels.flatMap(({ level, table, host }, place) => {
    const chosen: EdgeRoute | undefined = place === taken ? decision.route : undefined;
    return triedRules(host, table, request.path, chosen, asked).map((one): TriedRule => ({
      ...one,
      rule: levels.length > 1 ? `${level === CATCH_ALL ? "any name" : level} ${one.rule}` : one.rule,
      ...(one.outcome === "matches" && decision.route && place > taken ? { why: "a rule for a more exact name comes first" } : {}),
    }));
  });
}
