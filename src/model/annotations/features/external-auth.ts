/**
 * The annotations about external authentication.
 *
 * ingress-nginx behaviour, but for bad values that open paths there: here they close the paths of their Ingress.
 */
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import { digestOf } from "../../../support/digest.ts";
import { printable } from "../../../support/text.ts";
import type { Config } from "../../config/config.ts";
import * as found from "../../findings/catalogue.ts";
import { keyText, lifetimes, METHODS, responseHeaderNames, urlText, urlWithVariables } from "../../grammar/external-auth-types.ts";
import type { Lifetime } from "../../grammar/external-auth-types.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { basicText, boolean, integer, integerBetween, oneOf } from "../../grammar/value-types.ts";
import type { FilterPool } from "../../shapes/routing.ts";
import { annotation, field, toldByFinding } from "../annotation.ts";
import type { Honoured, OnInvalid, Risk } from "../annotation.ts";
import type { Feature, FilterContext } from "../feature.ts";
import type { ResolveContext, Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";
import { globalGuard } from "./external-auth-global.ts";
import { guardOf, guardOfHost, isOneName } from "./external-auth-guard.ts";
import type { Guard } from "./external-auth-guard.ts";
import { authHeaders } from "./external-auth-headers.ts";

export interface ExternalAuthValues {
  readonly url?: string;
  readonly method?: string;
  readonly signin?: string;
  readonly redirectParam: string;
  readonly cacheKey?: string;
  readonly lifetimes: readonly Lifetime[];
  readonly responseHeaders: readonly string[];
  /** ConfigMap of auth-proxy-set-headers, as written. */
  readonly proxySetHeaders?: string;
  readonly requestRedirect?: string;
  readonly alwaysSetCookie: boolean;
  readonly keepalive: number;
  readonly keepaliveShareVars: boolean;
  readonly keepaliveRequests: number;
  readonly keepaliveTimeout: number;
  readonly enableGlobal: boolean;
  /** What auth-url and the others make together; set by the resolver. */
  readonly guard?: Guard;
  /** The guard of the ConfigMap's global-auth-url. */
  readonly global?: Guard;
}

const DEFAULT_LIFETIMES = lifetimes.parse("200 202 401 5m")?.value ?? [];
/** The longest time that nginx can hold, in seconds: it counts milliseconds in 31 bits. */
const LONGEST = Math.floor(2 ** 31 / 1000);

/** What the annotations of an Ingress say about external authentication. */
export const externalAuth = slot("externalAuth", (config: Config): ExternalAuthValues => {
  const global = globalGuard(config);
  return {
    redirectParam: "rd",
    lifetimes: DEFAULT_LIFETIMES,
    responseHeaders: [],
    alwaysSetCookie: false,
    keepalive: 0,
    keepaliveShareVars: false,
    keepaliveRequests: 1000,
    keepaliveTimeout: 60,
    enableGlobal: true,
    ...(global ? { global } : {}),
  };
});

type AuthFields = Omit<ExternalAuthValues, "guard" | "global">;

interface Row<K extends keyof AuthFields> {
  readonly name: string;
  readonly key: K;
  readonly risk: Risk;
  readonly type: ValueType<NonNullable<AuthFields[K]>>;
  readonly onInvalid?: OnInvalid;
  readonly doc: string;
  readonly differs?: string;
  readonly differsFor?: NonNullable<Honoured["differsFor"]>;
}

function row<K extends keyof AuthFields>({ key, ...declared }: Row<K>): Honoured {
  return annotation<NonNullable<AuthFields[K]>>({
    ...declared,
    group: "authentication",
    scope: "location",
    ...field(externalAuth, key),
  });
}

const count = integerBetween(0, 65535);

const annotations: readonly Honoured[] = [
  row({
    name: "auth-url", key: "url", risk: "High", type: urlWithVariables, onInvalid: "refused",
    doc: "Ask this URL about every request: 2xx lets it in, 401 and 403 are passed on, everything else is 500.",
    differs: "Its host is resolved and checked beforehand, so it never leads to this machine. $host (or $http_host, $best_http_host, $server_name) as its host is the host of the rule, which must be one name; other variables are refused there. Without a path `/` is asked. What a client says of itself in headers such as X-Forwarded-Host, X-Original-URI or Remote-User goes there from trusted proxies alone.",
  }),
  row({
    name: "auth-method", key: "method", risk: "Low", type: oneOf(...METHODS), onInvalid: "closed",
    doc: "Method of these requests; without it GET. Adds X-Original-URI and X-Scheme to them.",
  }),
  row({
    name: "auth-signin", key: "signin", risk: "High", type: urlWithVariables,
    doc: "Answer 302 to this URL instead of 401, with the way back in its query.",
    differs: "A 401 of the backend, or for a missing password, is passed on; the ConfigMap's error pages go on to hold beside it.",
  }),
  row({
    name: "auth-signin-redirect-param", key: "redirectParam", risk: "Medium", type: urlText,
    doc: "Query parameter of auth-signin that holds the way back.",
  }),
  row({
    name: "auth-cache-key", key: "cacheKey", risk: "Medium", type: keyText,
    doc: "Keep answers of the service by this text with variables, for each host and path.",
    differs: "An answer is forgotten when the annotations change.",
  }),
  row({
    name: "auth-cache-duration", key: "lifetimes", risk: "Medium", type: lifetimes, onInvalid: "closed",
    doc: "How long answers are kept, by status. X-Accel-Expires, Cache-Control and Expires of the service come first; an answer with Set-Cookie is never kept.",
    differs: "A bad value closes the paths of the Ingress instead of opening them.",
    differsFor: toldByFinding,
  }),
  row({
    name: "auth-response-headers", key: "responseHeaders", risk: "Medium", type: responseHeaderNames, onInvalid: "closed",
    doc: "Headers of the service's answer that the backend gets as request headers, in place of the client's.",
    differs: "Host and headers of the connection (Content-Length, Upgrade, …) cannot be among them.",
    differsFor: toldByFinding,
  }),
  row({
    name: "auth-proxy-set-headers", key: "proxySetHeaders", risk: "Medium", type: basicText,
    doc: "ConfigMap (`namespace/name`) of headers for the service; values may hold variables.",
    differs: "An edit of the ConfigMap takes effect at once; a header replaces the one of that name instead of being sent beside it.",
  }),
  row({
    name: "auth-request-redirect", key: "requestRedirect", risk: "Medium", type: urlText, onInvalid: "closed",
    doc: "X-Auth-Request-Redirect for the service; without it the URI of the request.",
    differs: "A bad value closes the paths of the Ingress instead of opening them.",
    differsFor: toldByFinding,
  }),
  row({
    name: "auth-always-set-cookie", key: "alwaysSetCookie", risk: "Low", type: boolean, onInvalid: "closed",
    doc: "Pass the service's Set-Cookie on with every status, not with successes and redirects only.",
    differs: "A bad value closes the paths of the Ingress instead of opening them. All cookies are passed on, not the first alone.",
  }),
  row({
    name: "auth-keepalive", key: "keepalive", risk: "Low", type: { ...count, parse: (text) => count.parse(text.startsWith("-") && integer.parse(text) ? "0" : text) },
    doc: "Idle connections to the service that each worker keeps; 0: none.",
    differs: "Works with HTTP/2 clients too, and changes nothing else: any 2xx lets the request in, the method stays.",
  }),
  row({
    name: "auth-keepalive-share-vars", key: "keepaliveShareVars", risk: "Low", type: boolean,
    doc: "Accepted: requests to the service always see the variables of their request.",
  }),
  row({
    name: "auth-keepalive-requests", key: "keepaliveRequests", risk: "Low", type: integer,
    doc: "Requests per kept connection; 0 or less: none is kept.",
  }),
  row({
    name: "auth-keepalive-timeout", key: "keepaliveTimeout", risk: "Low",
    type: { ...integer, parse: (text) => { const value = integer.parse(text)?.value; return value === undefined ? undefined : { value: Math.min(value, LONGEST) }; } },
    doc: "Seconds that an idle connection to the service is kept; 0 or less: none is.",
  }),
  row({
    name: "enable-global-auth", key: "enableGlobal", risk: "Low", type: boolean,
    doc: "Let the ConfigMap's global-auth-url guard this Ingress when it has no auth-url.",
  }),
];

const EFFECT = "every request that would ask it is answered 503";
const NEEDS_URL = annotations.map(({ name }) => name).filter((name) => name !== "auth-url" && name !== "enable-global-auth");

const resolver: Resolver = {
  groups: ["authentication"],
  resolve(values, at) {
    const given = externalAuth.of(values);
    const { url } = given;
    if (url === undefined) {
      // An invalid auth-url was reported already.
      if (at.given("auth-url") !== undefined) return values;
      for (const name of NEEDS_URL) if (at.given(name) !== undefined) at.report(found.authWithoutUrl(at.place(name), { name }));
      return values;
    }
    const headers = authHeaders(given.proxySetHeaders, at);
    const guard = guardOf({ ...given, url, headers: headers ?? [], field: at.place("auth-url").field, effect: EFFECT }, at.config);
    if (typeof guard === "string") at.report(found.authUrlUnusable(at.place("auth-url"), { name: "auth-url", value: printable(url), why: guard }));
    else if (guard.hostPort !== undefined) reportHosts(url, at);
    if (typeof guard === "string" || headers === undefined) {
      at.close();
      return values;
    }
    return externalAuth.with(values, { guard });
  },
};

/** Rules whose hosts are no one name cannot ask a service at the host that the client asks for. */
function reportHosts(url: string, at: ResolveContext): void {
  const { rules = [], defaultBackend } = at.ingress.spec;
  const hosts = [...new Set([...rules.map(({ host = "" }) => host), ...(defaultBackend ? [""] : [])])].filter((host) => !isOneName(host));
  if (hosts.length === 0) return;
  at.report(found.authUrlOfNoHost(at.place("auth-url"), { value: printable(url), hosts: hosts.map((host) => (host === "" ? "a rule without host" : printable(host))) }));
}

/** ingress-nginx behaviour: an Ingress's own service comes before the global one. */
function guardFor(values: Values, { host, path, config }: FilterContext): Guard | undefined {
  if (config.noAuthLocations.some((start) => path.startsWith(start))) return undefined;
  const { guard, enableGlobal, global } = externalAuth.of(values);
  const chosen = guard ?? (enableGlobal ? global : undefined);
  return chosen && guardOfHost(chosen, host);
}

/** What the edge does for one route. */
function edge(values: Values, context: FilterContext): EdgeFilters {
  const guard = guardFor(values, context);
  if (!guard) return {};
  const { edge: asked, cache } = guard;
  return { externalAuth: { ...asked, ...(cache ? { cache: { scope: scopeOf(guard, context), ...cache } } : {}) } };
}

/** The scope of kept answers: requests share them where the path and the way of asking are the same. */
function scopeOf({ edge: asked, cache }: Guard, { host, path, pathType }: FilterContext): string {
  return digestOf(JSON.stringify([host, path, pathType, asked, cache]));
}

function pools(values: Values, context: FilterContext): readonly FilterPool[] {
  const pool = guardFor(values, context)?.pool;
  return pool ? [pool] : [];
}

export const externalAuthFeature: Feature = { slot: externalAuth, annotations, resolver, edge, pools };
