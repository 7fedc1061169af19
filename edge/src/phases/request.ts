/** The request at hand, as the matcher asks about it. */
import { isHttps } from "../asked-origin.ts";
import type { RequestView } from "../request-view.ts";
import { letClientIn } from "./client-auth.ts";
import { findClient } from "./proxies.ts";
import { tables } from "./state.ts";
import { capture, gaveUp, isPast, matches, searchUntil } from "./pattern.ts";

/** A week: longer than releases take. */
const STICKY_SECONDS = 604800;

export const request: RequestView = {
  // `$http_host` is the routed host, whatever the header says.
  variable: (name) => ngx.var[name === "http_host" ? "own_http_host" : name],
  address: () => {
    const { proxies } = tables.settings;
    return (proxies === undefined ? undefined : findClient(proxies)) ?? ngx.var.binary_remote_addr;
  },
  matches: (text, pattern, namespace) => matches(text, pattern, namespace),
  gaveUp: (pattern, namespace) => gaveUp(pattern, namespace),
  searchUntil: () => searchUntil(),
  isPast: (time) => isPast(time),
  capture: (text, pattern, namespace) => capture(text, pattern, namespace),
  admit: (host, clients) => letClientIn(host, clients),
  draw: (total) => math.random(total),
  stick: (cookie, value) => {
    const secure = isHttps(tables.settings, request, undefined) ? "; Secure" : "";
    ngx.header["Set-Cookie"] = `${cookie}=${value}; Max-Age=${STICKY_SECONDS}; Path=/${secure}; HttpOnly; SameSite=Lax`;
  },
};
