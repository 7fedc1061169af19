/**
 * What the controller's ConfigMap says: a field for every key that does something. `config/parse.ts` reads it.
 */
import type { Template } from "../../../edge/src/program.ts";
import type { PrivateBytes } from "../../support/private-bytes.ts";
import type { Lifetime } from "../grammar/external-auth-types.ts";
import type { Replacing } from "../grammar/response-types.ts";
import type { NextUpstream } from "../shapes/routing.ts";
import type { OperatorRules } from "../snippets/operator-rules.ts";

/** Values after parsing and defaults. Sizes in bytes, times in seconds unless said otherwise. */
export interface ConfigValues {
  // redirects
  readonly sslRedirect: boolean;
  readonly forceSslRedirect: boolean;
  readonly preserveTrailingSlash: boolean;
  readonly httpRedirectCode: 301 | 302 | 307 | 308;
  readonly noTlsRedirectLocations: readonly string[];
  /** Sluice's own: Prefix `/foo/` answers `/foo` with 301 (true, as nginx does) or is served (false, as the Kubernetes API says). */
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
  /** The names of ConfigMaps (`namespace/name`), or empty; so is `addHeaders`. */
  readonly proxySetHeaders: string;
  readonly addHeaders: string;
  readonly allowBackendServerHeader: boolean;
  // client address
  readonly useForwardedHeaders: boolean;
  readonly computeFullForwardedFor: boolean;
  readonly forwardedForHeader: string;
  readonly forwardedHostHeader: string;
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
  /** The name of a Secret (`namespace/name`), or empty. */
  readonly sslDhParam: string;
  readonly sslEarlyData: boolean;
  /** Undefined: nginx makes one of its own. */
  readonly sslSessionTicketKey: TicketKey | undefined;
  // annotations
  readonly allowCrossNamespaceResources: boolean;
  readonly allowSnippetAnnotations: boolean;
  readonly annotationsRiskLevel: "Low" | "Medium" | "High" | "Critical";
  readonly annotationValueWordBlocklist: readonly string[];
  /** Only the admission webhook uses it. */
  readonly strictValidatePathType: boolean;
  readonly globalAllowedResponseHeaders: readonly string[];
  // external authentication
  readonly noAuthLocations: readonly string[];
  /** Empty: no service is asked. */
  readonly globalAuthUrl: string;
  readonly globalAuthMethod: string;
  readonly globalAuthSignin: string;
  readonly globalAuthSigninRedirectParam: string;
  readonly globalAuthResponseHeaders: readonly string[];
  readonly globalAuthRequestRedirect: string;
  readonly globalAuthCacheKey: string;
  readonly globalAuthCacheDuration: readonly Lifetime[];
  readonly globalAuthAlwaysSetCookie: boolean;
  /** Addresses and networks. */
  readonly blockCidrs: readonly string[];
  /** Literal texts, and `~` with patterns; so are the items of `blockReferers`. */
  readonly blockUserAgents: readonly string[];
  readonly blockReferers: readonly string[];
  readonly whitelistSourceRange: readonly string[];
  readonly denylistSourceRange: readonly string[];
  /** Kilobytes per second; 0: no limit. */
  readonly limitRate: number;
  /** Kilobytes. */
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
  /** 0: the size of two buffers. */
  readonly proxyBusyBuffersSize: number;
  readonly proxyMaxTempFileSize: number;
  /** Kilobytes; 0: `proxyBufferSize`. */
  readonly grpcBufferSizeKb: number;
  // balancing, overridable per Ingress
  readonly loadBalance: "round_robin" | "ewma";
  readonly serviceUpstream: boolean;
  // web application firewall
  readonly enableModsecurity: boolean;
  readonly enableOwaspCrs: boolean;
  /** Rules in the place of ModSecurity's main rules file; undefined: the key is empty. */
  readonly modsecuritySnippet: OperatorRules | undefined;
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
  readonly defaultType: string;
  readonly useGzip: boolean;
  readonly gzipLevel: number;
  readonly gzipMinLength: number;
  readonly gzipTypes: string;
  /** A regular expression, or empty. */
  readonly gzipDisable: string;
  readonly enableBrotli: boolean;
  readonly brotliLevel: number;
  readonly brotliMinLength: number;
  readonly brotliTypes: string;
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
  /** Empty: the directive is not written (ingress-nginx's default, 240s, ends WebSockets). */
  readonly workerShutdownTimeout: string;
  /** Empty: none. */
  readonly workerCpuAffinity: string;
  /** 0: what the machine allows. */
  readonly maxWorkerOpenFiles: number;
  readonly enableMultiAccept: boolean;
  readonly enableAioWrite: boolean;
  readonly mapHashBucketSize: number;
  readonly proxyHeadersHashMaxSize: number;
  readonly proxyHeadersHashBucketSize: number;
  readonly variablesHashMaxSize: number;
  readonly variablesHashBucketSize: number;
  readonly debugConnections: readonly string[];
  readonly enableSerialReloads: boolean;
  readonly disableIpv6: boolean;
  /** No IPv6 addresses are taken of DNS names that Services and annotations lead to. */
  readonly disableIpv6Dns: boolean;
  readonly disableAccessLog: boolean;
  readonly disableHttpAccessLog: boolean;
  /** Empty: chosen by how Sluice runs. */
  readonly accessLogPath: string;
  /** Empty: accessLogPath. */
  readonly httpAccessLogPath: string;
  /** Words of nginx's access_log. */
  readonly accessLogParams: readonly string[];
  /** Requests that are not logged: a URI as the client sent it, or `~` and an expression. */
  readonly skipAccessLogUrls: readonly string[];
  readonly enableAccessLogForDefaultBackend: boolean;
  readonly enableSyslog: boolean;
  /** Empty: none. */
  readonly syslogHost: string;
  readonly syslogPort: number;
  /** Empty: standard error. */
  readonly errorLogPath: string;
  readonly logFormatEscapeNone: boolean;
  readonly logFormatUpstream: string;
  readonly logFormatEscapeJson: boolean;
  // ports below http
  /** Empty: http's log. */
  readonly streamAccessLogPath: string;
  readonly disableStreamAccessLog: boolean;
  readonly logFormatStream: string;
  readonly proxyStreamTimeout: string;
  readonly proxyStreamNextUpstream: boolean;
  readonly proxyStreamResponses: number;
  readonly proxyProtocolHeaderTimeout: string;
  /** Empty: none. */
  readonly answerReasonHeader: string;
  readonly errorLogLevel: "debug" | "info" | "notice" | "warn" | "error" | "crit" | "alert" | "emerg";
}

export interface Config extends ConfigValues {
  /** What the objects hold whose names are among the values. */
  readonly named: NamedObjects;
}

/** A key for TLS session tickets. */
export interface TicketKey {
  /** Digest of the bytes. */
  readonly id: string;
  readonly bytes: PrivateBytes;
}

export interface NamedObjects {
  /** Headers of proxy-set-headers, for every backend, sorted by name. */
  readonly requestHeaders: readonly NamedHeader[];
  /** Headers of add-headers, for every client, sorted by name. */
  readonly responseHeaders: readonly NamedHeader[];
  /** What the Secret of ssl-dh-param holds. */
  readonly dhParam: DhParam | undefined;
  /** ModSecurity is on, and modsecurity-snippet cannot be used: nginx refuses it, or cannot even be asked about it. */
  readonly rulesRefused: boolean;
}

export interface NamedHeader {
  readonly name: string;
  readonly value: Template;
}

export interface DhParam {
  /** Digest of `pem`. */
  readonly id: string;
  readonly pem: string;
}
