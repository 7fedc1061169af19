/**
 * What the annotations of one Ingress say, complete: absent ones have their default.
 */
import type { Config } from "../config.ts";
import type { ProxySettings } from "../types.ts";
import { canaryDefaults } from "./canary.ts";
import { headerDefaults } from "./headers.ts";
import { proxyDefaults } from "./proxy.ts";
import { redirectDefaults } from "./redirects.ts";

export interface HeaderValues {
  /** ConfigMap of custom-headers, as written. */
  readonly custom?: string;
  /** Its pairs, name and value; set by the resolver. */
  readonly set: readonly (readonly [string, string])[];
}

export interface CanaryValues {
  readonly enabled: boolean;
  readonly weight: number;
  readonly weightTotal: number;
  readonly header?: string;
  readonly headerValue?: string;
  readonly headerPattern?: string;
  readonly cookie?: string;
}

export interface RedirectValues {
  readonly sslRedirect: boolean;
  readonly forceSslRedirect: boolean;
  readonly preserveTrailingSlash: boolean;
}

export interface Values {
  readonly headers: HeaderValues;
  readonly canary: CanaryValues;
  readonly redirects: RedirectValues;
  readonly proxy: ProxySettings;
}

export function defaultValues(config: Config): Values {
  return { headers: headerDefaults, canary: canaryDefaults, redirects: redirectDefaults(config), proxy: proxyDefaults(config) };
}
