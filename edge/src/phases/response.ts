/** Header filter phase of the routes with filters: what the client gets beside, or in place of, the backend's headers. */
import { recall } from "./state.ts";

export function respond(): void {
  const filters = recall()?.route?.filters;
  if (filters === undefined) return;
  if (filters.setHeaders !== undefined) setHeaders(filters.setHeaders);
}

function setHeaders(headers: [string, string][]): void {
  for (const [name, value] of headers) ngx.header[name] = value;
}
