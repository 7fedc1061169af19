import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  isSampled, isTraceparent, keepSpan, newSpanBuffer, spanName, traceparentOf, traceRequest,
  type Sampling, type SpanRow,
} from "../../edge/src/trace.ts";
import { clip } from "../../edge/src/request-row.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const always: Sampling = { sampler: "on", ratio: 0, parentBased: true, reports: true };
const draw = (): number => Math.floor(Math.random() * 2 ** 32);

test("traceparent: what the standard allows, and nothing else", () => {
  assert.ok(isTraceparent(`00-${TRACE}-${SPAN}-01`));
  assert.ok(isTraceparent(`00-${TRACE}-${SPAN}-ff`));
  assert.ok(isTraceparent(`01-${TRACE}-${SPAN}-01`));
  assert.ok(isTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes-later`));
  for (const bad of [
    "", "00", `ff-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01-more`, `cc-${TRACE}-${SPAN}-01.more`, `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`, `00-${"0".repeat(32)}-${SPAN}-01`, `00-${TRACE}-${"0".repeat(16)}-01`,
    `00_${TRACE}-${SPAN}-01`, `0g-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-0x`, ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-001`, `00-${TRACE}:-${SPAN.slice(1)}-01`,
  ]) assert.ok(!isTraceparent(bad), bad);
});

test("a trusted trace is continued under a span of its own; another begins anew", () => {
  const continued = traceRequest(`00-${TRACE}-${SPAN}-01`, always, draw);
  assert.equal(continued.trace, TRACE);
  assert.equal(continued.parent, SPAN);
  assert.match(continued.span, /^[0-9a-f]{16}$/);
  assert.notEqual(continued.span, SPAN);
  assert.equal(traceparentOf(continued), `00-${TRACE}-${continued.span}-01`);
  for (const none of [undefined, "rubbish", `00-${TRACE}-${SPAN}-0`]) {
    const fresh = traceRequest(none, always, draw);
    assert.notEqual(fresh.trace, TRACE);
    assert.equal(fresh.parent, "");
    assert.ok(isTraceparent(traceparentOf(fresh)));
  }
});

test("ids are the numbers drawn, never all zero", () => {
  const context = traceRequest(undefined, always, () => 0xdeadbeef);
  assert.equal(context.trace, "deadbeef".repeat(4));
  assert.equal(context.span, "deadbeef".repeat(2));
  assert.ok(isTraceparent(traceparentOf(traceRequest(undefined, always, () => 0))));
  fc.assert(fc.property(fc.nat(0xffffffff), (word) => {
    assert.equal(traceRequest(undefined, always, () => word).span.slice(0, 8), word === 0 ? "10000000" : word.toString(16).padStart(8, "0"));
  }));
});

test("parent-based: the parent decides; else the sampler does", () => {
  const sampled = (flags: string, sampling: Sampling): boolean => traceRequest(`00-${TRACE}-${SPAN}-${flags}`, sampling, draw).sampled;
  const off: Sampling = { sampler: "off", ratio: 0, parentBased: true, reports: true };
  assert.equal(sampled("01", off), true);
  assert.equal(sampled("03", off), true);
  assert.equal(sampled("00", always), false);
  assert.equal(sampled("0a", always), false);
  assert.equal(sampled("01", { ...off, parentBased: false }), false);
  assert.equal(sampled("00", { ...always, parentBased: false }), true);
  assert.equal(traceRequest(undefined, off, draw).sampled, false);
  assert.equal(traceparentOf(traceRequest(undefined, off, draw)).slice(-3), "-00");
});

test("a ratio keeps its share of the traces, the same ones everywhere", () => {
  const ratio = (value: number): Sampling => ({ sampler: "ratio", ratio: value, parentBased: true, reports: true });
  const contexts = Array.from({ length: 20_000 }, () => traceRequest(undefined, ratio(0.25), draw));
  const share = contexts.filter(({ sampled }) => sampled).length / contexts.length;
  assert.ok(Math.abs(share - 0.25) < 0.02, String(share));
  for (const { trace, sampled } of contexts.slice(0, 100)) {
    assert.equal(isSampled(trace, ratio(0.25)), sampled);
    assert.equal(isSampled(trace, ratio(1)), true);
    assert.equal(isSampled(trace, ratio(0)), false);
    if (sampled) assert.ok(isSampled(trace, ratio(0.5)));
  }
});

test("a span's name: text and variables by turns", () => {
  const variables: Record<string, string> = { request_method: "GET", uri: "/a" };
  assert.equal(spanName(["HTTP ", "request_method", " ", "nobody", " ", "uri"], (name) => variables[name]), "HTTP GET  /a");
  assert.equal(spanName(["checkout"], () => "never"), "checkout");
  assert.equal(clip("x".repeat(600)).length, 512);
});

test("a worker keeps so many spans and counts the others", () => {
  const buffer = newSpanBuffer();
  for (let i = 0; i < 3000; i++) keepSpan(buffer, {} as SpanRow);
  assert.equal(buffer.rows.length + buffer.dropped, 3000);
  assert.ok(buffer.dropped > 0);
});
