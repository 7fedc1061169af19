/**
 * What the annotations of one Ingress say, complete: absent ones have their default.
 */
import type { Config } from "../config.ts";
import type { ProxySettings } from "../types.ts";
import { canaryDefaults } from "./canary.ts";
import { corsDefaults } from "./cors.ts";
import type { CorsValues } from "./cors.ts";
import { errorDefaults } from "./error-pages.ts";
import type { ErrorValues } from "./error-pages.ts";
import { headerDefaults } from "./headers.ts";
import { logDefaults } from "./logs.ts";
import type { LogValues } from "./logs.ts";
import { proxyDefaults } from "./proxy.ts";
import { redirectDefaults } from "./redirects.ts";
import { sentDefaults } from "./request-headers.ts";
import type { SentValues } from "./request-headers.ts";
import { rewritingDefaults } from "./rewriting.ts";
import type { RewritingValues } from "./rewriting.ts";

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
  readonly cors: CorsValues;
  readonly errors: ErrorValues;
  readonly logs: LogValues;
  readonly rewriting: RewritingValues;
  readonly sent: SentValues;
  readonly headers: HeaderValues;
  readonly canary: CanaryValues;
  readonly redirects: RedirectValues;
  readonly proxy: ProxySettings;
}

export function defaultValues(config: Config): Values {
  return {
    cors: corsDefaults,
    errors: errorDefaults(config),
    logs: logDefaults,
    rewriting: rewritingDefaults(config),
    sent: sentDefaults,
    headers: headerDefaults,
    canary: canaryDefaults,
    redirects: redirectDefaults(config),
    proxy: proxyDefaults(config),
  };
}
