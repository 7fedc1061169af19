/** Header filter phase of the routes with filters: what the client gets beside, or in place of, the backend's headers. */
import { tellSession } from "./policy.ts";
import { recall } from "./state.ts";

export function respond(): void {
  const state = recall();
  const filters = state?.route?.filters;
  if (state === undefined || filters === undefined) return;
  if (filters.setHeaders !== undefined) setHeaders(filters.setHeaders);
  if (state.session !== undefined) tellSession(state);
}

function setHeaders(headers: [string, string][]): void {
  for (const [name, value] of headers) ngx.header[name] = value;
}
