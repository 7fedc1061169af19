/** Balancer phase of the routes that do not take endpoints in turn. */
import type { Attempt, Balance, Peers, PolicyView, SessionBalance } from "../policy.ts";
import { choose } from "../policy.ts";
import type { CookieView } from "../sticky.ts";
import { setCookie } from "../sticky.ts";
import { score, welcome } from "./scores.ts";
import { tables } from "./state.ts";
import { variable } from "./variables.ts";

const view: PolicyView = {
  variable,
  random: (count) => math.random(count),
  md5: (text) => ngx.md5(text),
  newKey: (attempt) => `${ngx.now() + attempt}.${ngx.worker.pid()}.${math.random(999999)}`,
  score,
};

/** Index of the endpoint for the next try. A session that begins is told to the client. */
export function chooseBy(balance: Balance, pool: Peers, attempt: Attempt): number {
  if (balance.kind === "ewma") welcome(pool);
  const endpoint = choose(balance, pool, attempt, view);
  if (balance.kind === "session" && attempt.session !== undefined) tell(balance, attempt.session);
  return endpoint;
}

const cookieView: CookieView = {
  https: false,
  userAgent: undefined,
  timeIn: (seconds) => ngx.cookie_time(Math.floor(ngx.now()) + seconds),
};

/** Set before the response is read: nginx adds the backend's own cookies to it. A retry replaces what was set. */
function tell({ cookie, key }: SessionBalance, session: string): void {
  const vars = ngx.var;
  cookieView.https = isHttps(vars);
  cookieView.userAgent = vars.http_user_agent;
  ngx.header["Set-Cookie"] = setCookie(cookie, session, key, cookieView);
}

/** The client's connection is TLS, as a trusted proxy's X-Forwarded-Proto has it. */
function isHttps(vars: Record<string, string | undefined>): boolean {
  const forwarded = tables.settings.forwardedProto ? vars.http_x_forwarded_proto : undefined;
  return forwarded === undefined ? vars.https === "on" : forwarded === "https";
}
