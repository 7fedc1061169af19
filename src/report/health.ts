/**
 * The health port: probes and metrics for everybody who can reach it; the admin API for this machine only, and not for web pages in its browsers.
 *
 * `POST /rollouts/tallies` is for other replicas, which sign what they say;
 * `/healthz` (alive: the event loop turns, and nothing else is asked for), `/readyz` (every worker runs the newest Program), `/metrics`; from loopback:
 * `GET /api/v1/generation`, `GET /api/v1/findings`, `GET /api/v1/list/KIND`, `GET /api/v1/requests`, `GET /api/v1/traffic?since=CURSOR`,
 * `GET /api/v1/explain?request=JSON`, `GET /api/v1/KINDS/NAMESPACE/NAME?wait=SECONDS` (asked-kinds.ts),
 * `GET /api/v1/rollouts`, `POST /api/v1/rollouts/NAMESPACE/NAME/ACTION` (with the token of admin-token.ts),
 * `POST /api/v1/sync`. `/dashboard/` guards itself. `/` says what there is.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createGzip } from "node:zlib";
import type { EngineState } from "../engine/engine.ts";
import type { Finding } from "../model/findings/findings.ts";
import { isFromPage, isFromThisMachine, namesThisMachine } from "./caller.ts";
import { inPieces } from "./exposition.ts";
import { askedKind } from "./asked-kinds.ts";
import type { AskObject } from "./object-state.ts";
import type { Journal } from "./journal.ts";
import { REPLICAS_PATH } from "../rollout/replicas.ts";
import type { Scrape } from "./metrics.ts";
import { answerRequests } from "./requests-api.ts";
import { answerRollouts, hearReplica, sendRollouts, type RolloutsApi } from "./rollouts-api.ts";
import { trafficLines, type TrafficAnswer } from "./traffic.ts";
import { UserError } from "../support/user-error.ts";

export interface HealthOptions {
  readonly host: string;
  readonly port: number;
  readonly healthCheckPath: string;
  readonly state: () => EngineState;
  /** Why this process is not fit for traffic; undefined when it is. */
  readonly notReady: () => string | undefined;
  readonly findings: () => readonly Finding[];
  readonly sync: (signal: AbortSignal) => Promise<EngineState>;
  readonly object: AskObject;
  /** What is served now, as rows of this kind; undefined: there is no such kind. */
  readonly list: (kind: string) => readonly unknown[] | undefined;
  readonly metrics: () => Scrape;
  readonly journal: Journal;
  readonly rollouts: RolloutsApi;
  /** What routes counted since the answer with this cursor. */
  readonly traffic: (cursor: string) => TrafficAnswer;
  /** Explains a request, given as JSON. Throws a UserError for what is no request. */
  readonly explain: (asked: string) => Promise<unknown>;
  /** Answers what is asked below `/dashboard`; undefined: there is no dashboard. */
  readonly dashboard: ((request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams) => Promise<void>) | undefined;
}

/** Followed by a kind: `routes`, `hosts`, … */
const LIST = "/api/v1/list/";
const SYNC_LIMIT_MS = 10_000;
/** Seconds that a question about an Ingress may wait for its answer. */
const LONGEST_WAIT = 60;

/** Listens; throws a UserError when the port cannot be had. */
export async function serveHealth(options: HealthOptions): Promise<Server> {
  const server = createServer((request, response) => {
    route(options, request, response).catch((error: Error) => endResponse(response, 500, `${error.message}\n`));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port: options.port, ...(options.host ? { host: options.host } : {}) }, resolve);
    });
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? "is in use by another process" : (error as Error).message;
    throw new UserError(`The health port ${options.host || "*"}:${options.port} ${why}: choose another with --healthz-port.`);
  }
  return server;
}

