/**
 * The dashboard: the page's files below `/dashboard/`, what it asks (`/dashboard/api/…`), and its stream of events.
 *
 * Read-only: no request changes anything. Guarded by `guard.ts`. What is costly is made only while somebody looks, and once
 * for all who look.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { EngineState } from "../engine/engine.ts";
import type { Finding } from "../model/findings/findings.ts";
import type { JournalRow } from "../../edge/src/journal.ts";
import type { Built, Model } from "../model/model.ts";
import { isWritten } from "../model/routes/route-text.ts";
import { countRoutes, type Served } from "../get/rows.ts";
import type { Journal } from "../report/journal.ts";
import type { TrafficAnswer } from "../report/traffic.ts";
import { printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";
import { createChangeLog } from "./changes.ts";
import { readPageFiles, SAFE_HEADERS, sendPageFile } from "./files.ts";
import { judgeCaller, mayHavePage, type GuardOptions } from "./guard.ts";
import { createLists } from "./lists.ts";
import { createPulse, type Beat } from "./pulse.ts";
import { INTERVAL_MS, type ExplainedText, type Overview } from "./shapes.ts";
import { createViewers } from "./viewers.ts";
import { takesRequest, wayOf } from "./way.ts";

export interface DashboardOptions {
  readonly guard: GuardOptions;
  /** Folder of the built page. */
  readonly folder: string;
  /** What objects are read from, in words. */
  readonly source: string;
  readonly state: () => EngineState;
  /** Why probes are told that this Sluice is not ready; undefined: it is. */
  readonly notReady: () => string | undefined;
  readonly findings: () => readonly Finding[];
  /** Undefined: nothing is served yet. */
  readonly served: () => (Served & { readonly built: Built }) | undefined;
  readonly journal: Pick<Journal, "watch">;
  readonly traffic: (cursor: string) => TrafficAnswer;
  /** The text of an explanation. Throws a UserError for what is no request. */
  readonly explain: (request: string, all: boolean) => Promise<string>;
}

export interface Dashboard {
  /** Answers a request for a path below `/dashboard`. */
  answer(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams): Promise<void>;
  /** To be called right after each turn. @param objects keys of the Ingresses that were written or deleted. */
  turned(parts: ReadonlySet<string>, objects: ReadonlySet<string>, milliseconds: number): void;
  /** The engine got further, or findings changed. */
  look(): void;
  close(): void;
}

const BUSIEST = 20;
/** Its request comes in a body, because addresses are written to logs, and a request may hold a password. */
const EXPLAIN = "/api/explain";
const LONGEST_REQUEST = 64 * 1024;
const RECHECK_MS = 60_000;

/** Throws a UserError when the page was not built. */
export function createDashboard(options: DashboardOptions): Dashboard {
  const { guard, state, journal } = options;
  const files = readPageFiles(options.folder);
  const changes = createChangeLog(state);
  const pulse = createPulse(options.traffic);
  const viewers = createViewers(journal, (host) => takesNow(host, () => options.served()?.model));
  let beat: Beat | undefined;
  /** Counts what may have changed lists. */
  let version = 0;
  const lists = createLists(options.served, () => version);

  changes.listen((news) => viewers.changed(news));
  const beating = setInterval(() => {
    const ended = pulse.beat(viewers.size > 0);
    if (!ended) return;
    beat = ended;
    if (viewers.size > 0) viewers.beat(overviewOf(options, beat, version), beat.interval);
  }, INTERVAL_MS).unref();
  // Who was let in stays while the API server says nothing: a page is needed most when the cluster is in trouble.
  const mayStay = async (request: IncomingMessage): Promise<boolean> => ["welcome", "late"].includes(await judgeCaller(guard, request));
  const rechecking = setInterval(() => void viewers.recheck(mayStay), RECHECK_MS).unref();

  /** What an allowed caller asks for, as a value of JSON; undefined: there is no such thing. */
  const ask = (what: string, query: URLSearchParams): unknown => {
    const [kind, name = ""] = what.split("/");
    if (kind === "list") return lists.page(name, query);
    const served = options.served();
    return kind === "way" ? ((served && wayOf(served.model, query.get("host") ?? "")) ?? null) : undefined;
  };
  /** @param request JSON. What is no request is an answer like others: a browser would tell of a failed one in its console. */
  const explained = async (request: string, all: boolean): Promise<ExplainedText> => {
    try {
      return { text: await options.explain(request, all), problem: false };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { text: error.message, problem: true };
    }
  };

  return {
    async answer(request, response, path, query) {
      const rest = path.slice("/dashboard".length);
      const method = rest === EXPLAIN ? "POST" : "GET";
      if (request.method !== method && !(method === "GET" && request.method === "HEAD")) return sayTo(response, 405, `the dashboard changes nothing: use ${method}`);
      if (!rest.startsWith("/api/")) return answerFile(guard, files, rest, request, response);
      const verdict = await judgeCaller(guard, request);
      if (verdict !== "welcome") return refuse(response, verdict);
      if (rest === "/api/events") {
        // No page is open by that, and nothing would end it.
        if (request.method === "HEAD") return sayTo(response, 200, "", "text/event-stream");
        const opening = { overview: overviewOf(options, beat, version), history: pulse.history(), changes: changes.newest() };
        if (!viewers.open(request, response, query.get("host") ?? "", opening)) sayTo(response, 503, "too many pages are open already: close one");
        return;
      }
      const answer = rest === EXPLAIN ? await explained(await bodyOf(request), query.has("all")) : ask(rest.slice("/api/".length), query);
      if (answer === undefined) return sayTo(response, 404, "there is no such thing");
      sayTo(response, 200, JSON.stringify(answer), "application/json");
    },
    turned(parts, objects, milliseconds) {
      version++;
      if (parts.size > 0 || objects.size > 0) changes.turned(parts, objects, milliseconds);
    },
    look() {
      version++;
      changes.look();
    },
    close() {
      clearInterval(beating);
      clearInterval(rechecking);
      viewers.close();
    },
  };
}

