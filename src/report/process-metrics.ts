/** Metrics of Node and of this process (`nodejs_*`, `process_*`), made by prom-client. */
import { promClient } from "../support/packages.ts";

/** Begins to measure; the result gives the measures in Prometheus' text format. */
export function measureProcess(): () => Promise<string> {
  const { collectDefaultMetrics, Registry } = promClient();
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return () => registry.metrics();
}