async function route(options: HealthOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path, query } = targetOf(request);
  const method = request.method ?? "GET";
  if (path === options.healthCheckPath || path === "/healthz") return probe(response, undefined);
  if (path === "/readyz") return probe(response, options.notReady());
  if (path === "/metrics") return scrape(options.metrics(), request, response);
  if (path === "/") return method === "GET" || method === "HEAD" ? index(options, response) : endResponse(response, 405, "use GET\n");
  if (options.dashboard && (path === "/dashboard" || path.startsWith("/dashboard/"))) return await options.dashboard(request, response, path, query);
  if (path === REPLICAS_PATH) return await hearReplica(options.rollouts, request, response);
  if (!path.startsWith("/api/")) return endResponse(response, 404, "not found\n");
  if (!isFromThisMachine(request) || !namesThisMachine(options.host, request)) return endResponse(response, 403, "the admin API answers this machine only\n");
  if (isFromPage(request)) return endResponse(response, 403, "the admin API answers no web page\n");
  if (path === "/api/v1/generation" && method === "GET") return json(response, 200, summary(options.state()));
  if (path === "/api/v1/findings" && method === "GET") return list(response, options.findings());
  if (path === "/api/v1/sync") return method === "POST" ? sync(options, response) : endResponse(response, 405, "use POST\n");
  const rollouts = await answerRollouts(options.rollouts, request, path);
  if (rollouts) return sendRollouts(rollouts, response);
  if (path === "/api/v1/requests" && method === "GET") {
    if (!answerRequests(options.journal, query.has("follow"), response)) endResponse(response, 503, "too many follow the requests already\n");
    return;
  }
  if (path === "/api/v1/traffic" && method === "GET") {
    return scrape({ type: "application/x-ndjson", pieces: inPieces(trafficLines(options.traffic(query.get("since") ?? ""))) }, request, response);
  }
  if (path === "/api/v1/explain" && method === "GET") return explain(options, query.get("request") ?? "", response);
  const listed = path.startsWith(LIST) && method === "GET" ? options.list(path.slice(LIST.length)) : undefined;
  if (listed) return list(response, listed);
  const [, plural = "", namespace, name] = /^\/api\/v1\/([a-z]+)\/([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(path) ?? [];
  const kind = askedKind(plural);
  if (kind && namespace !== undefined && name !== undefined && method === "GET") {
    const seconds = Math.min(Math.max(Number(query.get("wait")) || 0, 0), LONGEST_WAIT);
    return json(response, 200, await options.object(kind, namespace, name, seconds * 1000));
  }
  return endResponse(response, 404, "not found\n");
}

/**
 * Path and query of any request target that Node lets through, absolute ones (RFC 9112, 3.2.2) and `//` among them.
 * Nothing is decoded, so nothing can fail.
 */
function targetOf({ url = "/" }: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const [, path = "", query = ""] = /^(?:https?:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?/i.exec(url) ?? [];
  return { path, query: new URLSearchParams(query) };
}

/** Answers piece by piece, because thousands of series are megabytes; compressed for clients that take gzip, as Prometheus does. */
async function scrape({ type, pieces }: Scrape, { headers }: IncomingMessage, response: ServerResponse): Promise<void> {
  const compressed = /\bgzip\b/.test(headers["accept-encoding"] ?? "");
  response.writeHead(200, { "content-type": type, ...(compressed ? { "content-encoding": "gzip" } : {}) });
  const text = Readable.from(pieces);
  // A client that goes away in the middle is no error.
  await (compressed ? pipeline(text, createGzip({ level: 1 }), response) : pipeline(text, response)).catch(() => response.destroy());
}

/** Where a browser, or a person with curl, finds what. */
function index({ dashboard }: HealthOptions, response: ServerResponse): void {
  const places = [
    ...(dashboard ? [["/dashboard/", "what is served, and what happens"] as const] : []),
    ["/readyz", "whether every worker runs the newest program"], ["/healthz", "whether the controller is alive"], ["/metrics", "for Prometheus"],
    ["/api/v1/generation", "the admin API, for this machine: sluice get, logs, top, explain --live"],
  ] as const;
  const rows = places.map(([path, what]) => `<li><a href="${path}">${path}</a> ${what}</li>`).join("\n");
  const page = `<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>Sluice</title>\n<h1>Sluice</h1>\n<ul>\n${rows}\n</ul>\n</html>\n`;
  endResponse(response, 200, page, "text/html; charset=utf-8");
}

function probe(response: ServerResponse, problem: string | undefined): void {
  endResponse(response, problem === undefined ? 200 : 503, problem === undefined ? "ok\n" : `${problem}\n`);
}

async function sync(options: HealthOptions, response: ServerResponse): Promise<void> {
  try {
    json(response, 200, summary(await options.sync(AbortSignal.timeout(SYNC_LIMIT_MS))));
  } catch (error) {
    const { behind, refused, endpointsProblem } = options.state();
    const files = endpointsProblem === undefined ? undefined : `the files that connections below http are led by cannot be written (${endpointsProblem})`;
    const reason = refused ?? (behind.length > 0 ? `not acknowledged by ${behind.join(", ")}` : (files ?? (error as Error).message));
    json(response, 504, { ...summary(options.state()), reason });
  }
}

async function explain({ explain: explained }: HealthOptions, asked: string, response: ServerResponse): Promise<void> {
  try {
    json(response, 200, await explained(asked));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    endResponse(response, 400, `${error.message}\n`);
  }
}

function summary({ observed, programmed, workers, reloads }: EngineState): object {
  return { observed, programmed, workers, reloads };
}

function json(response: ServerResponse, status: number, value: unknown): void {
  endResponse(response, status, JSON.stringify(value, null, 2) + "\n", "application/json");
}

/** Answers with a list that may have ten thousand elements, a few at a time, so that other work has its turn in between. */
async function list(response: ServerResponse, elements: readonly unknown[]): Promise<void> {
  response.writeHead(200, { "content-type": "application/json" });
  await pipeline(Readable.from(piecesOf(elements)), response).catch(() => response.destroy());
}

const AT_ONCE = 50;

async function* piecesOf(elements: readonly unknown[]): AsyncGenerator<string> {
  if (elements.length === 0) return yield "[]\n";
  for (let from = 0; from < elements.length; from += AT_ONCE) {
    const texts = elements.slice(from, from + AT_ONCE).map((one) => JSON.stringify(one, null, 2).replace(/^/gm, "  "));
    yield `${from === 0 ? "[\n" : ",\n"}${texts.join(",\n")}`;
    await nextTurn();
  }
  yield "\n]\n";
}

function endResponse(response: ServerResponse, status: number, text: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) }).end(text);
}
