/**
 * What the annotations of one Ingress say, complete: absent ones have their default.
 */
import type { Config } from "../config.ts";
import type { ClientMode, ClientPolicy, ProxySettings, Users } from "../types.ts";
import { accessDefaults } from "./access.ts";
import type { Template } from "../../../edge/src/program.ts";
import { affinityDefaults } from "./affinity.ts";
import { aliasDefaults } from "./alias.ts";
import { balanceDefaults } from "./balance.ts";
import type { LoadBalance } from "./balance.ts";
import { canaryDefaults } from "./canary.ts";
import { corsDefaults } from "./cors.ts";
import type { CorsValues } from "./cors.ts";
import { errorDefaults } from "./error-pages.ts";
import type { ErrorValues } from "./error-pages.ts";
import { externalAuthDefaults } from "./external-auth.ts";
import type { Guard } from "./external-auth-guard.ts";
import type { Lifetime } from "./external-auth-types.ts";
import { fastcgiDefaults } from "./fastcgi.ts";
import type { FastcgiValues } from "./fastcgi.ts";
import { headerDefaults } from "./headers.ts";
import { hostTlsDefaults } from "./host-tls.ts";
import { limitDefaults } from "./limits.ts";
import { logDefaults } from "./logs.ts";
import type { LogValues } from "./logs.ts";
import { mirrorDefaults } from "./mirror.ts";
import type { MirrorValues } from "./mirror.ts";
import { modsecurityDefaults } from "./modsecurity.ts";
import type { ModsecurityValues } from "./modsecurity.ts";
import { proxyDefaults } from "./proxy.ts";
import { redirectDefaults } from "./redirects.ts";
import { sentDefaults } from "./request-headers.ts";
import type { SentValues } from "./request-headers.ts";
import { rewriteDefaults } from "./rewrite.ts";
import { rewritingDefaults } from "./rewriting.ts";
import type { RewritingValues } from "./rewriting.ts";
import { snippetDefaults } from "./snippets.ts";
import { tracingDefaults } from "./tracing.ts";
import type { Statement } from "../snippets/parse.ts";
import type { Snippet } from "../snippets/snippet.ts";
import { upstreamTlsDefaults } from "./upstream-tls.ts";
import type { UpstreamTlsValues } from "./upstream-tls.ts";

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
  readonly temporal?: string;
  readonly temporalCode: number;
  readonly permanent?: string;
  readonly permanentCode: number;
  readonly fromToWww: boolean;
  readonly relative: boolean;
  readonly usePort: boolean;
}

export interface RewriteValues {
  readonly target?: string;
  readonly useRegex: boolean;
  readonly appRoot?: string;
}

export interface AliasValues {
  /** As the edge knows them; the resolver has left out what is no name. */
  readonly names: readonly string[];
}

export interface BalanceValues {
  readonly loadBalance: LoadBalance;
  readonly serviceUpstream: boolean;
  readonly hashBy?: Template;
  readonly subset: boolean;
  readonly subsetSize: number;
}

export interface AffinityValues {
  readonly enabled: boolean;
  readonly mode: "balanced" | "persistent";
  readonly canaryBehavior: "sticky" | "legacy";
  readonly name: string;
  readonly secure: boolean;
  /** Seconds. */
  readonly expires?: number;
  readonly maxAge?: number;
  readonly path?: string;
  readonly domain?: string;
  readonly sameSite?: "None" | "Lax" | "Strict";
  readonly conditionalNone: boolean;
  readonly changeOnFailure: boolean;
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
  readonly externalAuth: ExternalAuthValues;
  readonly hostTls: HostTlsValues;
  readonly cors: CorsValues;
  readonly errors: ErrorValues;
  readonly logs: LogValues;
  readonly rewriting: RewritingValues;
  readonly sent: SentValues;
  readonly headers: HeaderValues;
  readonly canary: CanaryValues;
  readonly redirects: RedirectValues;
  readonly rewrite: RewriteValues;
  readonly alias: AliasValues;
  readonly proxy: ProxySettings;
  readonly access: AccessValues;
  readonly limits: LimitValues;
  readonly balance: BalanceValues;
  readonly affinity: AffinityValues;
  readonly snippets: SnippetValues;
  readonly tracing: TracingValues;
  readonly upstreamTls: UpstreamTlsValues;
  readonly fastcgi: FastcgiValues;
  readonly mirror: MirrorValues;
  readonly modsecurity: ModsecurityValues;
}

export function defaultValues(config: Config): Values {
  return {
    externalAuth: externalAuthDefaults(config),
    hostTls: hostTlsDefaults,
    cors: corsDefaults,
    errors: errorDefaults(config),
    logs: logDefaults,
    rewriting: rewritingDefaults(config),
    sent: sentDefaults,
    headers: headerDefaults,
    canary: canaryDefaults,
    redirects: redirectDefaults(config),
    proxy: proxyDefaults(config),
    access: accessDefaults(config),
    limits: limitDefaults(config),
    rewrite: rewriteDefaults,
    alias: aliasDefaults,
    balance: balanceDefaults(config),
    affinity: affinityDefaults,
    snippets: snippetDefaults,
    tracing: tracingDefaults(config),
    upstreamTls: upstreamTlsDefaults,
    fastcgi: fastcgiDefaults,
    mirror: mirrorDefaults,
    modsecurity: modsecurityDefaults,
  };
}
