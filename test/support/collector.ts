/** A small OpenTelemetry collector: takes OTLP/HTTP JSON and keeps the spans, flat, for tests to look at. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface CollectedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly start: number;
  readonly end: number;
  readonly statusCode: number;
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface Collector {
  readonly port: number;
  readonly spans: readonly CollectedSpan[];
  /** Sizes of the batches, in order. */
  readonly batches: readonly number[];
  /** Answers these statuses first, one per request, and takes nothing meanwhile. */
  fail(...statuses: number[]): void;
  /** Resolves when at least `count` spans have come. */
  wait(count: number, withinMs?: number): Promise<readonly CollectedSpan[]>;
  close(): Promise<void>;
}

interface Wire {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly WireAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}
interface WireAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}
interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
  readonly attributes: readonly WireAttribute[];
}

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const batches: number[] = [];
  const failures: number[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const failure = failures.shift();
      if (failure === undefined && request.url === "/v1/traces" && request.headers["content-type"] === "application/json") {
        const taken = flatten(JSON.parse(body) as Wire);
        spans.push(...taken);
        batches.push(taken.length);
        response.end("{}");
      } else {
        response.writeHead(failure ?? 400).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    spans,
    batches,
    fail: (...statuses) => void failures.push(...statuses),
    async wait(count, withinMs = 10_000) {
      const deadline = Date.now() + withinMs;
      while (spans.length < count) {
        if (Date.now() > deadline) throw new Error(`only ${spans.length} of ${count} spans came`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return spans;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function flatten({ resourceSpans }: Wire): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => readable(span, String(plain(resource.attributes)["service.name"])))),
  );
}

function readable(span: WireSpan, service: string): CollectedSpan {
  const { traceId, spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano, status, attributes } = span;
  return {
    service, traceId, spanId, name, kind,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    start: Number(BigInt(startTimeUnixNano) / 1_000_000n),
    end: Number(BigInt(endTimeUnixNano) / 1_000_000n),
    statusCode: status?.code ?? 0,
    attributes: plain(attributes),
  };
}

function plain(attributes: readonly WireAttribute[]): Record<string, string | number> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]));
}
