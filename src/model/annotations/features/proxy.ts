/**
 * The annotations about how a request is proxied: timeouts, buffers, retries.
 */
import type { Config } from "../../config/config.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { integerBetween, nextUpstream, oneOf, onOff, seconds, secondsOrNone, sizeBetween } from "../../grammar/value-types.ts";
import { NEXT_UPSTREAM } from "../../shapes/routing.ts";
import type { NextUpstream, ProxySettings } from "../../shapes/routing.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured, Reload, Risk } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import { slot } from "../slot.ts";
import { modsecurityDefault } from "./modsecurity-mode.ts";

/** What the annotations of an Ingress say about proxying. Other features set fields of it as well, because a profile is made from it. */
export const proxy = slot("proxy", (config: Config): ProxySettings => (
  {
    connectTimeout: config.proxyConnectTimeout,
    sendTimeout: config.proxySendTimeout,
    readTimeout: config.proxyReadTimeout,
    bodySize: config.proxyBodySize,
    buffering: config.proxyBuffering,
    requestBuffering: config.proxyRequestBuffering,
    bufferSize: config.proxyBufferSize,
    buffersNumber: config.proxyBuffersNumber,
    nextUpstream: retryConditions(config.proxyNextUpstream, config),
    nextUpstreamTimeout: config.proxyNextUpstreamTimeout,
    nextUpstreamTries: config.proxyNextUpstreamTries,
    httpVersion: config.proxyHttpVersion,
    busyBuffersSize: config.proxyBusyBuffersSize,
    maxTempFileSize: config.proxyMaxTempFileSize,
    clientBodyBufferSize: 0,
    protocol: "HTTP",
    mirror: "off",
    fastcgiParams: [],
    modsecurity: modsecurityDefault(config),
    transactionId: false,
  }
));

/** nginx takes at least 256 bytes to hold a response's first line; above 16m a typing error is likelier than a need. */
const bufferSize = sizeBetween(256, 16 * 1024 ** 2);
/** With buffers of one size nginx wants at least three: its busy buffers take two, and one must stay free. */
const buffersNumber = integerBetween(3, 1024);
const bodySize: ValueType<number> = sizeBetween(0, Number.MAX_SAFE_INTEGER);

/** Of values that limit or keep bodies: src/compile/body.ts says when nginx alone can. */
export const BODY_RELOAD = 'no, but when new beside `proxy-request-buffering: "off"`, gRPC, a mirror, ModSecurity or a snippet';

const annotations: readonly Honoured[] = [
  row("proxy-connect-timeout", "connectTimeout", seconds, "Low", "Seconds to connect to the backend."),
  row("proxy-send-timeout", "sendTimeout", seconds, "Low", "Longest pause, in seconds, between two writes to the backend."),
  row("proxy-read-timeout", "readTimeout", seconds, "Low", "Longest pause, in seconds, between two reads from the backend."),
  row("proxy-body-size", "bodySize", bodySize, "Medium", "Largest request body; a larger one gets 413. 0: no limit.", `${BODY_RELOAD}, or above 32g`),
  row("proxy-buffering", "buffering", onOff, "Low", "Whether responses are read ahead of the client.", "when new"),
  row("proxy-request-buffering", "requestBuffering", onOff, "Low", "Whether a request body is read as a whole before it is passed on.", "when new"),
  row("proxy-buffer-size", "bufferSize", bufferSize, "Low", "Size of one response buffer, at least: up to the next power of two. Response headers must fit in it.", "when new"),
  row("proxy-buffers-number", "buffersNumber", buffersNumber, "Low", "How many response buffers one request may use, at least: up to the next power of two.", "when new"),
  row("proxy-next-upstream-timeout", "nextUpstreamTimeout", secondsOrNone, "Low", "Seconds during which another endpoint may be tried. 0: no limit.", "when new"),
  row("proxy-next-upstream-tries", "nextUpstreamTries", integerBetween(0, 1000), "Low", "How many endpoints may be tried. 0: no limit."),
  row("proxy-http-version", "httpVersion", oneOf("1.0", "1.1"), "Low", "HTTP version spoken to the backend.", "when new"),
  annotation<readonly NextUpstream[]>({
    name: "proxy-next-upstream",
    group: "backend",
    risk: "Medium",
    scope: "location",
    type: nextUpstream,
    doc: "When another endpoint is tried.",
    reload: "when new",
    ...field(proxy, "nextUpstream"),
    set: (values, value, config) => proxy.with(values, { nextUpstream: retryConditions(value, config) }),
  }),
];

function row<K extends keyof ProxySettings>(
  name: string,
  key: K,
  type: ValueType<NonNullable<ProxySettings[K]>>,
  risk: Risk,
  doc: string,
  reload?: Reload,
): Honoured {
  return annotation<NonNullable<ProxySettings[K]>>({
    name,
    group: "backend",
    risk,
    scope: "location",
    type,
    doc,
    ...(reload ? { reload } : {}),
    ...field(proxy, key),
  });
}

/**
 * Each condition once and `non_idempotent` last, as ingress-nginx writes them; `off` stands alone, because nginx
 * ignores whatever stands beside it. Lists of the same meaning are equal, so that there are fewer profiles.
 */
function retryConditions(conditions: readonly NextUpstream[], { retryNonIdempotent }: Config): readonly NextUpstream[] {
  if (conditions.includes("off")) return ["off"];
  return NEXT_UPSTREAM.filter((condition) => conditions.includes(condition) || (condition === "non_idempotent" && retryNonIdempotent));
}

export const proxyFeature: Feature = { slot: proxy, annotations };
