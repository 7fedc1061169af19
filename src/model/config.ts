/**
 * The controller's ConfigMap: every key that Sluice honours, with ingress-nginx's names and defaults.
 */
import type { ConfigMap } from "../source/objects.ts";
import type { Replacing } from "./annotations/response-types.ts";
import { closest } from "../support/edit-distance.ts";
import type { Lifetime } from "./annotations/external-auth-types.ts";
import { configKeyNotHonoured, configKeyUnknown, configProtectionNotHonoured, configTracingWithoutCollector, configValueInvalid } from "./config/findings.ts";
import { asksForNothing, NOT_HONOURED, PROTECTIONS } from "./config/not-honoured.ts";
import { CONFIG_TABLE } from "./config/table.ts";
import type { ConfigRow } from "./config/table.ts";
import type { Finding, Place } from "./findings.ts";
import type { NextUpstream } from "./types.ts";

/** Values after parsing and defaults. Sizes in bytes, times in seconds unless said otherwise. */
export interface Config {
  // redirects
  readonly sslRedirect: boolean;
  readonly forceSslRedirect: boolean;
  readonly preserveTrailingSlash: boolean;
  readonly httpRedirectCode: 301 | 302 | 307 | 308;
  readonly noTlsRedirectLocations: readonly string[];
  /** Ours: Prefix `/foo/` answers `/foo` with 301 (true, as nginx does) or is served (false, as the Kubernetes API says). */
  readonly prefixSlashRedirect: boolean;
  readonly relativeRedirects: boolean;
  readonly usePortInRedirects: boolean;
  // headers
  readonly hsts: boolean;
  readonly hstsMaxAge: string;
  readonly hstsIncludeSubdomains: boolean;
  readonly hstsPreload: boolean;
  readonly serverTokens: boolean;
  readonly hideHeaders: readonly string[];
  readonly generateRequestId: boolean;
  readonly proxyAddOriginalUriHeader: boolean;
  // client address
  readonly useForwardedHeaders: boolean;
  readonly computeFullForwardedFor: boolean;
  readonly forwardedForHeader: string;
  readonly enableRealIp: boolean;
  readonly proxyRealIpCidr: readonly string[];
  readonly useProxyProtocol: boolean;
  // TLS
  readonly sslProtocols: string;
  readonly sslCiphers: string;
  readonly sslEcdhCurve: string;
  readonly sslSessionCache: boolean;
  readonly sslSessionCacheSize: string;
  readonly sslSessionTimeout: string;
  readonly sslSessionTickets: boolean;
  readonly sslBufferSize: string;
  readonly sslRejectHandshake: boolean;
  // annotations
  readonly allowCrossNamespaceResources: boolean;
  readonly allowSnippetAnnotations: boolean;
  readonly annotationsRiskLevel: "Low" | "Medium" | "High" | "Critical";
  readonly annotationValueWordBlocklist: readonly string[];
  /** Of the admission webhook alone. */
  readonly strictValidatePathType: boolean;
  readonly globalAllowedResponseHeaders: readonly string[];
  // external authentication
  readonly noAuthLocations: readonly string[];
  /** Empty: none. */
  readonly globalAuthUrl: string;
  readonly globalAuthMethod: string;
  readonly globalAuthSignin: string;
  readonly globalAuthSigninRedirectParam: string;
  readonly globalAuthResponseHeaders: readonly string[];
  readonly globalAuthRequestRedirect: string;
  readonly globalAuthCacheKey: string;
  readonly globalAuthCacheDuration: readonly Lifetime[];
  readonly globalAuthAlwaysSetCookie: boolean;
  readonly whitelistSourceRange: readonly string[];
  readonly denylistSourceRange: readonly string[];
  /** Kilobytes. */
  readonly limitRate: number;
  readonly limitRateAfter: number;
  /** Texts and names of variables in turn, a text first and last. */
  readonly limitConnZoneVariable: readonly string[];
  readonly limitReqStatusCode: number;
  readonly limitConnStatusCode: number;
  // responses, overridable per Ingress
  readonly proxyCookieDomain: Replacing;
  readonly proxyCookiePath: Replacing;
  readonly proxyRedirectFrom: string;
  readonly proxyRedirectTo: string;
  readonly customHttpErrors: readonly number[];
  readonly disableProxyInterceptErrors: boolean;
  // proxy defaults, overridable per Ingress
  readonly proxyConnectTimeout: number;
  readonly proxySendTimeout: number;
  readonly proxyReadTimeout: number;
  readonly proxyBodySize: number;
  readonly proxyBuffering: boolean;
  readonly proxyRequestBuffering: boolean;
  readonly proxyBufferSize: number;
  readonly proxyBuffersNumber: number;
  readonly proxyNextUpstream: readonly NextUpstream[];
  readonly proxyNextUpstreamTimeout: number;
  readonly proxyNextUpstreamTries: number;
  readonly retryNonIdempotent: boolean;
  readonly proxyHttpVersion: "1.0" | "1.1";
  /** 0: what two buffers hold. */
  readonly proxyBusyBuffersSize: number;
  readonly proxyMaxTempFileSize: number;
  readonly proxySslLocationOnly: boolean;
  // balancing, overridable per Ingress
  readonly loadBalance: "round_robin" | "ewma";
  readonly serviceUpstream: boolean;
  // web application firewall
  readonly enableModsecurity: boolean;
  readonly enableOwaspCrs: boolean;
  // upstream keep-alive
  readonly upstreamKeepaliveConnections: number;
  readonly upstreamKeepaliveTime: string;
  readonly upstreamKeepaliveTimeout: number;
  readonly upstreamKeepaliveRequests: number;
  // client side
  readonly keepAlive: number;
  readonly keepAliveRequests: number;
  readonly clientHeaderBufferSize: string;
  readonly clientHeaderTimeout: number;
  readonly clientBodyBufferSize: string;
  readonly clientBodyTimeout: number;
  readonly largeClientHeaderBuffers: string;
  readonly useHttp2: boolean;
  readonly http2MaxConcurrentStreams: number;
  readonly enableUnderscoresInHeaders: boolean;
  readonly ignoreInvalidHeaders: boolean;
  readonly useGzip: boolean;
  readonly gzipLevel: number;
  readonly gzipMinLength: number;
  readonly gzipTypes: string;
  // tracing
  readonly enableOpentelemetry: boolean;
  readonly opentelemetryTrustIncomingSpan: boolean;
  /** With `$variables`; empty: method and path of the route. */
  readonly opentelemetryOperationName: string;
  /** Empty: spans go nowhere. */
  readonly otlpCollectorHost: string;
  readonly otlpCollectorPort: number;
  readonly otelServiceName: string;
  readonly otelSampler: "AlwaysOn" | "AlwaysOff" | "TraceIdRatioBased";
  readonly otelSamplerRatio: number;
  readonly otelSamplerParentBased: boolean;
  readonly otelMaxQueuesize: number;
  readonly otelScheduleDelayMillis: number;
  readonly otelMaxExportBatchSize: number;
  // workers and logs
  /** `auto` or a number. */
  readonly workerProcesses: "auto" | number;
  readonly maxWorkerConnections: number;
  /** Empty: not emitted (ingress-nginx's 240s is what ends WebSockets there). */
  readonly workerShutdownTimeout: string;
  readonly disableIpv6: boolean;
  readonly disableAccessLog: boolean;
  /** Empty: chosen by how Sluice runs. */
  readonly accessLogPath: string;
  readonly logFormatUpstream: string;
  readonly logFormatEscapeJson: boolean;
  readonly errorLogLevel: "debug" | "info" | "notice" | "warn" | "error" | "crit" | "alert" | "emerg";
}

