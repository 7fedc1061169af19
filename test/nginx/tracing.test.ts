/** Traces from the client through the edge to a collector, and to the backend. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { startCollector, type CollectedSpan, type Collector } from "../support/collector.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
let echo: EchoBackend;
let collector: Collector;
let sluice: Sluice;

const settings = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  "settings.yaml": configMap({
    "worker-processes": "1", "otlp-collector-host": "127.0.0.1", "otlp-collector-port": String(collector.port),
    "otel-service-name": "edge", "otel-schedule-delay-millis": "50", ...more,
  }),
});
const host = (name: string, annotations: Readonly<Record<string, string>> = {}, endpoints = [`127.0.0.1:${echo.port}`]): Record<string, string> => ({
  [`${name}.yaml`]: site({ name, host: `${name}.example`, endpoints, annotations }),
});
const on = { "enable-opentelemetry": "true" };

before(async () => {
  echo = await startEcho("web");
  collector = await startCollector();
  sluice = await startSluice({
    files: {
      ...settings(), ...host("on", on), ...host("off"), ...host("named", { ...on, "opentelemetry-operation-name": "checkout" }),
      ...host("distrust", { ...on, "opentelemetry-trust-incoming-span": "false" }), ...host("empty", on, []),
    },
    args: ["--configmap=sluice/sluice", "--reload-interval=0"],
  });
});
after(async () => {
  await sluice?.stop();
  await collector?.close();
  await echo?.close();
});

/** Sends a request, and gives the traceparent that the backend saw and the spans that the collector got for it. */
async function traced(name: string, headers: Readonly<Record<string, string>> = {}, path = "/a?b=c"): Promise<{ seen: string; spans: readonly CollectedSpan[]; status: number }> {
  const before = collector.spans.length;
  const answer = await ask({ port: sluice.http, host: `${name}.example`, path, headers });
  await collector.wait(before + 1);
  return { seen: answer.echo?.headers["traceparent"] ?? "", spans: collector.spans.slice(before), status: answer.status };
}

test("a trace is continued: the backend's parent is our span, whose parent is the client's", async () => {
  const { seen, spans: [span] } = await traced("on", { traceparent: `00-${TRACE}-${SPAN}-01` });
  assert.ok(span);
  assert.equal(seen, `00-${TRACE}-${span.spanId}-01`);
  assert.deepEqual([span.traceId, span.parentSpanId, span.kind, span.service, span.name], [TRACE, SPAN, 2, "edge", "GET /"]);
  const { attributes } = span;
  assert.equal(attributes["http.request.method"], "GET");
  assert.equal(attributes["url.path"], "/a");
  assert.equal(attributes["url.query"], "b=c");
  assert.equal(attributes["http.route"], "/");
  assert.equal(attributes["http.response.status_code"], 200);
  assert.equal(attributes["server.address"], "on.example");
  assert.equal(attributes["k8s.namespace.name"], "shop");
  assert.equal(attributes["sluice.ingress.name"], "on");
  assert.equal(attributes["sluice.upstream.port"], echo.port);
  assert.ok(Math.abs(span.end - Date.now()) < 20_000 && span.start <= span.end, `${span.start} ${span.end}`);
});

test("a trace begins here where there is none, or none that is trusted", async () => {
  const ids = new Set<string>();
  for (const [name, headers] of [["on", {}], ["on", { traceparent: "rubbish" }], ["distrust", { traceparent: `00-${TRACE}-${SPAN}-01` }]] as const) {
    const { seen, spans: [span] } = await traced(name, headers);
    assert.equal(span?.parentSpanId, undefined);
    assert.notEqual(span?.traceId, TRACE);
    assert.equal(seen, `00-${span?.traceId}-${span?.spanId}-01`);
    ids.add(span?.traceId ?? "").add(span?.spanId ?? "");
  }
  assert.equal(ids.size, 6);
});

test("names, errors, and routes without tracing", async () => {
  assert.equal((await traced("named")).spans[0]?.name, "checkout");
  const { status, spans: [failed] } = await traced("empty");
  assert.deepEqual([status, failed?.statusCode, failed?.attributes["error.type"]], [503, 2, "503"]);
  const before = collector.spans.length;
  const untouched = await ask({ port: sluice.http, host: "off.example", headers: { traceparent: "kept" } });
  assert.equal(untouched.echo?.headers["traceparent"], "kept");
  const { seen } = await traced("on");
  assert.match(seen, /-01$/);
  assert.equal(collector.spans.length, before + 1);
});

test("a client that did not sample is followed; its backend learns that", async () => {
  const unsampled = await ask({ port: sluice.http, host: "on.example", headers: { traceparent: `00-${TRACE}-${SPAN}-00` } });
  assert.match(unsampled.echo?.headers["traceparent"] ?? "", new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  const { spans } = await traced("on");
  assert.equal(spans.length, 1);
});

test("the operator's settings hold for every route: on, name with variables, sampler", async () => {
  await sluice.apply(settings({ "enable-opentelemetry": "true", "opentelemetry-operation-name": "HTTP $request_method ${service_name} $uri" }));
  assert.equal((await traced("off")).spans[0]?.name, "HTTP GET off /a");
  await sluice.apply(settings({ "enable-opentelemetry": "true", "otel-sampler": "AlwaysOff" }));
  const answer = await ask({ port: sluice.http, host: "off.example" });
  assert.match(answer.echo?.headers["traceparent"] ?? "", /-00$/);
  assert.equal((await traced("off", { traceparent: `00-${TRACE}-${SPAN}-01` })).spans[0]?.traceId, TRACE);
});

test("what was sent is counted", async () => {
  const { text } = await sluice.ask("/metrics");
  const exported = Number(/^sluice_spans_exported_total (\d+)/m.exec(text)?.[1]);
  assert.ok(exported >= 8, text);
  assert.match(text, /^sluice_spans_dropped_total 0/m);
});
