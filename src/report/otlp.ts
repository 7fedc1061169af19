/**
 * Spans of the edge as OpenTelemetry's OTLP/HTTP JSON, with the attributes of the HTTP semantic conventions.
 *
 * Pure. Query parameters that carry signatures are redacted, as the conventions ask.
 */
import type { SpanRow } from "../../edge/src/trace.ts";

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

/** Body of `POST /v1/traces`. */
export function otlpRequest(rows: readonly SpanRow[], serviceName: string): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: [textAttribute("service.name", serviceName)] },
        scopeSpans: [{ scope: { name: "sluice" }, spans: rows.map(otlpSpan) }],
      },
    ],
  };
}

const SERVER = 2;
const ERROR = 2;
/** Bits 8 and 9: it is known whether the parent is remote, and it is. */
const REMOTE_PARENT = 0x300;
const SAMPLED = 1;

function otlpSpan(row: SpanRow): object {
  return {
    traceId: row.trace,
    spanId: row.span,
    ...(row.parent === "" ? {} : { parentSpanId: row.parent }),
    flags: SAMPLED | (row.parent === "" ? 0 : REMOTE_PARENT),
    name: row.name,
    kind: SERVER,
    startTimeUnixNano: `${row.start}000000`,
    endTimeUnixNano: `${row.end}000000`,
    attributes: attributes(row),
    // A client's mistake is no error of the server (semantic conventions, HTTP server spans).
    status: row.status >= 500 ? { code: ERROR } : {},
  };
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]);

function attributes(row: SpanRow): readonly Attribute[] {
  const known = METHODS.has(row.method);
  const query = row.uri.indexOf("?");
  const [upstream, upstreamPort] = splitAddress(lastAddress(row.upstream));
  return [
    textAttribute("http.request.method", known ? row.method : "_OTHER"),
    ...(known ? [] : [textAttribute("http.request.method_original", row.method)]),
    textAttribute("url.scheme", row.scheme),
    textAttribute("url.path", query < 0 ? row.uri : row.uri.slice(0, query)),
    ...(query < 0 ? [] : [textAttribute("url.query", redacted(row.uri.slice(query + 1)))]),
    ...filled("http.route", row.route),
    numberAttribute("http.response.status_code", row.status),
    ...(row.status >= 500 ? [textAttribute("error.type", String(row.status))] : []),
    ...filled("server.address", row.host),
    ...(/^[0-9]+$/.test(row.port) ? [numberAttribute("server.port", Number(row.port))] : []),
    ...filled("client.address", row.client),
    ...filled("user_agent.original", row.agent),
    ...filled("network.protocol.version", protocolVersion(row.protocol)),
    ...filled("k8s.namespace.name", row.namespace),
    ...filled("sluice.ingress.name", row.ingress),
    ...filled("k8s.service.name", row.service),
    ...filled("sluice.canary.name", row.canary),
    ...filled("sluice.upstream.address", upstream),
    ...(upstreamPort === undefined ? [] : [numberAttribute("sluice.upstream.port", upstreamPort)]),
  ];
}

function textAttribute(key: string, value: string): Attribute {
  return { key, value: { stringValue: value } };
}

function numberAttribute(key: string, value: number): Attribute {
  return { key, value: { intValue: String(value) } };
}

function filled(key: string, value: string): readonly Attribute[] {
  return value === "" ? [] : [textAttribute(key, value)];
}

/** `HTTP/2.0` is version 2. */
function protocolVersion(protocol: string): string {
  return protocol.replace(/^HTTP\//, "").replace(/^([23])\.0$/, "$1");
}

/** nginx lists every endpoint that it tried; the last one answered. */
function lastAddress(addresses: string): string {
  return addresses.split(/[,\s]+/).at(-1) ?? "";
}

function splitAddress(address: string): readonly [string, number | undefined] {
  const [, host = address, port] = /^(.*):([0-9]+)$/.exec(address) ?? [];
  return [host.replace(/^\[|\]$/g, ""), port === undefined ? undefined : Number(port)];
}

const SIGNATURES = /(^|&)(AWSAccessKeyId|Signature|sig|X-Goog-Signature)=[^&]*/g;

function redacted(query: string): string {
  return query.replace(SIGNATURES, "$1$2=REDACTED");
}
