/** Balancer phase of the routes that do not take endpoints in turn. */
import { isHttps } from "../asked-origin.ts";
import type { Balance, Peers, PolicyView, SessionBalance } from "../policy.ts";
import { choose, derivedOf } from "../policy.ts";
import { EVERYBODY } from "../search.ts";
import type { CookieView } from "../sticky.ts";
import { setCookie } from "../sticky.ts";
import { options } from "./options.ts";
import { capture } from "./pattern.ts";
import { score, welcome } from "./scores.ts";
import type { InFlight } from "./state.ts";
import { request } from "./request.ts";
import { tables } from "./state.ts";
import { variable } from "./variables.ts";

/** The namespace of the route or the canary whose endpoint is being chosen. */
let namespace = EVERYBODY;

const view: PolicyView = {
  variable,
  groups: (pattern) => {
    const found = capture(variable("uri") ?? "", pattern, namespace);
    return found === false ? undefined : found;
  },
  random: (count) => math.random(count),
  md5: (text) => ngx.md5(text),
  newKey: (attempt) => `${ngx.now() + attempt}.${ngx.worker.pid()}.${math.random(999999)}`,
  score,
};

/** Index of the endpoint for the next try. When a session begins, the client gets its cookie. */
export function chooseBy(balance: Balance, pool: Peers, attempt: InFlight): number {
  attempt.scored = balance.kind === "ewma";
  namespace = (attempt.canary ?? attempt.route)?.namespace ?? EVERYBODY;
  if (attempt.scored) welcome(pool);
  const endpoint = choose(balance, pool, attempt, view);
  if (attempt.scored && options.logScores) noteScore(pool, endpoint);
  // Set before the response is read: nginx adds the backend's own cookies to it, and a retry replaces it.
  // In a location with filters the header filter sets the cookie (`tellSession`), so that the filters rewrite the
  // backend's cookies and not ours.
  const filters = attempt.route?.filters;
  if (balance.kind === "session" && attempt.session !== undefined && (filters === undefined || filters.early === true)) {
    ngx.header["Set-Cookie"] = cookieText(balance, attempt.session);
  }
  return endpoint;
}

/** For the access log: the score of an endpoint that was chosen among several. */
function noteScore(pool: Peers, endpoint: number): void {
  const { texts } = derivedOf(pool);
  if (texts.length > 1) ngx.var.sluice_ewma_score = `${score(texts[endpoint] as string)}`;
}

/** Header filter phase: adds the cookie of the session that this request began, if any, to the cookies that are there. */
export function tellSession(state: InFlight): void {
  const { route, canary, session } = state;
  const balance = canary === undefined ? route?.balance : canary.balance;
  // When no endpoint was tried, `session` is what an earlier request left.
  if (session === undefined || state.endpoint < 0 || balance === undefined || balance.kind !== "session") return;
  const given = ngx.header["Set-Cookie"];
  const all: string[] = [];
  if (typeof given === "string") all.push(given);
  else if (given !== undefined) for (const one of given) all.push(one);
  all.push(cookieText(balance, session));
  ngx.header["Set-Cookie"] = all;
}

const cookieView: CookieView = {
  https: false,
  userAgent: undefined,
  timeIn: (seconds) => ngx.cookie_time(Math.floor(ngx.now()) + seconds),
};

function cookieText({ cookie, key }: SessionBalance, session: string): string {
  cookieView.https = isHttps(tables.settings, request, undefined);
  cookieView.userAgent = ngx.var.http_user_agent;
  return setCookie(cookie, session, key, cookieView);
}
