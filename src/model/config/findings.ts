/** What can be wrong with the controller's ConfigMap. */
import { finding } from "../findings/findings.ts";

export const configValueInvalid = finding<{ key: string; value: string; expects: string; used: string }>(
  "config-value-invalid",
  "error",
  (p) => `"${p.key}" must be ${p.expects}, not ${p.value}`,
  (p) => `every Ingress is served with ${p.used === "" ? "it left empty" : p.used} instead`,
);

export const configObjectUnusable = finding<{ key: string; kind: string; name: string; why: string }>(
  "config-object-unusable",
  "error",
  (p) => `"${p.key}" names ${p.kind} ${p.name}, which ${p.why}`,
  () => "it is as if the key were empty",
);

export const configHeaderInvalid = finding<{ key: string; header: string; why: string }>(
  "config-header-invalid",
  "error",
  (p) => `The header "${p.header}", for "${p.key}", ${p.why}: correct it or remove it`,
  () => "this header is left out, the others are sent",
);

export const configRulesRefused = finding<{ problem: string }>(
  "config-rules-refused",
  "error",
  (p) => `ModSecurity cannot read "modsecurity-snippet": ${p.problem}: correct it`,
  () => "every path that would be inspected answers 503",
);

export const configRulesIdle = finding<Record<never, never>>(
  "config-rules-idle",
  "warning",
  () => '"modsecurity-snippet" holds rules for everybody, and "enable-modsecurity" is not on: set it, or remove the rules',
  () => "the rules are not used, not for Ingresses with enable-modsecurity either",
);

export const configTracingWithoutCollector = finding<Record<never, never>>(
  "config-tracing-without-collector",
  "warning",
  () => '"enable-opentelemetry" is on and "otlp-collector-host" names no collector: set it',
  () => "backends get a traceparent, but no spans are sent",
);

export const configSyslogWithoutHost = finding<Record<never, never>>(
  "config-syslog-without-host",
  "error",
  () => '"enable-syslog" is on and "syslog-host" names no server: set it',
  () => "logs go where they go without it",
);

export const configKeyUnknown = finding<{ key: string; near: string | undefined }>(
  "config-key-unknown",
  "warning",
  (p) => `There is no key "${p.key}"` + (p.near === undefined ? ": remove it" : `: did you mean "${p.near}"?`),
  () => "it has no effect",
);

export const configKeyWithoutEffect = finding<{ key: string; why: string; instead: string }>(
  "config-key-without-effect",
  "warning",
  (p) => `"${p.key}" ${p.why}: remove it` + (p.instead === "" ? "" : `; what does the same, or more, is ${p.instead}`),
  () => "it has no effect",
);

export const configKeyRefused = finding<{ key: string; why: string; instead: string }>(
  "config-key-refused",
  "error",
  (p) => `"${p.key}" ${p.why}: write ${p.instead} instead`,
  () => "the text is not used, everything else of the ConfigMap is",
);
