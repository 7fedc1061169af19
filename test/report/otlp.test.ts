import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Agent } from "undici";
import type { SpanRow } from "../../edge/src/trace.ts";
import { createSpanExport, type SpanExport, type SpanExportSettings } from "../../src/report/span-export.ts";
import { createBackoff } from "../../src/support/backoff.ts";
import { startCollector, type Collector } from "../support/collector.ts";

const row = (change: Partial<SpanRow> = {}): SpanRow => ({
  trace: "4bf92f3577b34da6a3ce929d0e0e4736", span: "00f067aa0ba902b7", parent: "", name: "GET /", start: 1_700_000_000_123,
  end: 1_700_000_000_150, status: 200, method: "GET", scheme: "https", host: "shop.example", port: "443", uri: "/a?b=c",
  protocol: "HTTP/2.0", client: "192.0.2.1", agent: "curl/8", route: "/", namespace: "shop", ingress: "web", service: "web",
  canary: "", upstream: "10.0.0.1:8080, 10.0.0.2:8080", ...change,
});

async function started(t: TestContext, change: Partial<SpanExportSettings> = {}): Promise<{ collector: Collector; spans: SpanExport; said: string[] }> {
  const collector = await startCollector();
  const said: string[] = [];
  const settings = { host: "127.0.0.1", port: collector.port, serviceName: "nginx", maxQueueSize: 100, scheduleDelayMs: 20, maxBatchSize: 10, ...change };
  const spans = createSpanExport(settings, (_, text) => void said.push(text), createBackoff(20, 50));
  t.after(async () => {
    await spans.stop();
    await collector.close();
  });
  return { collector, spans, said };
}

test("a span has the attributes of the semantic conventions", async (t) => {
  const { collector, spans } = await started(t);
  spans.take([row({ parent: "b7ad6b7169203331" })], 0);
  const [span] = await collector.wait(1);
  assert.deepEqual(span, {
    service: "nginx", traceId: row().trace, spanId: row().span, parentSpanId: "b7ad6b7169203331", name: "GET /", kind: 2,
    start: 1_700_000_000_123, end: 1_700_000_000_150, statusCode: 0,
    attributes: {
      "http.request.method": "GET", "url.scheme": "https", "url.path": "/a", "url.query": "b=c", "http.route": "/",
      "http.response.status_code": 200, "server.address": "shop.example", "server.port": 443, "client.address": "192.0.2.1",
      "user_agent.original": "curl/8", "network.protocol.version": "2", "k8s.namespace.name": "shop", "sluice.ingress.name": "web",
      "k8s.service.name": "web", "sluice.upstream.address": "10.0.0.2", "sluice.upstream.port": 8080,
    },
  });
});

test("odd methods, server errors, signatures in a query", async (t) => {
  const { collector, spans } = await started(t);
  spans.take([row({ method: "PURGE", status: 503, uri: "/x?sig=secret&a=1", route: "", upstream: "", namespace: "" })], 0);
  const [span] = await collector.wait(1);
  assert.equal(span?.statusCode, 2);
  assert.equal(span.attributes["error.type"], "503");
  assert.equal(span.attributes["http.request.method"], "_OTHER");
  assert.equal(span.attributes["http.request.method_original"], "PURGE");
  assert.equal(span.attributes["url.query"], "sig=REDACTED&a=1");
  assert.ok(!("http.route" in span.attributes) && !("sluice.upstream.address" in span.attributes));
});

test("spans travel in batches of at most the largest size", async (t) => {
  const { collector, spans } = await started(t);
  spans.take(Array.from({ length: 35 }, () => row()), 0);
  while (spans.counts.exported < 35) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(collector.batches.every((size) => size <= 10), collector.batches.join());
  assert.deepEqual(spans.counts, { exported: 35, dropped: 0 });
});

test("a collector that is away is tried again and loses nothing; one that refuses loses its batch", async (t) => {
  const { collector, spans, said } = await started(t);
  collector.fail(503, 429, 503);
  spans.take([row()], 0);
  while (spans.counts.exported === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(collector.spans.length, 1);
  assert.equal(said.length, 2, said.join());
  assert.match(said[0] ?? "", /cannot be sent to 127\.0\.0\.1:.*503/);
  assert.match(said[1] ?? "", /sent again/);
  collector.fail(400);
  spans.take([row()], 0);
  while (spans.counts.dropped === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(spans.counts, { exported: 1, dropped: 1 });
});

test("what waits is bounded, and what the workers dropped counts too", async (t) => {
  const { spans } = await started(t, { port: 1, maxQueueSize: 5 });
  spans.take(Array.from({ length: 8 }, () => row()), 4);
  assert.deepEqual(spans.counts, { exported: 0, dropped: 7 });
});

test("without a collector nothing is kept", async (t) => {
  const { spans } = await started(t, { host: "" });
  spans.take([row()], 0);
  assert.deepEqual(spans.counts, { exported: 0, dropped: 1 });
});

test("what is left is sent at the end", async (t) => {
  const { collector, spans } = await started(t, { scheduleDelayMs: 60_000 });
  spans.take([row()], 0);
  await spans.stop();
  assert.equal(collector.spans.length, 1);
});

test("a client that cannot be loaded is tried again, and no spans are lost", async (t) => {
  const { collector } = await started(t);
  let tries = 0;
  const load = async (): Promise<Agent> => {
    if (++tries < 3) throw new Error("too many open files");
    return new Agent();
  };
  const said: string[] = [];
  const settings = { host: "127.0.0.1", port: collector.port, serviceName: "nginx", maxQueueSize: 100, scheduleDelayMs: 20, maxBatchSize: 10 };
  const spans = createSpanExport(settings, (_, text) => void said.push(text), createBackoff(20, 50), load);
  spans.take([row()], 0);
  await collector.wait(1);
  while (spans.counts.exported < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([tries, spans.counts, said.length], [3, { exported: 1, dropped: 0 }, 2]);
  await spans.stop();
  const never = createSpanExport(settings, () => undefined, createBackoff(20, 50), async () => Promise.reject(new Error("too many open files")));
  never.take([row()], 0);
  await never.stop();
  assert.deepEqual(never.counts, { exported: 0, dropped: 0 });
});
