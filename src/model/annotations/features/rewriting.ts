/**
 * The annotations that change backends' cookies and redirects: nginx's proxy_cookie_domain, proxy_cookie_path and
 * proxy_redirect.
 */
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import type { Config } from "../../config/config.ts";
import * as found from "../../findings/catalogue.ts";
import { cookieDomain, cookiePath, redirectText, replacement } from "../../grammar/response-types.ts";
import type { Replacing } from "../../grammar/response-types.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import type { Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";

export interface RewritingValues {
  readonly cookieDomain: Replacing;
  readonly cookiePath: Replacing;
  readonly redirectFrom: string;
  readonly redirectTo: string;
}

/** What the annotations of an Ingress say about backends' cookies and redirects. */
export const rewriting = slot("rewriting", (config: Config): RewritingValues => (
  {
    cookieDomain: config.proxyCookieDomain,
    cookiePath: config.proxyCookiePath,
    redirectFrom: config.proxyRedirectFrom,
    redirectTo: config.proxyRedirectTo,
  }
));

const annotations: readonly Honoured[] = [
  row("proxy-cookie-domain", "cookieDomain", cookieDomain, "Two domains: cookies of the first are given the second."),
  row("proxy-cookie-path", "cookiePath", cookiePath, "Two paths: cookies whose path begins with the first get the second there."),
  row("proxy-redirect-from", "redirectFrom", redirectText, "The beginning of Location and Refresh headers that `proxy-redirect-to` replaces.",
    "`default` replaces nothing: nginx's would replace the name of its own upstream, which backends are never told."),
  row("proxy-redirect-to", "redirectTo", redirectText, "What replaces `proxy-redirect-from`."),
];

function row<K extends keyof RewritingValues>(
  name: string, key: K, type: ValueType<NonNullable<RewritingValues[K]>>, doc: string, differs?: string,
): Honoured {
  return annotation<NonNullable<RewritingValues[K]>>({
    name,
    group: "backend",
    risk: "Medium",
    scope: "location",
    type,
    doc,
    ...(differs === undefined ? {} : { differs }),
    ...field(rewriting, key),
  });
}

const resolver: Resolver = {
  groups: ["backend"],
  resolve(values, at) {
    const { redirectFrom, redirectTo } = rewriting.of(values);
    const from = at.given("proxy-redirect-from") !== undefined && isText(redirectFrom);
    const to = at.given("proxy-redirect-to") !== undefined && redirectTo !== "off";
    if (from && redirectTo === "off") at.report(found.annotationIncomplete(at.place("proxy-redirect-from"), { name: "proxy-redirect-from", needs: "proxy-redirect-to" }));
    if (to && !isText(redirectFrom)) at.report(found.annotationIncomplete(at.place("proxy-redirect-to"), { name: "proxy-redirect-to", needs: "proxy-redirect-from" }));
    return values;
  },
};

function isText(from: string): boolean {
  return from !== "off" && from !== "default";
}

/** What the edge does with the values. */
function edge(values: Values): EdgeFilters {
  const { cookieDomain: domain, cookiePath: path, redirectFrom: from, redirectTo: to } = rewriting.of(values);
  return {
    ...(domain === "off" && path === "off"
      ? {}
      : { cookies: { ...(domain === "off" ? {} : { domain: ofDomains(...domain) }), ...(path === "off" ? {} : { path: replacement(...path) }) } }),
    ...(isText(from) && to !== "off" ? { redirects: replacement(from, to) } : {}),
  };
}

/** nginx behaviour: a dot in front of a domain means nothing, nor does upper or lower case. */
function ofDomains(from: string, to: string): ReturnType<typeof replacement> {
  const rule = replacement(from, to);
  if (rule.pattern) return { ...rule, from: `(?i)${rule.from}` };
  return { from: rule.from.replace(/^\./, "").toLowerCase(), to: rule.to.replace(/^\./, "") };
}

export const rewritingFeature: Feature = { slot: rewriting, annotations, resolver, edge };
