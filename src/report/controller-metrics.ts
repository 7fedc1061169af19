/** The controller itself, with ingress-nginx's names: its version, what became of configurations, whether it leads. */
import { readFileSync } from "node:fs";
import { Counter, Gauge, type Registry } from "prom-client";
import type { EngineCounts } from "../engine/engine.ts";
import { PREFIX } from "./request-metrics.ts";

export interface ControllerMetricsInput {
  readonly common: Readonly<Record<string, string>>;
  readonly counts: () => EngineCounts;
  /** nginx refuses the newest configuration. */
  readonly refused: () => boolean;
  /** Undefined: there is no election, or none yet. */
  readonly leading: () => boolean | undefined;
  readonly electionId: string;
}

export function addControllerMetrics(registry: Registry, { common, counts, refused, leading, electionId }: ControllerMetricsInput): void {
  const gauge = (name: string, help: string, value: () => number | undefined, more: Readonly<Record<string, string>> = {}): void => {
    const labels = { ...common, ...more };
    new Gauge({
      name: PREFIX + name, help, labelNames: Object.keys(labels), registers: [registry],
      collect() {
        this.reset();
        const now = value();
        if (now !== undefined) this.set(labels, now);
      },
    });
  };
  const counter = (name: string, help: string, value: () => number): void => {
    new Counter({ name: PREFIX + name, help, labelNames: Object.keys(common), registers: [registry], collect() { this.reset(); this.inc(common, value()); } });
  };
  gauge("build_info", "1, with what is running.", () => 1, { release: version(), build: "", repository: "sluice" });
  gauge("config_hash", "A number that stands for nginx's configuration; 0 while it refuses a newer one.", () => (refused() ? 0 : hash(counts().config)));
  gauge("config_last_reload_successful", "Whether nginx took the configuration that it was given last.", () => (refused() ? 0 : 1));
  gauge("config_last_reload_successful_timestamp_seconds", "When nginx took a configuration last.", () => counts().loadedAt / 1000);
  counter("success", "Configurations that nginx took, at a start or by a reload.", () => counts().loads);
  counter("errors", "Configurations that nginx refused.", () => counts().refusals);
  gauge("leader_election_status", "Whether this replica leads.", () => {
    const now = leading();
    return now === undefined ? undefined : Number(now);
  }, { name: electionId });
}

/** Of the digest, as much as a number holds exactly. */
function hash(digest: string): number {
  return Number.parseInt(digest.slice(0, 13), 16) || 0;
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