/** The Config of a controller without ConfigMap. */
export const DEFAULT_CONFIG: Config = defaults();

const BY_KEY: ReadonlyMap<string, keyof Config> = new Map(fields().map((field) => [CONFIG_TABLE[field].key, field]));
const BY_LOWER_KEY = new Map([...BY_KEY].map(([key, field]) => [key.toLowerCase(), field]));

/**
 * The ConfigMap over the defaults. Never fails: a value that cannot be used leaves its default, a bad piece of a list
 * is left out, and each gives a finding.
 *
 * ingress-nginx behaviour: the exact key wins over one that differs in case; removing a key restores its default.
 */
export function parseConfig(configMap: ConfigMap | undefined): { config: Config; findings: Finding[] } {
  const findings: Finding[] = [];
  if (!configMap) return { config: DEFAULT_CONFIG, findings };
  const config: Mutable<Config> = { ...DEFAULT_CONFIG };
  const data = configMap.data ?? {};
  for (const key of Object.keys(data).sort()) {
    const place: Place = { object: configMap, field: `data[${key}]` };
    const field = BY_KEY.get(key) ?? BY_LOWER_KEY.get(key.toLowerCase());
    const value = data[key] ?? "";
    if (field === undefined) {
      const finding = findingForOther(place, key, value);
      if (finding) findings.push(finding);
    } else if (key === CONFIG_TABLE[field].key || data[CONFIG_TABLE[field].key] === undefined) {
      take(config, field, value, place, findings);
    }
  }
  if (config.enableOpentelemetry && config.otlpCollectorHost === "") {
    findings.push(configTracingWithoutCollector({ object: configMap, field: "data[enable-opentelemetry]" }, {}));
  }
  return { config, findings };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function take<K extends keyof Config>(config: Mutable<Config>, field: K, text: string, place: Place, findings: Finding[]): void {
  const row: ConfigRow<Config[K]> = CONFIG_TABLE[field];
  const parsed = row.type.parse(text.trim());
  if (parsed) config[field] = parsed.value;
  if (parsed && !parsed.dropped) return;
  const value = (parsed?.dropped ?? [text]).map((piece) => JSON.stringify(shorten(piece))).join(", ");
  const used = parsed ? (parsed.used ?? "the other pieces") : row.default === "" ? "" : `its default, ${shorten(row.default)},`;
  findings.push(configValueInvalid(place, { key: row.key, value, expects: row.type.expects, used }));
}

function findingForOther(place: Place, key: string, value: string): Finding | undefined {
  const known = key.toLowerCase();
  if (PROTECTIONS.has(known)) return asksForNothing(value) ? undefined : configProtectionNotHonoured(place, { key });
  if (NOT_HONOURED.has(known)) return configKeyNotHonoured(place, { key });
  return configKeyUnknown(place, { key, near: closest(key, [...BY_KEY.keys(), ...PROTECTIONS, ...NOT_HONOURED]) });
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function fields(): (keyof Config)[] {
  return Object.keys(CONFIG_TABLE) as (keyof Config)[];
}

function defaults(): Config {
  const parsed = fields().map((field) => [field, CONFIG_TABLE[field].type.parse(CONFIG_TABLE[field].default)?.value]);
  return Object.fromEntries(parsed) as Config;
}
