/**
 * What the annotations of one Ingress say, complete: absent ones have their default.
 */
import type { Config } from "../config.ts";
import type { ProxySettings } from "../types.ts";
import { canaryDefaults } from "./canary.ts";
import { proxyDefaults } from "./proxy.ts";
import { redirectDefaults } from "./redirects.ts";

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
  readonly canary: CanaryValues;
  readonly redirects: RedirectValues;
  readonly proxy: ProxySettings;
}

export function defaultValues(config: Config): Values {
  return { canary: canaryDefaults, redirects: redirectDefaults(config), proxy: proxyDefaults(config) };
}
