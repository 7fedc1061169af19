/** The request at hand, which has ended, as a row. */
import { schemeOf } from "../asked-origin.ts";
import type { EdgeCanary, EdgeRoute } from "../program.ts";
import { clip, type RequestRow } from "../request-row.ts";
import { request } from "./request.ts";
import { tables } from "./state.ts";

export function requestRow(route: EdgeRoute, canary: EdgeCanary | undefined, status: number): RequestRow {
  const vars = ngx.var;
  return {
    status,
    method: ngx.req.get_method(),
    scheme: schemeOf(tables.settings, request),
    client: vars.remote_addr ?? "",
    route: clip(route.path),
    namespace: route.namespace,
    ingress: route.ingress,
    service: route.service,
    canary: canary === undefined ? "" : canary.name,
    upstream: clip(vars.upstream_addr ?? ""),
  };
}
