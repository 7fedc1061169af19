/** What Node and this process measure of themselves (`nodejs_*`, `process_*`), by prom-client, which knows where to look. */
import { collectDefaultMetrics, Registry } from "prom-client";

/** Begins to measure; gives what tells it in Prometheus' text format. */
export function measureProcess(): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return () => registry.metrics();
}
