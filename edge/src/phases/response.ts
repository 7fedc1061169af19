/** Header filter phase of the routes with filters: what the client gets beside, or in place of, the backend's headers. */
import { carriesCookies } from "../external-auth.ts";
import { tellSession } from "./policy.ts";
import { recall } from "./state.ts";

export function respond(): void {
  const state = recall();
  const filters = state?.route?.filters;
  if (state === undefined || filters === undefined) return;
  if (filters.setHeaders !== undefined) setHeaders(filters.setHeaders);
  if (filters.externalAuth !== undefined && state.auth?.cookies !== undefined && carriesCookies(filters.externalAuth, ngx.status)) {
    addCookies(state.auth.cookies);
  }
  if (state.session !== undefined) tellSession(state);
}

function setHeaders(headers: [string, string][]): void {
  for (const [name, value] of headers) ngx.header[name] = value;
}

/** Beside those of the backend. */
function addCookies(cookies: string[]): void {
  const own = ngx.header["Set-Cookie"];
  const all: string[] = [];
  if (typeof own === "string") all.push(own);
  else if (own !== undefined) for (const one of own) all.push(one);
  for (const one of cookies) all.push(one);
  ngx.header["Set-Cookie"] = all;
}
