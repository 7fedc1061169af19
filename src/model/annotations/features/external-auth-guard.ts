/**
 * What guards a route: everything about one authentication service, from annotations or from the ConfigMap.
 */
import { isIP } from "node:net";
import { CATCH_ALL } from "../../../../edge/src/program.ts";
import type { EdgeFilters, Template } from "../../../../edge/src/program.ts";
import type { Config } from "../../config/config.ts";
import { parseAuthUrl } from "../../grammar/external-auth-types.ts";
import type { Lifetime } from "../../grammar/external-auth-types.ts";
import { parseTemplate } from "../../grammar/template.ts";
import { targetPoolId } from "../../shapes/pool-id.ts";
import type { FilterPool } from "../../shapes/routing.ts";

type EdgeAuth = NonNullable<EdgeFilters["externalAuth"]>;

/** The settings of a guard as people write them, with the defaults of those that are absent. */
export interface GuardInput {
  readonly url: string;
  readonly method?: string;
  readonly signin?: string;
  readonly redirectParam: string;
  readonly cacheKey?: string;
  readonly lifetimes: readonly Lifetime[];
  readonly responseHeaders: readonly string[];
  readonly requestRedirect?: string;
  readonly alwaysSetCookie: boolean;
  readonly keepalive?: number;
  readonly keepaliveRequests?: number;
  readonly keepaliveTimeout?: number;
  readonly headers: readonly (readonly [string, Template])[];
  /** Where findings about the service belong, and the effect that they name. */
  readonly field: string;
  readonly effect: string;
}

/** The edge's settings, without those that depend on the route. */
export interface Guard {
  readonly edge: Omit<EdgeAuth, "cache">;
  readonly cache?: Omit<NonNullable<EdgeAuth["cache"]>, "scope">;
  /** Absent: the guard lets no request pass. */
  readonly pool?: FilterPool;
  /** Present: the service's host is the route's, at this port. Then the fields above name none; `ofHost` fills them in. */
  readonly hostPort?: number;
}

/** A guard that lets no request pass: there is no pool with this id, so the edge answers 503. */
export const CLOSED_GUARD: Guard = {
  edge: { pool: "", host: "", path: parseTemplate("") },
};

/** The guard, or why the URL cannot be used. */
export function guardOf(input: GuardInput, config: Config): Guard | string {
  const url = parseAuthUrl(input.url);
  if (typeof url === "string") return url;
  const signin = input.signin === undefined ? undefined : parseTemplate(withWayBack(input.signin, input.redirectParam));
  const key = input.cacheKey === undefined ? undefined : parseTemplate(input.cacheKey);
  const { keepalive = 0, keepaliveRequests = 0, keepaliveTimeout = 0 } = input;
  const guard: Guard = {
    edge: {
      ...CLOSED_GUARD.edge,
      ...(url.tls ? { tls: true } : {}),
      path: parseTemplate(url.path),
      ...(input.method ? { method: input.method } : {}),
      ...(input.requestRedirect ? { redirect: parseTemplate(input.requestRedirect) } : {}),
      ...(input.headers.length > 0 ? { headers: input.headers.map(([name, value]) => [name, value]) } : {}),
      ...(input.responseHeaders.length > 0 ? { responseHeaders: [...input.responseHeaders] } : {}),
      ...(signin ? { signin } : {}),
      ...(input.alwaysSetCookie ? { alwaysSetCookie: true } : {}),
      ...(config.useForwardedHeaders && config.computeFullForwardedFor ? { wholeChain: true } : {}),
      ...(keepalive > 0 && keepaliveRequests > 0 && keepaliveTimeout > 0
        ? { keepalive: { connections: keepalive, requests: keepaliveRequests, seconds: keepaliveTimeout } }
        : {}),
    },
    ...(key ? { cache: { key, lifetimes: input.lifetimes.map(([status, seconds]) => [status, seconds]) } } : {}),
    pool: { pool: "", field: input.field, effect: input.effect },
  };
  return url.host === undefined ? { ...guard, hostPort: url.port } : atHost(guard, url.host, url.port);
}

/** The guard of a route of this host. A guard that asks the route's host closes the routes of hosts that are no one name. */
export function guardOfHost(guard: Guard, host: string): Guard {
  if (guard.hostPort === undefined) return guard;
  return isOneName(host) ? atHost(guard, host, guard.hostPort) : CLOSED_GUARD;
}

/** Whether requests for the host of a rule are requests for one name; empty, or `_`: it is a rule without host. */
export function isOneName(host: string): boolean {
  return host !== "" && host !== CATCH_ALL && !host.startsWith("*");
}

function atHost({ edge, cache, pool }: Guard, host: string, port: number): Guard {
  const id = targetPoolId(host, port);
  return {
    edge: { ...edge, pool: id, host: isIP(host) === 6 ? `[${host}]` : host, ...(edge.tls && isIP(host) === 0 ? { serverName: host } : {}) },
    ...(cache ? { cache } : {}),
    ...(pool ? { pool: { ...pool, pool: id } } : {}),
  };
}

/** Adds the way back to the query. ingress-nginx behaviour: nothing is added where the parameter has a value already. */
function withWayBack(signin: string, parameter: string): string {
  const wayBack = `${parameter}=$pass_access_scheme://$http_host$escaped_request_uri`;
  const query = signin.includes("?") ? signin.slice(signin.indexOf("?") + 1) : "";
  if ((new URLSearchParams(query).get(parameter) ?? "") !== "") return signin;
  return `${signin}${query === "" ? (signin.endsWith("?") ? "" : "?") : "&"}${wayBack}`;
}
