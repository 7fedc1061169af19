/**
 * What the annotations of one Ingress say, complete: absent ones have their default.
 */
import type { Config } from "../config.ts";
import type { ProxySettings } from "../types.ts";
import { canaryDefaults } from "./canary.ts";
import { headerDefaults } from "./headers.ts";
import { proxyDefaults } from "./proxy.ts";
import { redirectDefaults } from "./redirects.ts";
import { snippetDefaults } from "./snippets.ts";
import { tracingDefaults } from "./tracing.ts";
import type { Statement } from "../snippets/parse.ts";
import type { Snippet } from "../snippets/snippet.ts";

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

/** Of snippets that the operator allowed. */
export interface SnippetValues {
  readonly server?: readonly Statement[];
  readonly configuration?: readonly Statement[];
  /** Both, for the locations of the Ingress; set by the resolver. */
  readonly snippet?: Snippet;
}

export interface TracingValues {
  readonly enabled: boolean;
  readonly trust: boolean;
  /** With `$variables`; "": method and path of the route. */
  readonly name: string;
}

export interface Values {
  readonly headers: HeaderValues;
  readonly canary: CanaryValues;
  readonly redirects: RedirectValues;
  readonly proxy: ProxySettings;
  readonly snippets: SnippetValues;
  readonly tracing: TracingValues;
}

export function defaultValues(config: Config): Values {
  return {
    headers: headerDefaults,
    canary: canaryDefaults,
    redirects: redirectDefaults(config),
    proxy: proxyDefaults(config),
    snippets: snippetDefaults,
    tracing: tracingDefaults(config),
  };
}