/** The text of a body; what is too long is cut, and so makes no sense. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request.setEncoding("utf8")) if (text.length < LONGEST_REQUEST) text += piece as string;
  return text.slice(0, LONGEST_REQUEST);
}

/** Whether a request is of this host, by the Model of now. */
function takesNow(host: string, model: () => Model | undefined): (row: JournalRow) => boolean {
  let of: Model | undefined;
  let takes: (row: JournalRow) => boolean = () => false;
  return (row) => {
    const now = model();
    if (now && now !== of) takes = takesRequest((of = now), host);
    return takes(row);
  };
}

function answerFile(guard: GuardOptions, files: ReturnType<typeof readPageFiles>, path: string, request: IncomingMessage, response: ServerResponse): void {
  if (!mayHavePage(guard, request)) return refuse(response, "refused");
  if (path === "") return void response.writeHead(308, { ...SAFE_HEADERS, location: "/dashboard/" }).end();
  const file = files.get(path === "/" ? "index.html" : path.slice(1));
  if (!file) return sayTo(response, 404, "not found");
  sendPageFile(file, request, response);
}

function refuse(response: ServerResponse, verdict: "token" | "refused" | "late"): void {
  if (verdict === "refused") {
    return sayTo(response, 403, "the dashboard answers this machine only: use kubectl port-forward, or see --dashboard-token-file and --dashboard-token-review");
  }
  if (verdict === "late") return sayTo(response, 503, "the API server did not say whether the token is good: try again");
  response.setHeader("www-authenticate", 'Bearer realm="Sluice dashboard"');
  sayTo(response, 401, "the dashboard needs a token");
}

function sayTo(response: ServerResponse, status: number, text: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { ...SAFE_HEADERS, "cache-control": "no-store", "content-type": type, "content-length": Buffer.byteLength(text) }).end(text);
}

function overviewOf({ source, state, notReady, findings, served }: DashboardOptions, { sample, interval }: Partial<Beat> = {}, version: number): Overview {
  const { observed, programmed, behind, workers, slots, reloads, reloadReasons } = state();
  const problem = notReady();
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings()) counts[severity]++;
  const now = served();
  const byNumber = (a: readonly [string, number], b: readonly [string, number]): number => b[1] - a[1];
  return {
    time: Date.now(), source, ...(problem === undefined ? {} : { problem }),
    generation: observed, programmed, behind, workers, slots, reloads, reloadReasons: [...reloadReasons].sort(byNumber),
    hosts: now ? countHosts(now) : 0, ingresses: now?.built.own.size ?? 0, routes: now ? countRoutes(now.model) : 0,
    findings: counts,
    ...(sample ? { sample } : {}),
    ownAnswers: Object.entries(interval?.total.ownAnswers ?? {}),
    busiest: interval?.routes.slice(0, BUSIEST).map((route) => ({ ...route, path: printable(route.path) })) ?? [],
    lists: version,
  };
}

/** Model → its hosts that somebody declares. */
const hosts = new WeakMap<object, number>();

function countHosts({ model }: Served): number {
  const known = hosts.get(model);
  if (known !== undefined) return known;
  const number = [...model.hosts.values()].filter(({ routes, passthrough }) => passthrough !== undefined || routes.some(isWritten)).length;
  hosts.set(model, number);
  return number;
}
