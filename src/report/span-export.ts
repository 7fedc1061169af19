/**
 * Sends spans to an OpenTelemetry collector over OTLP/HTTP, in batches.
 *
 * Guarantee: never in the way of anything. The queue is bounded; spans that find no room in it, or that the collector
 * refuses, are dropped and counted. A collector that is away is tried again with back-off, and its batch is kept.
 */
import type { Agent } from "undici";
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
/** The statuses after which the OTLP standard allows another try; a batch with any other would be refused again. */
const RETRYABLE = new Set([429, 502, 503, 504]);

type Outcome = { readonly sent: boolean; readonly again: boolean; readonly problem?: string; readonly waitMs?: number };

/** @param open opens the HTTP client, with the first batch. */
export function createSpanExport(settings: SpanExportSettings, log: Log, backoff = createBackoff(BACKOFF_MS.base, BACKOFF_MS.cap), open = openAgent): SpanExport {
  let current = settings;
  let queue: SpanRow[] = [];
  const counts = { exported: 0, dropped: 0 };
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> = Promise.resolve();
  let busy = false;
  const stopped = new AbortController();
  let agent: Promise<Agent> | undefined;
  const send = async (batch: readonly SpanRow[]): Promise<Outcome> => {
    try {
      return await post(await (agent ??= open()), current, batch);
    } catch (error) {
      // The client could not be loaded, for want of file descriptors say: the next try loads it again.
      agent = undefined;
      return { sent: false, again: true, problem: (error as Error).message };
    }
  };

  const report = ({ sent, problem = "" }: Outcome, lost: number): void => {
    if (!sent && !failing) log("warn", `spans cannot be sent to ${current.host}:${current.port}: ${problem}`);
    if (sent && failing) log("info", "spans are sent again");
    failing = !sent;
    counts.dropped += lost;
  };

  const flush = async (): Promise<void> => {
    while (queue.length > 0 && !stopped.signal.aborted) {
      const batch = queue.slice(0, current.maxBatchSize);
      const outcome = await send(batch);
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

  /** Starts a flush, if none runs: at once for a full batch, otherwise when the oldest span has waited long enough. */
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
      if (queue.length > 0) await send(queue.slice(0, current.maxBatchSize));
      await (await agent?.catch(() => undefined))?.destroy();
    },
  };
}

/** The HTTP client is loaded with the first batch: without a collector nobody needs it. */
async function openAgent(): Promise<Agent> {
  const { Agent } = await import("undici");
  return new Agent({ connect: { timeout: ANSWER_MS }, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS });
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

/** A Retry-After header of seconds, as milliseconds; 0 for a date, which is left to our own back-off. */
function retryAfter(value: string | string[] | undefined): number {
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, 60_000) : 0;
}
