/**
 * The annotations about redirects: from http to https, to another URL, between `www.` and the name without.
 */
import type { Redirect } from "../../../../edge/src/program.ts";
import { printable } from "../../../support/text.ts";
import type { Config } from "../../config/config.ts";
import * as found from "../../findings/catalogue.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { boolean, integer, textOf } from "../../grammar/value-types.ts";
import { annotation, field, whereOn } from "../annotation.ts";
import type { Honoured, Risk } from "../annotation.ts";
import type { Feature, FilterContext, RouteFilters } from "../feature.ts";
import type { ResolveContext, Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";

const TEMPORAL = 302;
const PERMANENT = 301;

export interface RedirectValues {
  readonly sslRedirect: boolean;
  readonly forceSslRedirect: boolean;
  readonly preserveTrailingSlash: boolean;
  readonly temporal?: string;
  readonly temporalCode: number;
  readonly permanent?: string;
  readonly permanentCode: number;
  readonly fromToWww: boolean;
  readonly relative: boolean;
  readonly usePort: boolean;
}

const NO_URL = { temporalCode: TEMPORAL, permanentCode: PERMANENT, fromToWww: false } as const;

/** What the annotations of an Ingress say about redirects. */
export const redirects = slot("redirects", (config: Config): RedirectValues => {
  const { sslRedirect, forceSslRedirect, preserveTrailingSlash, relativeRedirects, usePortInRedirects } = config;
  return { sslRedirect, forceSslRedirect, preserveTrailingSlash, ...NO_URL, relative: relativeRedirects, usePort: usePortInRedirects };
});

/** The values without any redirect. */
export function withoutRedirects(values: Values): Values {
  return redirects.put(values, { sslRedirect: false, forceSslRedirect: false, preserveTrailingSlash: false, ...NO_URL, relative: false, usePort: false });
}

/** ingress-nginx's character set for URLs. */
const url = textOf(/^[A-Za-z0-9\-._~/:,?&=]+$/, "a URL of letters, digits and - . _ ~ / : , ? & =");

const sendsNoRedirect = (code: string): boolean => /^30[0456]$/.test(code);

const annotations: readonly Honoured[] = [
  row("ssl-redirect", "sslRedirect", boolean, "Low", "Redirect http to https when the requested name has a certificate.", { group: "rewrite" }),
  row("force-ssl-redirect", "forceSslRedirect", boolean, "Medium", "Redirect http to https even without a certificate.", { group: "rewrite" }),
  row("preserve-trailing-slash", "preserveTrailingSlash", boolean, "Medium", "Keep a trailing slash in redirects to https; without it one is dropped.", { group: "rewrite" }),
  row("temporal-redirect", "temporal", url, "Medium", "URL that every request is redirected to, before anything else is looked at.", { onInvalid: "refused" }),
  row("temporal-redirect-code", "temporalCode", integer, "Low", "Status of `temporal-redirect`: 301, 302, 303 or 307.", {
    onInvalid: "refused",
    differs: "300, 304, 305 and 306, with which nginx would send no redirect, count as 302.",
    differsFor: sendsNoRedirect,
  }),
  row("permanent-redirect", "permanent", url, "Medium", "The same for good; without effect beside `temporal-redirect`.", { onInvalid: "refused" }),
  row("permanent-redirect-code", "permanentCode", integer, "Low", "Status of `permanent-redirect`: 301, 302, 303, 307 or 308.", {
    onInvalid: "refused",
    differs: "300, 304, 305 and 306, with which nginx would send no redirect, count as 301.",
    differsFor: sendsNoRedirect,
  }),
  row("from-to-www-redirect", "fromToWww", boolean, "Low", "Redirect www.host to host, or host to www.host, whichever has no rules.", {
    scope: "host",
    onInvalid: "refused",
    differs: "The port is left out where it is the scheme's own.",
    differsFor: whereOn,
  }),
  row("relative-redirects", "relative", boolean, "Low", "Redirects within the host name no scheme and host.", { onInvalid: "refused" }),
  row("use-port-in-redirects", "usePort", boolean, "Low", "Redirects within the host, and to https, name the port.", {}),
];

type Value<K extends keyof RedirectValues> = NonNullable<RedirectValues[K]>;

function row<K extends keyof RedirectValues>(
  name: string, key: K, type: ValueType<Value<K>>, risk: Risk, doc: string,
  more: Partial<Pick<Honoured, "group" | "scope" | "onInvalid" | "differs" | "differsFor">>,
): Honoured {
  return annotation<Value<K>>({
    name,
    group: "redirect",
    risk,
    scope: "location",
    type,
    doc,
    ...more,
    ...field(redirects, key),
  });
}

/** ingress-nginx behaviour: a temporal-redirect that is no http or https URL makes all redirects of the Ingress void. */
const resolver: Resolver = {
  groups: ["redirect"],
  resolve(values, at) {
    const given = redirects.of(values);
    const { temporal, permanent } = given;
    if (temporal !== undefined && !/^http[a-z0-9+.-]*:/i.test(temporal)) {
      at.report(found.redirectDropped(at.place("temporal-redirect"), { value: printable(temporal) }));
      const { temporal: _, permanent: __, ...rest } = given;
      return redirects.put(values, { ...rest, ...NO_URL, relative: at.config.relativeRedirects });
    }
    if (temporal !== undefined && permanent !== undefined) at.report(found.redirectShadowed(at.place("permanent-redirect"), {}));
    const temporalCode = statusIn([301, 302, 303, 307], "temporal-redirect-code", given.temporalCode, TEMPORAL, at);
    const permanentCode = statusIn([301, 302, 303, 307, 308], "permanent-redirect-code", given.permanentCode, PERMANENT, at);
    return redirects.with(values, { temporalCode, permanentCode, relative: given.relative || at.config.relativeRedirects });
  },
};

function statusIn(codes: readonly number[], name: string, code: number, used: number, at: ResolveContext): number {
  if (codes.includes(code)) return code;
  const expects = `one of ${codes.join(", ")}`;
  at.report(found.annotationInvalid(at.place(name), { name, value: String(code), expects, used: String(used) }));
  return used;
}

/** Where the Ingress redirects all requests to; undefined: nowhere. It comes before a rewrite-target that is a URL. */
export function redirectOf(values: Values): Redirect | undefined {
  const { temporal, temporalCode, permanent, permanentCode } = redirects.of(values);
  if (temporal !== undefined) return { status: temporalCode, url: temporal };
  return permanent === undefined ? undefined : { status: permanentCode, url: permanent };
}

function route(values: Values, { path, config, httpsPort }: FilterContext): RouteFilters {
  const { forceSslRedirect, sslRedirect, preserveTrailingSlash, relative, usePort } = redirects.of(values);
  const exempt = config.noTlsRedirectLocations.some((start) => path.startsWith(start));
  const redirect = redirectOf(values);
  return {
    httpsRedirect: exempt ? "never" : forceSslRedirect ? "always" : sslRedirect ? "certificate" : "never",
    preserveTrailingSlash,
    ...(redirect ? { redirect } : {}),
    ...(relative ? { relative } : {}),
    ...(usePort ? { redirectPort: httpsPort } : {}),
  };
}

export const redirectFeature: Feature = { slot: redirects, annotations, resolver, route };
