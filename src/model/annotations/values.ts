/**
 * What the annotations of one Ingress say, complete: absent ones have their default.
 */
import type { Config } from "../config.ts";
import type { ProxySettings, Users } from "../types.ts";
import { accessDefaults } from "./access.ts";
import { canaryDefaults } from "./canary.ts";
import { externalAuthDefaults } from "./external-auth.ts";
import type { Guard } from "./external-auth-guard.ts";
import type { Lifetime } from "./external-auth-types.ts";
import { headerDefaults } from "./headers.ts";
import { limitDefaults } from "./limits.ts";
import { proxyDefaults } from "./proxy.ts";
import { redirectDefaults } from "./redirects.ts";

export interface HeaderValues {
  /** ConfigMap of custom-headers, as written. */
  readonly custom?: string;
  /** Its pairs, name and value; set by the resolver. */
  readonly set: readonly (readonly [string, string])[];
}

export interface AccessValues {
  /** Networks; none: everybody. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly satisfy: "any" | "all";
  readonly type?: "basic" | "digest";
  /** `name` or `namespace/name`. */
  readonly secret?: string;
  readonly secretType: "auth-file" | "auth-map";
  readonly realm: string;
  /** Of the Secret; set by the resolver. */
  readonly users?: Users;
}

export interface LimitValues {
  /** Kilobytes. 0: no limit, as with the others. */
  readonly rate: number;
  readonly rateAfter: number;
  readonly second: number;
  readonly minute: number;
  readonly connections: number;
  readonly burstMultiplier: number;
  readonly except: readonly string[];
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
  /** The ConfigMap's. */
  readonly global?: Guard;
}

export interface Values {
  readonly externalAuth: ExternalAuthValues;
  readonly headers: HeaderValues;
  readonly canary: CanaryValues;
  readonly redirects: RedirectValues;
  readonly proxy: ProxySettings;
  readonly access: AccessValues;
  readonly limits: LimitValues;
}

export function defaultValues(config: Config): Values {
  return {
    externalAuth: externalAuthDefaults(config),
    headers: headerDefaults,
    canary: canaryDefaults,
    redirects: redirectDefaults(config),
    proxy: proxyDefaults(config),
    access: accessDefaults(config),
    limits: limitDefaults(config),
  };
}
