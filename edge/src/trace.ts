/**
 * Tracing (W3C Trace Context, level 1): who continues whose trace, which requests are sampled, what a span says.
 *
 * Pure: random numbers and variables come from the caller. Only routes that are traced get here.
 */
import { clip, type RequestRow } from "./request-row.ts";

/** How requests of a route are traced; absent on routes that are not traced. */
export interface RouteTrace {
  /** Continue the trace of the client's `traceparent`; else begin a new one. */
  trust: boolean;
  /** The span's name: literal text and names of variables by turns, text first. Absent: method and path of the route. */
  name?: string[];
}

/** What the operator set for all traces. */
export interface Sampling {
  sampler: "on" | "off" | "ratio";
  /** For `ratio`: 0 … 1 of the traces. */
  ratio: number;
  /** Spans are sent; else only the context is passed on. */
  reports: boolean;
  /** A trace that is continued keeps what was decided for it. */
  parentBased: boolean;
}

/** The place of one request in a trace. */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits. */
  trace: string;
  /** 16 of them: the span of this request. */
  span: string;
  /** The client's span; "" at the beginning of a trace. */
  parent: string;
  sampled: boolean;
}

/** One request that was sampled, as it travels to the controller. */
export interface SpanRow extends RequestRow {
  trace: string;
  span: string;
  parent: string;
  name: string;
  /** Milliseconds of Unix time. */
  start: number;
  end: number;
  host: string;
  /** Port of the listener. */
  port: string;
  /** Raw path and query, as the client sent them. */
  uri: string;
  /** `HTTP/1.1`. */
  protocol: string;
  agent: string;
}

/** Spans that a worker keeps between two reports (a second), and that travel in one message. */
const MOST_KEPT = 2048;
export const SPANS_PER_MESSAGE = 128;

const TRACEPARENT_LENGTH = 55;
const DASH = 45;
const NO_TRACE = "00000000000000000000000000000000";
const NO_SPAN = "0000000000000000";
const DIGITS = "0123456789abcdef";
const WORD = 4294967296;

/**
 * The context of a request. `incoming` is the client's traceparent, undefined when there is none or it is not
 * trusted; one that is not valid begins a new trace. `draw` gives whole numbers in 0 … 2^32-1.
 */
export function traceRequest(incoming: string | undefined, sampling: Sampling, draw: () => number): TraceContext {
  if (incoming !== undefined && isTraceparent(incoming)) {
    const trace = incoming.substring(3, 35);
    const sampled = sampling.parentBased ? digit(incoming, 54) % 2 === 1 : isSampled(trace, sampling);
    return { trace, span: spanId(draw), parent: incoming.substring(36, 52), sampled };
  }
  const trace = traceId(draw);
  return { trace, span: spanId(draw), parent: "", sampled: isSampled(trace, sampling) };
}

/** The header `traceparent` for the backend. */
export function traceparentOf(context: TraceContext): string {
  return "00-" + context.trace + "-" + context.span + (context.sampled ? "-01" : "-00");
}

/** Whether a text is a valid traceparent. One of version 00 is exactly so long; a later version may go on after another dash; ff is forbidden. */
export function isTraceparent(text: string): boolean {
  const length = text.length;
  if (length < TRACEPARENT_LENGTH) return false;
  if (text.charCodeAt(2) !== DASH || text.charCodeAt(35) !== DASH || text.charCodeAt(52) !== DASH) return false;
  if (!isHex(text, 0, 2) || !isHex(text, 3, 35) || !isHex(text, 36, 52) || !isHex(text, 53, 55)) return false;
  const version = text.substring(0, 2);
  if (version === "ff" || (version === "00" && length !== TRACEPARENT_LENGTH)) return false;
  if (length > TRACEPARENT_LENGTH && text.charCodeAt(55) !== DASH) return false;
  return text.substring(3, 35) !== NO_TRACE && text.substring(36, 52) !== NO_SPAN;
}

/** Whether a trace is sampled. A ratio is applied to the trace's own digits, so that every service with the same ratio keeps the same traces. */
export function isSampled(trace: string, sampling: Sampling): boolean {
  if (sampling.sampler !== "ratio") return sampling.sampler === "on";
  let value = 0;
  for (let at = 16; at < 24; at++) value = value * 16 + digit(trace, at);
  return value / WORD < sampling.ratio;
}

function traceId(draw: () => number): string {
  const id = hex(draw()) + hex(draw()) + hex(draw()) + hex(draw());
  return id === NO_TRACE ? "1" + id.substring(1) : id;
}

function spanId(draw: () => number): string {
  const id = hex(draw()) + hex(draw());
  return id === NO_SPAN ? "1" + id.substring(1) : id;
}

/** Eight digits of a whole number in 0 … 2^32-1. */
function hex(word: number): string {
  let text = "";
  let left = word;
  for (let at = 0; at < 8; at++) {
    const low = left % 16;
    text = DIGITS.substring(low, low + 1) + text;
    left = (left - low) / 16;
  }
  return text;
}

/** The value of a hexadecimal digit; the caller has checked that it is one. */
function digit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code > 57 ? code - 87 : code - 48;
}

/** Lower case only, as the standard asks. */
function isHex(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 102 || (code > 57 && code < 97)) return false;
  }
  return true;
}

/** The name that the operator or the Ingress gave; variables that are not set are empty. */
export function spanName(pieces: string[], variable: (name: string) => string | undefined): string {
  let name = "";
  let isVariable = false;
  for (const piece of pieces) {
    name += isVariable ? (variable(piece) ?? "") : piece;
    isVariable = !isVariable;
  }
  return clip(name);
}

/** Spans that wait for the next report. */
export interface SpanBuffer {
  rows: SpanRow[];
  /** Spans that found no room since the last report. */
  dropped: number;
}

export function newSpanBuffer(): SpanBuffer {
  return { rows: [], dropped: 0 };
}

export function keepSpan(buffer: SpanBuffer, row: SpanRow): void {
  if (buffer.rows.length >= MOST_KEPT) buffer.dropped++;
  else buffer.rows.push(row);
}
