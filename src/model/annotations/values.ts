/**
 * What the annotations of one Ingress say, complete: absent ones have their default.
 */
import type { Config } from "../config.ts";
import type { ClientMode, ClientPolicy, ProxySettings } from "../types.ts";
import { canaryDefaults } from "./canary.ts";
import { headerDefaults } from "./headers.ts";
import { hostTlsDefaults } from "./host-tls.ts";
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

export interface HostTlsValues {
  /** CA Secret of auth-tls-secret, as written. */
  readonly secret?: string;
  readonly verify: ClientMode;
  readonly depth: number;
  readonly errorPage?: string;
  readonly passCertificate: boolean;
  readonly matchCn?: string;
  readonly ciphers?: string;
  readonly preferServer?: boolean;
  readonly passthrough: boolean;
  /** What the annotations about client certificates come to; set by the resolver. */
  readonly clients?: ClientPolicy;
}

export interface Values {
  readonly hostTls: HostTlsValues;
  readonly headers: HeaderValues;
  readonly canary: CanaryValues;
  readonly redirects: RedirectValues;
  readonly proxy: ProxySettings;
}

export function defaultValues(config: Config): Values {
  return { hostTls: hostTlsDefaults, headers: headerDefaults, canary: canaryDefaults, redirects: redirectDefaults(config), proxy: proxyDefaults(config) };
}
