/** The controller itself, with ingress-nginx's names: its version, what became of configurations, whether it leads. */
import type { EngineCounts } from "../engine/engine.ts";
import { steadyNow } from "../support/steady-clock.ts";
import { version } from "../support/version.ts";
import { single, type Labels, type Metric } from "./exposition.ts";
import { PREFIX } from "./request-metrics.ts";

export interface ControllerMetricsInput {
  readonly common: Labels;
  readonly counts: () => EngineCounts;
  /** nginx refuses the newest configuration. */
  readonly refused: () => boolean;
  /** Undefined: there is no election, or none yet. */
  readonly leading: () => boolean | undefined;
  readonly electionId: string;
}

export function controllerMetrics({ common, counts, refused, leading, electionId }: ControllerMetricsInput): Metric[] {
  const metric = (type: "counter" | "gauge", name: string, help: string, value: () => number | undefined, more: Labels = {}): Metric =>
    single(type, PREFIX + name, help, value, { ...common, ...more });
  return [
    metric("gauge", "build_info", "1, with what is running.", () => 1, { release: version(), build: "", repository: "sluice" }),
    metric("gauge", "config_hash", "A number that stands for nginx's configuration; 0 while it refuses a newer one.", () => (refused() ? 0 : hash(counts().config))),
    metric("gauge", "config_last_reload_successful", "Whether nginx took the configuration that it was given last.", () => (refused() ? 0 : 1)),
    metric("gauge", "config_last_reload_successful_timestamp_seconds", "When nginx took a configuration last.", () => timeOfDay(counts().loadedAt) / 1000),
    metric("counter", "success", "Configurations that nginx took, at a start or by a reload.", () => counts().loads),
    metric("counter", "errors", "Configurations that nginx refused.", () => counts().refusals),
    metric("gauge", "leader_election_status", "Whether this replica leads.", () => {
      const now = leading();
      return now === undefined ? undefined : Number(now);
    }, { name: electionId }),
  ];
}

/** @param at milliseconds of `steadyNow`; 0: never. */
function timeOfDay(at: number): number {
  return at === 0 ? 0 : Date.now() - (steadyNow() - at);
}

/** As many digits of the digest as a number holds exactly. */
function hash(digest: string): number {
  return Number.parseInt(digest.slice(0, 13), 16) || 0;
}
