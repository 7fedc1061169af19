/** What can be wrong with tracing. */
import { finding } from "./findings.ts";

export const tracingOff = finding<{ name: string }>(
  "tracing-off",
  "warning",
  ({ name }) => `${name} needs enable-opentelemetry: "true" on the same Ingress or in the controller's ConfigMap`,
  () => "it has no effect",
);

export const tracingWithoutCollector = finding<Record<never, never>>(
  "tracing-without-collector",
  "warning",
  () => "Tracing is on, but otlp-collector-host of the controller's ConfigMap names no collector: let the operator set it",
  () => "backends get a traceparent, but no spans are sent",
);
