/** Explains a request, or a line of the access log, from what is served; a running Sluice adds what its workers know. */
import { isDeclared } from "../../edge/src/match.ts";
import type { JournalRow } from "../../edge/src/journal.ts";
import type { Program } from "../compile/program.ts";
import type { Engine } from "../engine/engine.ts";
import { boundedSearch, type Search } from "./bounded-search.ts";
import { explainConnection, explainPassthrough, parseConnection, type ExplainedConnection } from "./connection.ts";
import { explain } from "./explain.ts";
import { explainAtGateway, type RequestAtGateway } from "./gateway.ts";
import type { Explanation } from "./explanation.ts";
import { inEffect, type InEffect } from "./in-effect.ts";
import { differs, historyOf, inquiryAbout, requestsLike, type Live } from "./live.ts";
import { readLogged, type Logged } from "./logged.ts";
import { ingressesNaming, routesNaming } from "./naming.ts";
import { entranceOf, type Entered } from "./entrance.ts";
import { parseRequest, type AskedRequest, type ExplainedRequest } from "./request.ts";
import { tablesFor } from "./tables.ts";
import { view } from "./view.ts";
import type { Finding } from "../model/findings/findings.ts";
import { routesIn } from "../model/gateway/route-kinds.ts";
import type { Model } from "../model/model.ts";
import type { Settings } from "../settings.ts";
import { keyOf, type Snapshot } from "../source/snapshot.ts";
import type { RolloutStatus } from "../rollout/status.ts";
import { UserError } from "../support/user-error.ts";

export type LiveExplanation = ServedExplanation & { readonly live: Live };

/** What is served, and the objects it comes from. */
export interface Explained {
  readonly model: Model;
  readonly program: Program;
  readonly findings: readonly Finding[];
  readonly snapshot: Snapshot;
  /** Absent: nobody runs. */
  readonly rollouts?: readonly RolloutStatus[];
}

/** A request, or a line of the access log that is about one. */
export type AskedOrLine = AskedRequest | { readonly line: string };

export type ServedExplanation = Explanation & { readonly inEffect?: readonly InEffect[]; readonly logged?: Logged };

/** Throws a UserError for what is no request. */
export function parseAsked({ url, headers, method, client }: AskedRequest): ExplainedRequest | ExplainedConnection {
  return parseConnection(url) ?? parseRequest(url, headers, method, client);
}

/** Throws a UserError for what is neither a request nor a line of the access log. */
export function explainServed(served: Explained, settings: Settings, asked: AskedOrLine, search: Search = boundedSearch()): { readonly request: ExplainedRequest | ExplainedConnection; readonly explanation: ServedExplanation } {
  if ("line" in asked) {
    const { logged, asked: ofLine } = readLogged(asked.line, served.model, served.program, search);
    const { request, explanation } = explainServed(served, settings, ofLine, search);
    return { request, explanation: { ...explanation, logged } };
  }
  const request = parseAsked(asked);
  if ("protocol" in request) return { request, explanation: explainConnection(served.model, request, served.findings) };
  const { entrance: at, note } = entranceFor(served, settings, request, asked.gateway ?? "", search);
  const explanation = at ? explainThere(served, settings, { ...request, at }, search) : explainHere(served, settings, request, search);
  const steps = note === undefined ? explanation.steps : [{ what: "gateway" as const, result: at ? "not the only one" : "none is asked", why: note }, ...explanation.steps];
  return { request: at ? { ...request, at } : request, explanation: { ...explanation, steps } };
}

/** Throws a UserError for a Gateway that is named and does not listen there. */
function entranceFor({ model, program }: Explained, settings: Settings, request: ExplainedRequest, gateway: string, search: Search): Entered {
  if (model.fronts.size === 0 && gateway === "") return {};
  const declared = isDeclared(tablesFor(program, request.host), view(request, (total) => total, undefined, undefined, search), request.host);
  return entranceOf(model, request, { gateway, isDeclared: declared }, settings);
}

/** Where Gateways listen. */
function explainThere({ model, program, findings, snapshot }: Explained, settings: Settings, request: RequestAtGateway, search: Search): Explanation {
  return explainAtGateway(model, program, request, findings, { ...settings, naming: routesNaming(request.host, routesIn(snapshot)), search });
}

/** Where Ingresses are served. */
function explainHere({ model, program, findings, snapshot, rollouts }: Explained, settings: Settings, request: ExplainedRequest, search: Search): ServedExplanation {
  const naming = ingressesNaming(request.host, snapshot.all("Ingress").values());
  const explanation = explainPassthrough(model, request, findings) ?? explain(model, program, request, findings, { ...settings, naming, search, rollouts });
  return explanation.objects ? { ...explanation, inEffect: inEffect(explanation.objects, snapshot, settings) } : explanation;
}

/** @param asked JSON of what is AskedOrLine. @param newest what workers noted until now. Throws a UserError for anything else. */
export async function explainLive(asked: string, served: Explained, settings: Settings, engine: Pick<Engine, "ask" | "state">, newest: () => readonly JournalRow[]): Promise<LiveExplanation> {
  const search = boundedSearch();
  const { request, explanation } = explainServed(served, settings, askedOf(asked), search);
  const { observed, programmed, behind } = engine.state;
  const ofRoute = new Set(explanation.objects?.map(({ namespace, name }) => keyOf(namespace, name)));
  const rollouts = served.rollouts?.filter(({ ingress }) => ofRoute.has(ingress)) ?? [];
  const withHistory = (rows: readonly JournalRow[]) => ({ observed, programmed, behind, endpoints: (explanation.endpoints ?? []).map((endpoint) => historyOf(endpoint, rows)), ...(rollouts.length === 0 ? {} : { rollouts }) });
  if ("protocol" in request) return { ...explanation, live: { ...withHistory(newest()), workers: [], differ: [], requests: [] } };
  const { question, expected } = inquiryAbout(request, served.program, served.model.config, search);
  const workers = await engine.ask(question);
  const differ = workers.filter((reply) => differs(reply, expected));
  // Workers tell what they noted before they reply.
  const rows = newest();
  return { ...explanation, live: { ...withHistory(rows), workers, differ, requests: requestsLike(request, expected, rows) } };
}

function askedOf(text: string): AskedOrLine {
  const value = parsed(text);
  const { url, headers, method, client, gateway, line } = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const isText = (one: unknown): one is string => typeof one === "string";
  if (isText(line)) return { line };
  if (isText(url) && isText(method) && Array.isArray(headers) && headers.every(isText) && (client === undefined || isText(client)) && (gateway === undefined || isText(gateway))) {
    return { url, headers, method, ...(client === undefined ? {} : { client }), ...(gateway === undefined ? {} : { gateway }) };
  }
  throw new UserError("What is to be explained has the fields url, method, headers (a list of texts), and perhaps client and gateway; or the field line.", 2);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
