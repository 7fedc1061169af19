/** The story behind a line of the access log: what it says, and which host it was about. */
import { decide } from "../../edge/src/match.ts";
import { reasonOf, REASONS, type Reason } from "../../edge/src/reasons.ts";
import type { Program } from "../compile/program.ts";
import type { Model } from "../model/model.ts";
import { poolName } from "../model/shapes/pool-id.ts";
import { canariesOf, primaryOf, type Route } from "../model/shapes/routing.ts";
import { UserError } from "../support/user-error.ts";
import type { Search } from "./bounded-search.ts";
import { view } from "./view.ts";
import { askedOfLine, attemptsOfLine, hostOfLine, readLogLine, requestOfLine, type LoggedAttempt } from "./log-line.ts";
import { parseRequest, type AskedRequest } from "./request.ts";
import { tablesFor } from "./tables.ts";

export interface Logged {
  readonly time?: string;
  readonly client?: string;
  readonly request: string;
  readonly status?: string;
  /** Seconds. */
  readonly took?: string;
  readonly attempts: readonly LoggedAttempt[];
  readonly reason?: Reason;
  /** The pool that was asked, as the line names it. */
  readonly pool?: string;
  /** Hosts that the line may be about; the first is explained. More than one: the format does not name the host. */
  readonly hosts: readonly string[];
}

/** Hosts that are looked through, at most, where a line does not name its host. */
const MOST_HOSTS = 20;

/** What the line says, and the request to explain. Throws a UserError for a line that the log format does not write, or that names neither host nor backend. */
export function readLogged(line: string, { config, hosts }: Model, program: Program, search: Search): { readonly logged: Logged; readonly asked: AskedRequest } {
  const { logFormatUpstream, logFormatEscapeJson, logFormatEscapeNone } = config;
  const facts = readLogLine(line.trim(), logFormatUpstream, logFormatEscapeNone ? "none" : logFormatEscapeJson ? "json" : "default");
  if (!facts) throw new UserError(`The line is not of the access log's format: log-format-upstream is ${JSON.stringify(logFormatUpstream)}. Give one whole line, in quotes.`, 2);
  const request = requestOfLine(facts);
  if (!request) throw new UserError("The line does not say what was asked for: log-format-upstream needs $request, or $request_uri.", 2);
  const named = hostOfLine(facts);
  const { proxy_upstream_name: pool, proxy_alternative_upstream_name: canary, time_local: local, time_iso8601: iso, remote_addr: client, status, request_time: took } = facts;
  const time = iso ?? local;
  const pools = [pool, canary].filter((one) => one !== undefined);
  const possible = named === undefined ? hostsWith([...hosts.values()], pools, (host) => askedOfLine(facts, host, request), (one) => reaches(one, pools, program, search)) : [named];
  const [host] = possible;
  if (host === undefined) {
    throw new UserError(`The line does not say for which host it is, and no host has a route to ${pool === undefined ? "a backend that it names" : `"${pool}"`}: put $host into log-format-upstream, or give the URL.`, 2);
  }
  const said = facts["sluice_reason"];
  const reason = REASONS.find((one) => one === said) ?? (facts["upstream_header_time"] === undefined && facts["upstream_addr"] !== undefined ? undefined : reasonOf(Number(status), facts["upstream_header_time"]));
  const logged = {
    request: `${request.method} ${request.target}`, attempts: attemptsOfLine(facts), hosts: possible,
    ...(time === undefined ? {} : { time }), ...(client === undefined ? {} : { client }), ...(status === undefined ? {} : { status }),
    ...(took === undefined ? {} : { took }), ...(reason === undefined ? {} : { reason }), ...(pool === undefined ? {} : { pool }),
  };
  return { logged, asked: askedOfLine(facts, host, request) };
}

/** The hosts where such a request reaches one of these pools. */
function hostsWith(hosts: readonly { readonly name: string; readonly routes: readonly Route[] }[], pools: readonly string[], asked: (host: string) => AskedRequest, isIt: (asked: AskedRequest) => boolean): readonly string[] {
  const leading = hosts.filter(({ name, routes }) => !name.includes("*") && name !== "_" && routes.some((route) => pools.some((pool) => leadsTo(route, pool)))).slice(0, MOST_HOSTS);
  return leading.map(({ name }) => name).filter((name) => isIt(asked(name)));
}

function leadsTo({ backend }: Route, pool: string): boolean {
  const backends = [primaryOf(backend), ...canariesOf(backend).map((canary) => canary.backend)];
  return backends.some((one) => one.kind === "service" && poolName(one.pool) === pool);
}

function reaches({ url, headers, method, client }: AskedRequest, pools: readonly string[], program: Program, search: Search): boolean {
  const request = parseRequest(url, headers, method, client);
  const { pool, route } = decide(tablesFor(program, request.host), view(request, (total) => total, undefined, undefined, search), request.host, request.path, request.https);
  return pool !== undefined && (pools.includes(pool.name) || (route?.canaries ?? []).some(({ name }) => pools.includes(name)));
}
