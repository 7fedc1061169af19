/**
 * The annotations about redirects from http to https.
 */
import type { Config } from "../config.ts";
import { annotation } from "./annotation.ts";
import type { Honoured, Risk } from "./annotation.ts";
import { boolean } from "./value-types.ts";
import type { RedirectValues } from "./values.ts";

export function redirectDefaults(config: Config): RedirectValues {
  const { sslRedirect, forceSslRedirect, preserveTrailingSlash } = config;
  return { sslRedirect, forceSslRedirect, preserveTrailingSlash };
}

export const redirectAnnotations: readonly Honoured[] = [
  redirect("ssl-redirect", "sslRedirect", "Low", "Redirect http to https when the requested name has a certificate."),
  redirect("force-ssl-redirect", "forceSslRedirect", "Medium", "Redirect http to https even without a certificate."),
  redirect("preserve-trailing-slash", "preserveTrailingSlash", "Medium", "Keep a trailing slash in redirects to https; without it one is dropped."),
];

function redirect(name: string, field: keyof RedirectValues, risk: Risk, doc: string): Honoured {
  return annotation<boolean>({
    name,
    group: "rewrite",
    risk,
    scope: "location",
    type: boolean,
    doc,
    get: (values) => values.redirects[field],
    set: (values, value) => ({ ...values, redirects: { ...values.redirects, [field]: value } }),
  });
}
