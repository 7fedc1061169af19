/**
 * Spans of the routes that are traced: begun when the request is decided, ended in the log phase, kept until the channel
 * takes them to the controller. Other routes never get here.
 *
 * The backend's traceparent is put in the place of the client's, so nginx passes it on like any other header.
 */
import { hostOf, portOf } from "../asked-origin.ts";
import type { EdgeCanary, EdgeRoute } from "../program.ts";
import type { SpanBuffer, SpanRow, TraceContext } from "../trace.ts";
import { keepSpan, newSpanBuffer, spanName, traceparentOf, traceRequest } from "../trace.ts";
import { clip, milliseconds } from "../request-row.ts";
import { request } from "./request.ts";
import { requestRow } from "./request-row.ts";
import { recall, tables } from "./state.ts";
import { variable } from "./variables.ts";

const WORD = 4294967295;
/** Added to every draw, so that two workers with the same random seed draw different numbers. */
let salt = 0;
let buffer: SpanBuffer = newSpanBuffer();

/** To be called when the worker starts. */
export function startTracing(): void {
  const [source] = io.open("/dev/urandom", "rb");
  const drawn = source?.read(4);
  if (drawn !== undefined) for (let at = 0; at < drawn.length; at++) salt = salt * 256 + drawn.charCodeAt(at);
  source?.close();
}

/** A whole number in 0 … 2^32-1. The sum stays within what a Lua number holds exactly. */
function draw(): number {
  return (math.random(0, WORD) + salt) % (WORD + 1);
}

/** To be called for a request that was remembered. The subrequest for its error page keeps the request's span. */
export function beginSpan(route: EdgeRoute): void {
  const state = recall();
  if (state === undefined || (ngx.req.is_internal() && state.span !== undefined)) return;
  state.span = newSpan(route);
}

/** The context of the request at hand, which is also sent to its backend. Undefined before the settings have come. */
function newSpan(route: EdgeRoute): TraceContext | undefined {
  const sampling = tables.settings.sampling;
  if (sampling === undefined) return undefined;
  const incoming = route.trace?.trust === true ? ngx.var.http_traceparent : undefined;
  const context = traceRequest(incoming, sampling, draw);
  ngx.req.set_header("traceparent", traceparentOf(context));
  // `tracestate` belongs to the client's trace, which is not continued here (W3C Trace Context, 3.3.1).
  if (context.parent === "" && ngx.var.http_tracestate !== undefined) ngx.req.clear_header("tracestate");
  return context;
}

export function endSpan(context: TraceContext | undefined, route: EdgeRoute, canary: EdgeCanary | undefined, status: number): void {
  if (context === undefined || !context.sampled || tables.settings.sampling?.reports !== true) return;
  const vars = ngx.var;
  const row = requestRow(route, canary, status);
  const name = route.trace?.name;
  keepSpan(buffer, {
    ...row,
    trace: context.trace,
    span: context.span,
    parent: context.parent,
    name: name === undefined ? clip(row.method + " " + route.path) : spanName(name, (name) => labelOf(route, name) ?? variable(name)),
    start: milliseconds(ngx.req.start_time()),
    end: milliseconds(ngx.now()),
    host: clip(hostOf(tables.settings, request)),
    port: portOf(tables.settings, request) ?? (row.scheme === "https" ? "443" : "80"),
    uri: clip(vars.request_uri ?? ""),
    protocol: vars.server_protocol ?? "",
    agent: clip(vars.http_user_agent ?? ""),
  });
}

/** The values of the variables that ingress-nginx sets per location. */
function labelOf(route: EdgeRoute, variable: string): string | undefined {
  if (variable === "namespace") return route.namespace;
  if (variable === "ingress_name") return route.ingress;
  if (variable === "service_name") return route.service;
  if (variable === "service_port") return route.port;
  return variable === "location_path" ? route.path : undefined;
}

/** The spans that came since the last call. */
export function drainSpans(): { rows: SpanRow[]; dropped: number } {
  const full = buffer;
  if (full.rows.length > 0 || full.dropped > 0) buffer = newSpanBuffer();
  return full;
}
