/** nginx itself, with ingress-nginx's names: connections as its workers count them, processes as the agent measures them. */
import type { NginxMeasures } from "../engine/engine.ts";
import type { ConnectionCounts, ProcessMeasures } from "../engine/protocol.ts";
import { byLabel, single, type Labels, type Metric } from "./exposition.ts";
import { PREFIX } from "./request-metrics.ts";

export interface NginxMetrics {
  readonly metrics: readonly Metric[];
  take(measures: NginxMeasures): void;
  /** Resolves when the agent has measured, or after a moment; then the last measures stay. */
  fresh(): Promise<void>;
}

const NAMES = `${PREFIX}nginx_process_`;
const PATIENCE_MS = 300;

/** @param ask asks the agent to measure; false when there is none. */
export function createNginxMetrics(common: Labels, ask: () => boolean): NginxMetrics {
  let connections: ConnectionCounts | undefined;
  let processes: ProcessMeasures | undefined;
  const waiting = new Set<() => void>();

  const metric = (type: "counter" | "gauge", name: string, help: string, value: () => number | undefined): Metric => single(type, NAMES + name, help, value, common);
  const states = (type: "counter" | "gauge", name: string, help: string, of: readonly (keyof ConnectionCounts)[]): Metric =>
    byLabel(type, NAMES + name, help, "state", () => {
      const now = connections;
      return now ? of.map((state) => [state, now[state]]) : [];
    }, common);
  const metrics = [
    states("counter", "connections_total", "Client connections since nginx was started.", ["accepted", "handled"]),
    states("gauge", "connections", "Client connections now.", ["active", "reading", "writing", "waiting"]),
    metric("counter", "requests_total", "Requests since nginx was started.", () => connections?.requests),
    metric("gauge", "num_procs", "Processes of nginx.", () => processes?.processes),
    metric("counter", "cpu_seconds_total", "Processor time of nginx, user and system.", () => processes?.cpuSeconds),
    metric("counter", "read_bytes_total", "Bytes that nginx read from disks.", () => processes?.readBytes),
    metric("counter", "write_bytes_total", "Bytes that nginx wrote to disks.", () => processes?.writtenBytes),
    metric("gauge", "resident_memory_bytes", "Memory of nginx in use; what its processes share counts for each.", () => processes?.residentBytes),
    metric("gauge", "virtual_memory_bytes", "Memory that nginx asked for.", () => processes?.virtualBytes),
    metric("gauge", "oldest_start_time_seconds", "When the oldest process of nginx was started.", () => processes?.oldestStart),
  ];

  return {
    metrics,
    take(measures) {
      const { op, ...numbers } = measures;
      if (op === "connections") connections = numbers as ConnectionCounts;
      else processes = numbers as ProcessMeasures;
      if (op === "processes") for (const done of [...waiting]) done();
    },
    async fresh() {
      if (!ask()) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, PATIENCE_MS);
        waiting.add(done);
      });
    },
  };
}
