/**
 * Sends spans to an OpenTelemetry collector over OTLP/HTTP, in batches.
 *
 * Guarantee: never in the way of anything. What waits is bounded; what finds no room, or is refused by the collector,
 * is dropped and counted. A collector that is away is tried again with back-off, its batch kept meanwhile.
 */
import { Agent } from "undici";
import type { SpanRow } from "../../edge/src/trace.ts";
import type { Config } from "../model/config/config.ts";
import { createBackoff, pause } from "../support/backoff.ts";
import type { Log } from "../support/log.ts";
import { otlpRequest } from "./otlp.ts";

export interface SpanExportSettings {
  /** Empty: spans are made and thrown away. */
  readonly host: string;
  readonly port: number;
  readonly serviceName: string;
  readonly maxQueueSize: number;
  readonly scheduleDelayMs: number;
  readonly maxBatchSize: number;
}

export function spanExportSettings(config: Config): SpanExportSettings {
  return {
    host: config.otlpCollectorHost,
    port: config.otlpCollectorPort,
    serviceName: config.otelServiceName,
    maxQueueSize: config.otelMaxQueuesize,
    scheduleDelayMs: config.otelScheduleDelayMillis,
    maxBatchSize: config.otelMaxExportBatchSize,
  };
}

export interface SpanExport {
  /** Takes effect with the next batch. */
  configure(settings: SpanExportSettings): void;
  /** @param dropped spans that the workers had no room for. */
  take(rows: readonly SpanRow[], dropped: number): void;
  /** Since the start: spans that the collector took, and spans that were lost on the way. */
  readonly counts: { readonly exported: number; readonly dropped: number };
  /** Tries once to send what is left, then ends. */
  stop(): Promise<void>;
}

const ANSWER_MS = 10_000;
const BACKOFF_MS = { base: 1000, cap: 30_000 };
/** The standard's list: anything else will be refused again. */
const RETRYABLE = new Set([429, 502, 503, 504]);

type Outcome = { readonly sent: boolean; readonly again: boolean; readonly problem?: string; readonly waitMs?: number };

export function createSpanExport(settings: SpanExportSettings, log: Log, backoff = createBackoff(BACKOFF_MS.base, BACKOFF_MS.cap)): SpanExport {
  let current = settings;
  let queue: SpanRow[] = [];
  const counts = { exported: 0, dropped: 0 };
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> = Promise.resolve();
  let busy = false;
  const stopped = new AbortController();
  const agent = new Agent({ connect: { timeout: ANSWER_MS }, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS });

  const report = ({ sent, problem = "" }: Outcome, lost: number): void => {
    if (!sent && !failing) log("warn", `spans cannot be sent to ${current.host}:${current.port}: ${problem}`);
    if (sent && failing) log("info", "spans are sent again");
    failing = !sent;
    counts.dropped += lost;
  };

  const flush = async (): Promise<void> => {
    while (queue.length > 0 && !stopped.signal.aborted) {
      const batch = queue.slice(0, current.maxBatchSize);
      const outcome = await post(agent, current, batch);
      if (outcome.again) {
        report(outcome, 0);
        await pause(Math.max(outcome.waitMs ?? 0, backoff.next()), stopped.signal);
        continue;
      }
      queue = queue.slice(batch.length);
      if (outcome.sent) counts.exported += batch.length;
      report(outcome, outcome.sent ? 0 : batch.length);
      backoff.reset();
      if (queue.length < current.maxBatchSize) break;
    }
  };

  /** One flush at a time: at once for a full batch, else when the oldest has waited long enough. */
  const schedule = (): void => {
    if (busy || stopped.signal.aborted || queue.length === 0) return;
    const full = queue.length >= current.maxBatchSize;
    if (full) clearTimeout(timer);
    else if (timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      busy = true;
      sending = flush().finally(() => {
        busy = false;
        schedule();
      });
    }, full ? 0 : current.scheduleDelayMs);
    timer.unref();
  };

  return {
    counts,
    configure(next) {
      current = next;
    },
    take(rows, dropped) {
      const room = current.host === "" ? 0 : Math.max(0, current.maxQueueSize - queue.length);
      queue.push(...rows.slice(0, room));
      counts.dropped += dropped + Math.max(0, rows.length - room);
      schedule();
    },
    async stop() {
      clearTimeout(timer);
      stopped.abort();
      await sending;
      if (queue.length > 0) await post(agent, current, queue.slice(0, current.maxBatchSize));
      await agent.destroy();
    },
  };
}

async function post(agent: Agent, settings: SpanExportSettings, rows: readonly SpanRow[]): Promise<Outcome> {
  const host = settings.host.includes(":") ? `[${settings.host}]` : settings.host;
  try {
    const response = await agent.request({
      origin: `http://${host}:${settings.port}`,
      path: "/v1/traces",
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": "sluice" },
      body: JSON.stringify(otlpRequest(rows, settings.serviceName)),
    });
    await response.body.dump();
    const { statusCode } = response;
    if (statusCode < 300) return { sent: true, again: false };
    const again = RETRYABLE.has(statusCode);
    return { sent: false, again, problem: `it answers ${statusCode}`, waitMs: retryAfter(response.headers["retry-after"]) };
  } catch (error) {
    return { sent: false, again: true, problem: (error as Error).message };
  }
}

/** Seconds; a date is left to our own back-off. */
function retryAfter(value: string | string[] | undefined): number {
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, 60_000) : 0;
}
