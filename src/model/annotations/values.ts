/**
 * What the annotations of one Ingress say, complete: absent ones have their default.
 */
import type { Config } from "../config.ts";
import type { ProxySettings } from "../types.ts";
import { canaryDefaults } from "./canary.ts";
import { fastcgiDefaults } from "./fastcgi.ts";
import type { FastcgiValues } from "./fastcgi.ts";
import { headerDefaults } from "./headers.ts";
import { mirrorDefaults } from "./mirror.ts";
import type { MirrorValues } from "./mirror.ts";
import { modsecurityDefaults } from "./modsecurity.ts";
import type { ModsecurityValues } from "./modsecurity.ts";
import { proxyDefaults } from "./proxy.ts";
import { redirectDefaults } from "./redirects.ts";
import { upstreamTlsDefaults } from "./upstream-tls.ts";
import type { UpstreamTlsValues } from "./upstream-tls.ts";

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
  readonly upstreamTls: UpstreamTlsValues;
  readonly fastcgi: FastcgiValues;
  readonly mirror: MirrorValues;
  readonly modsecurity: ModsecurityValues;
}

export function defaultValues(config: Config): Values {
  return {
    headers: headerDefaults,
    canary: canaryDefaults,
    redirects: redirectDefaults(config),
    proxy: proxyDefaults(config),
    upstreamTls: upstreamTlsDefaults,
    fastcgi: fastcgiDefaults,
    mirror: mirrorDefaults,
    modsecurity: modsecurityDefaults,
  };
}
