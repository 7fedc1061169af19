/** Explains a request, or a line of the access log, from what is served; a running Sluice adds what its workers know. */
import type { JournalRow } from "../../edge/src/journal.ts";
import type { Program } from "../compile/program.ts";
import type { Engine } from "../engine/engine.ts";
import { boundedSearch, type Search } from "./bounded-search.ts";
import { explainConnection, explainPassthrough, parseConnection, type ExplainedConnection } from "./connection.ts";
import { explain, type Explanation } from "./explain.ts";
import { inEffect, type InEffect } from "./in-effect.ts";
import { differs, historyOf, inquiryAbout, requestsLike, type Live } from "./live.ts";
import { readLogged, type Logged } from "./logged.ts";
import { ingressesNaming } from "./naming.ts";
import { parseRequest, type AskedRequest, type ExplainedRequest } from "./request.ts";
import type { Finding } from "../model/findings/findings.ts";
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
  const { model, program, findings, snapshot, rollouts } = served;
  const request = parseAsked(asked);
  if ("protocol" in request) return { request, explanation: explainConnection(model, request, findings) };
  const naming = ingressesNaming(request.host, snapshot.all("Ingress").values());
  const explanation = explainPassthrough(model, request, findings) ?? explain(model, program, request, findings, { ...settings, naming, search, rollouts });
  return { request, explanation: explanation.objects ? { ...explanation, inEffect: inEffect(explanation.objects, snapshot, settings) } : explanation };
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
  const { url, headers, method, client, line } = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const isText = (one: unknown): one is string => typeof one === "string";
  if (isText(line)) return { line };
  if (isText(url) && isText(method) && Array.isArray(headers) && headers.every(isText) && (client === undefined || isText(client))) {
    return { url, headers, method, ...(client === undefined ? {} : { client }) };
  }
  throw new UserError("What is to be explained has the fields url, method, headers (a list of texts), and perhaps client; or the field line.", 2);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
