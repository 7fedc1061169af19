/**
 * The annotations about redirects: from http to https, to another URL, between `www.` and the name without.
 */
import type { Config } from "../config.ts";
import { printable } from "../../support/text.ts";
import * as found from "../findings-catalogue.ts";
import type { Filters as ModelFilters } from "../types.ts";
import { annotation } from "./annotation.ts";
import type { Honoured, Risk, ValueType } from "./annotation.ts";
import type { ResolveContext, Resolver } from "./resolver.ts";
import { boolean, integer, textOf } from "./value-types.ts";
import type { RedirectValues, Values } from "./values.ts";

const TEMPORAL = 302;
const PERMANENT = 301;

export function redirectDefaults(config: Config): RedirectValues {
  const { sslRedirect, forceSslRedirect, preserveTrailingSlash, relativeRedirects, usePortInRedirects } = config;
  return { sslRedirect, forceSslRedirect, preserveTrailingSlash, ...NO_URL, relative: relativeRedirects, usePort: usePortInRedirects };
}

const NO_URL = { temporalCode: TEMPORAL, permanentCode: PERMANENT, fromToWww: false } as const;

/** ingress-nginx's character set for URLs. */
const url = textOf(/^[A-Za-z0-9\-._~/:,?&=]+$/, "a URL of letters, digits and - . _ ~ / : , ? & =");

export const redirectAnnotations: readonly Honoured[] = [
  redirect("ssl-redirect", "sslRedirect", boolean, "Low", "Redirect http to https when the requested name has a certificate.", { group: "rewrite" }),
  redirect("force-ssl-redirect", "forceSslRedirect", boolean, "Medium", "Redirect http to https even without a certificate.", { group: "rewrite" }),
  redirect("preserve-trailing-slash", "preserveTrailingSlash", boolean, "Medium", "Keep a trailing slash in redirects to https; without it one is dropped.", { group: "rewrite" }),
  redirect("temporal-redirect", "temporal", url, "Medium", "URL that every request is redirected to, before anything else is looked at.", { onInvalid: "refused" }),
  redirect("temporal-redirect-code", "temporalCode", integer, "Low", "Status of `temporal-redirect`: 301, 302, 303 or 307.", {
    onInvalid: "refused",
    differs: "300, 304, 305 and 306, with which nginx would send no redirect, count as 302.",
  }),
  redirect("permanent-redirect", "permanent", url, "Medium", "The same for good; without effect beside `temporal-redirect`.", { onInvalid: "refused" }),
  redirect("permanent-redirect-code", "permanentCode", integer, "Low", "Status of `permanent-redirect`: 301, 302, 303, 307 or 308.", {
    onInvalid: "refused",
    differs: "300, 304, 305 and 306, with which nginx would send no redirect, count as 301.",
  }),
  redirect("from-to-www-redirect", "fromToWww", boolean, "Low", "Redirect www.host to host, or host to www.host, whichever has no rules.", {
    scope: "host",
    onInvalid: "refused",
    differs: "The port is left out where it is the scheme's own.",
  }),
  redirect("relative-redirects", "relative", boolean, "Low", "Redirects within the host name no scheme and host.", { onInvalid: "refused" }),
  redirect("use-port-in-redirects", "usePort", boolean, "Low", "Redirects within the host, and to https, name the port.", {}),
];

type Value<K extends keyof RedirectValues> = NonNullable<RedirectValues[K]>;

function redirect<K extends keyof RedirectValues>(
  name: string, field: K, type: ValueType<Value<K>>, risk: Risk, doc: string,
  more: Partial<Pick<Honoured, "group" | "scope" | "onInvalid" | "differs">>,
): Honoured {
  return annotation<Value<K>>({
    name,
    group: "redirect",
    risk,
    scope: "location",
    type,
    doc,
    ...more,
    get: (values) => values.redirects[field] ?? undefined,
    set: (values, value) => ({ ...values, redirects: { ...values.redirects, [field]: value } }),
  });
}

/** ingress-nginx behaviour: a temporal-redirect to another scheme takes all redirects of the Ingress with it. */
export const redirectResolver: Resolver = {
  groups: ["redirect"],
  resolve(values, at) {
    const { redirects } = values;
    const { temporal, permanent } = redirects;
    if (temporal !== undefined && !/^http[a-z0-9+.-]*:/i.test(temporal)) {
      at.report(found.redirectDropped(at.place("temporal-redirect"), { value: printable(temporal) }));
      const { temporal: _, permanent: __, ...rest } = redirects;
      return { ...values, redirects: { ...rest, ...NO_URL, relative: at.config.relativeRedirects } };
    }
    if (temporal !== undefined && permanent !== undefined) at.report(found.redirectShadowed(at.place("permanent-redirect"), {}));
    const temporalCode = statusIn([301, 302, 303, 307], "temporal-redirect-code", redirects.temporalCode, TEMPORAL, at);
    const permanentCode = statusIn([301, 302, 303, 307, 308], "permanent-redirect-code", redirects.permanentCode, PERMANENT, at);
    return { ...values, redirects: { ...redirects, temporalCode, permanentCode, relative: redirects.relative || at.config.relativeRedirects } };
  },
};

function statusIn(codes: readonly number[], name: string, code: number, used: number, at: ResolveContext): number {
  if (codes.includes(code)) return code;
  const expects = `one of ${codes.join(", ")}`;
  at.report(found.annotationInvalid(at.place(name), { name, value: String(code), expects, used: String(used) }));
  return used;
}

type OfPath = Pick<ModelFilters, "redirect" | "relative" | "redirectPort">;

export function redirectFilters({ redirects }: Values, httpsPort: number): OfPath {
  const { temporal, temporalCode, permanent, permanentCode, relative, usePort } = redirects;
  return {
    ...(temporal !== undefined ? { redirect: { status: temporalCode, url: temporal } } : {}),
    ...(temporal === undefined && permanent !== undefined ? { redirect: { status: permanentCode, url: permanent } } : {}),
    ...(relative ? { relative } : {}),
    ...(usePort ? { redirectPort: httpsPort } : {}),
  };
}
