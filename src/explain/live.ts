/** What a running data plane adds to an explanation: where its workers' own tables lead the request, and what became of the last requests like it. */
import type { JournalRow } from "../../edge/src/journal.ts";
import type { RouteQuestion, RouteReply } from "../../edge/src/question.ts";
import type { Program } from "../compile/program.ts";
import type { WorkerReply } from "../engine/protocol.ts";
import type { Config } from "../model/config/config.ts";
import type { RolloutStatus } from "../rollout/status.ts";
import type { Search } from "./bounded-search.ts";
import { explainedClient } from "./client.ts";
import { decideAsked, view } from "./view.ts";
import { attemptList } from "./log-line.ts";
import { utf8Text, type ExplainedRequest } from "./request.ts";
import { tablesFor } from "./tables.ts";
import { explainedVariable } from "./variables.ts";

export interface Live {
  /** The newest generation, and the newest that each worker serves. */
  readonly observed: number;
  readonly programmed: number;
  /** Which workers lack the newest generation. */
  readonly behind: readonly string[];
  readonly workers: readonly WorkerReply[];
  /** Workers whose reply is another than the controller's; of patterns that only nginx can run, that is no fault. */
  readonly differ: readonly WorkerReply[];
  /** What the journal has of requests for this host and path, or else for the route; newest first. */
  readonly requests: readonly JournalRow[];
  readonly endpoints: readonly EndpointHistory[];
  /** Releases of the route's canaries; absent: there are none. */
  readonly rollouts?: readonly RolloutStatus[];
}

/** What the journal has of an endpoint. */
export interface EndpointHistory {
  readonly endpoint: string;
  readonly asked: number;
  readonly failed: number;
  /** Milliseconds of Unix time; absent: never asked. */
  readonly lastAnswer?: number;
  readonly lastFailure?: number;
}

/** The question to put to the workers, and the reply of a worker that agrees with the controller. */
export function inquiryAbout(request: ExplainedRequest, program: Program, config: Config, search?: Search): { readonly question: Omit<RouteQuestion, "id">; readonly expected: RouteReply } {
  const variables: Record<string, string> = {};
  const client = explainedClient(request, config);
  const told = view(request, (total) => total, undefined, client, search);
  const variable = (name: string): string | undefined => {
    const value = explainedVariable(request, name);
    if (value !== undefined) variables[name] = value;
    return value;
  };
  const { host, path, https } = request;
  const decision = decideAsked(tablesFor(program, host, request.at), { ...told, variable }, request);
  const { route, pool } = decision;
  return {
    question: { host, path, https, variables, ...(request.at ? { atFront: true } : {}), ...(client === undefined ? {} : { client }) },
    expected: {
      id: 0, generation: 0, host: decision.host?.name ?? "", route: utf8Text(route?.path ?? ""), namespace: route?.namespace ?? "", ingress: route?.ingress ?? "",
      pool: pool?.name ?? "", canary: decision.canary?.name ?? "", status: pool ? 0 : decision.status, reason: pool ? "" : decision.reason,
      endpoints: pool?.endpoints.map(([address, port]) => `${address}:${port}`) ?? [],
    },
  };
}

export function differs(reply: RouteReply, expected: RouteReply): boolean {
  const fields = ["host", "route", "namespace", "ingress", "pool", "canary", "status", "reason"] as const;
  return fields.some((field) => reply[field] !== expected[field]);
}

const SHOWN = 5;

/**
 * The newest requests for the same thing: of the same scheme and canary where there are some, else of the same path, else
 * of the same route. @param newest oldest first.
 */
export function requestsLike(request: ExplainedRequest, expected: RouteReply, newest: readonly JournalRow[]): readonly JournalRow[] {
  const path = utf8Text(request.uri.split("?")[0] ?? "");
  const same = newest.filter((row) => row.host === request.host && row.path === path);
  const { ingress, namespace, route, canary } = expected;
  const scheme = request.https ? "https" : "http";
  const exactly = same.filter((row) => row.scheme === scheme && (canary === "" || row.canary === canary));
  const ofRoute = (): readonly JournalRow[] => newest.filter((row) => ingress !== "" && row.ingress === ingress && row.namespace === namespace && row.route === route);
  const alike = exactly.length > 0 ? exactly : same.length > 0 ? same : ofRoute();
  return alike.slice(-SHOWN).reverse();
}

/** @param newest oldest first. */
export function historyOf(endpoint: string, newest: readonly JournalRow[]): EndpointHistory {
  const tries = newest.flatMap((row) => attemptsOf(row).filter((attempt) => attempt.endpoint === endpoint).map(({ failed }) => ({ failed, time: row.time })));
  const failures = tries.filter(({ failed }) => failed);
  const answers = tries.filter(({ failed }) => !failed);
  const lastAnswer = answers.at(-1)?.time;
  const lastFailure = failures.at(-1)?.time;
  return {
    endpoint, asked: tries.length, failed: failures.length,
    ...(lastAnswer === undefined ? {} : { lastAnswer }), ...(lastFailure === undefined ? {} : { lastFailure }),
  };
}

/** nginx goes on to the next endpoint where one failed; at the last the reason says whether it answered. */
function attemptsOf({ upstream, reason }: JournalRow): readonly { readonly endpoint: string; readonly failed: boolean }[] {
  const endpoints = attemptList(upstream);
  return endpoints.map((endpoint, index) => ({ endpoint, failed: index < endpoints.length - 1 || reason.startsWith("upstream-") }));
}
