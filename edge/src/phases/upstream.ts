/**
 * The phases of routes whose backend is not asked over plain HTTP alone: gRPC, FastCGI, a TLS identity, a mirror.
 *
 * What nginx takes as a variable is set here. `restore` gives nginx the request's path back: only for http does nginx
 * take the request line from a variable; for gRPC and FastCGI it takes the path from the URI, which names the profile
 * by then.
 */
import * as balancer from "ngx.balancer";
import { firstEndpoint } from "../balance.ts";
import type { FastCgi, Mirror, UpstreamFilter, UpstreamIdentity } from "../upstream.ts";
import { expand, headerValue, requestTarget, scriptName } from "../upstream.ts";
import type { Variable } from "../template.ts";
import { recall, tables } from "./state.ts";
import { variable } from "./variables.ts";

const scriptVariable: Variable = (name) => (name === "fastcgi_script_name" ? ngx.var.sluice_script : variable(name));

/** Server rewrite phase, while `$uri` is still the client's. */
export function prepareUpstream({ tls, mirror, transaction }: UpstreamFilter): void {
  if (tls !== undefined) identify(tls);
  if (mirror !== undefined) aim(mirror);
  if (transaction !== undefined) ngx.var.sluice_transaction = headerValue(expand(transaction, variable));
}

function identify({ name, certificate }: UpstreamIdentity): void {
  const vars = ngx.var;
  vars.sluice_tls_name = name;
  if (certificate === undefined) return;
  const pair = tables.certificates[certificate];
  // An empty value means no certificate to nginx, and a backend that wants one refuses. The same holds for a pair that has not arrived yet.
  vars.sluice_tls_certificate = pair === undefined ? "" : "data:" + pair.chain;
  vars.sluice_tls_key = pair === undefined ? "" : "data:" + pair.key;
}

/** Without an endpoint the variables stay empty, and the mirror's location answers by itself. */
function aim(mirror: Mirror): void {
  const pool = tables.pools[mirror.pool];
  if (pool === undefined || pool.endpoints.length === 0) return;
  const vars = ngx.var;
  vars.sluice_mirror_pool = mirror.pool;
  vars.sluice_mirror_scheme = mirror.scheme;
  vars.sluice_mirror_name = mirror.name;
  vars.sluice_mirror_host = headerValue(expand(mirror.host, variable));
  vars.sluice_mirror_uri = requestTarget(expand(mirror.uri, variable));
}

/** Rewrite phase of locations for gRPC and FastCGI. */
export function restore(): void {
  const state = recall();
  const path = ngx.var.sluice_path;
  if (state === undefined || state.route === undefined || path === undefined || path === "") return;
  // "Binary": a path may hold any byte once it is decoded; nginx escapes it anew.
  ngx.req.set_uri(path, false, true);
  const fastcgi = state.route.filters?.upstream?.fastcgi;
  ngx.var.sluice_script = scriptName(path, fastcgi?.index);
  if (fastcgi !== undefined) fillParams(fastcgi);
}

function fillParams({ params }: FastCgi): void {
  for (let i = 0; i < params.length; i++) ngx.var["sluice_param_" + i] = expand(params[i] as string, scriptVariable);
}

/** Balancer phase of mirrored requests: a subrequest, with the variables of its request and no state of its own. */
export function balanceMirror(): void {
  const pool = tables.pools[ngx.var.sluice_mirror_pool ?? ""];
  if (pool === undefined || pool.endpoints.length === 0) return ngx.exit(502);
  const endpoint = pool.endpoints[firstEndpoint(pool, math.random)] as [string, number];
  const [ok] = balancer.set_current_peer(endpoint[0], endpoint[1]);
  if (ok === undefined || ok === false) ngx.exit(502);
}
