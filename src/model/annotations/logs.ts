/**
 * The annotations about logs.
 */
import type { Filters } from "../../../edge/src/program.ts";
import { annotation } from "./annotation.ts";
import type { Honoured } from "./annotation.ts";
import { boolean } from "./value-types.ts";
import type { Values } from "./values.ts";

export interface LogValues {
  readonly access: boolean;
  readonly rewrites: boolean;
}

export const logDefaults: LogValues = { access: true, rewrites: false };

export const logAnnotations: readonly Honoured[] = [
  log("enable-access-log", "access", "Whether requests are written to the access log.",
    "Redirects and answers to preflight requests are written all the same."),
  log("enable-rewrite-log", "rewrites", "Writes each request's path and what the backend is asked for to the error log, at level notice."),
];

function log(name: string, field: keyof LogValues, doc: string, differs?: string): Honoured {
  return annotation<boolean>({
    name,
    group: "log",
    risk: "Low",
    scope: "location",
    type: boolean,
    doc,
    ...(differs === undefined ? {} : { differs }),
    get: ({ logs }) => logs[field],
    set: (values, value) => ({ ...values, logs: { ...values.logs, [field]: value } }),
  });
}

/** What the edge does with them. */
export function logFilters({ logs: { access, rewrites } }: Values): Filters {
  return { ...(access ? {} : { quiet: true }), ...(rewrites ? { logRewrites: true } : {}) };
}
