/** What nginx.conf says about measuring requests (`--enable-metrics`); nothing where they are only counted. */
import type { BucketBounds } from "../../edge/src/measures.ts";
import type { Settings } from "../settings.ts";
import type { Directive } from "./directive.ts";
import { expression, map } from "./directive.ts";

/** Buckets in the edge's units. */
export function boundsOf({ timeBuckets, lengthBuckets, sizeBuckets }: Settings): BucketBounds {
  return { time: timeBuckets.map((seconds) => seconds * 1000), length: [...lengthBuckets], size: [...sizeBuckets] };
}

/** The field of the edge's options with the bounds of the buckets. */
export function measuredOption(settings: Settings): string[] {
  if (!settings.enableMetrics) return [];
  const scales = Object.entries(boundsOf(settings)).map(([scale, bounds]) => `${scale} = { ${(bounds as number[]).join(", ")} }`);
  return [`measured = { ${scales.join(", ")} }`];
}

/** A variable whose text has all measurements that the log phase reads of a request, in the order that `edge/src/phases/tallies.ts` expects. */
export function measureDirectives({ enableMetrics }: Settings): Directive[] {
  const variables = ["upstream_connect_time", "upstream_header_time", "upstream_response_time", "bytes_sent", "request_length"];
  const text = variables.map((name) => `$${name};`).join("");
  return enableMetrics ? [map("nginx_version", "sluice_measures", [["default", expression(text)]])] : [];
}
