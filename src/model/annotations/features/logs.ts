/**
 * The annotations about logs.
 */
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import { boolean } from "../../grammar/value-types.ts";
import { annotation, field, whereOn } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";

export interface LogValues {
  readonly access: boolean;
  readonly rewrites: boolean;
}

const DEFAULTS: LogValues = { access: true, rewrites: false };

/** What the annotations of an Ingress say about logs. */
export const logs = slot<LogValues>("logs", () => DEFAULTS);

const ROW = { group: "log", risk: "Low", scope: "location", type: boolean } as const;

const annotations = [
  annotation<boolean>({
    ...ROW,
    name: "enable-access-log",
    doc: "Whether requests are written to the access log.",
    differs: "Redirects and answers to preflight requests are written all the same.",
    differsFor: (value) => !whereOn(value),
    ...field(logs, "access"),
  }),
  annotation<boolean>({
    ...ROW,
    name: "enable-rewrite-log",
    doc: "Writes each request's path and what the backend is asked for to the error log, at level notice.",
    ...field(logs, "rewrites"),
  }),
];

/** What the edge does with them. */
function edge(values: Values): EdgeFilters {
  const { access, rewrites } = logs.of(values);
  return { ...(access ? {} : { quiet: true }), ...(rewrites ? { logRewrites: true } : {}) };
}

export const logFeature: Feature = { slot: logs, annotations, edge };
