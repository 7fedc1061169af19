/** nginx itself, with ingress-nginx's names: connections as its workers count them, processes as the agent measures them. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { NginxMeasures } from "../engine/engine.ts";
import type { ConnectionCounts, ProcessMeasures } from "../engine/protocol.ts";
import { PREFIX } from "./request-metrics.ts";

export interface NginxMetrics {
  take(measures: NginxMeasures): void;
  /** Resolves when the agent has measured, or after a moment: then what it said last stands. */
  fresh(): Promise<void>;
}

const PATIENCE_MS = 300;

/** @param ask asks the agent to measure; false when there is none. */
export function createNginxMetrics(registry: Registry, common: Readonly<Record<string, string>>, ask: () => boolean): NginxMetrics {
  let connections: ConnectionCounts | undefined;
  let processes: ProcessMeasures | undefined;
  const waiting = new Set<() => void>();
  const labelNames = Object.keys(common);

  const name = (text: string): string => `${PREFIX}nginx_process_${text}`;
  const counter = (text: string, help: string, value: () => number | undefined): void => {
    new Counter({ name: name(text), help, labelNames, registers: [registry], collect() { this.reset(); const now = value(); if (now !== undefined) this.inc(common, now); } });
  };
  const gauge = (text: string, help: string, value: () => number | undefined): void => {
    new Gauge({ name: name(text), help, labelNames, registers: [registry], collect() { this.reset(); const now = value(); if (now !== undefined) this.set(common, now); } });
  };
  const states = (text: string, help: string, of: readonly (keyof ConnectionCounts)[], kind: typeof Gauge<string> | typeof Counter<string>): void => {
    new kind({
      name: name(text), help, labelNames: [...labelNames, "state"], registers: [registry],
      collect() {
        this.reset();
        for (const state of of) if (connections) this.inc({ ...common, state }, connections[state]);
      },
    });
  };
  states("connections_total", "Client connections since nginx was started.", ["accepted", "handled"], Counter);
  states("connections", "Client connections now.", ["active", "reading", "writing", "waiting"], Gauge);
  counter("requests_total", "Requests since nginx was started.", () => connections?.requests);
  gauge("num_procs", "Processes of nginx.", () => processes?.processes);
  counter("cpu_seconds_total", "Processor time of nginx, user and system.", () => processes?.cpuSeconds);
  counter("read_bytes_total", "Bytes that nginx read from disks.", () => processes?.readBytes);
  counter("write_bytes_total", "Bytes that nginx wrote to disks.", () => processes?.writtenBytes);
  gauge("resident_memory_bytes", "Memory of nginx in use; what its processes share counts for each.", () => processes?.residentBytes);
  gauge("virtual_memory_bytes", "Memory that nginx asked for.", () => processes?.virtualBytes);
  gauge("oldest_start_time_seconds", "When the oldest process of nginx was started.", () => processes?.oldestStart);

  return {
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
