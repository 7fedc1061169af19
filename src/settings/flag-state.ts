/** What becomes of a flag of ingress-nginx in Sluice: read from the two tables, for the reference page and for reports. */
import { ALL_OF_INGRESS_NGINX, ingressNginxFlag } from "./ingress-nginx-flags.ts";
import { FLAGS, type FlagRow } from "./table.ts";

export interface FlagState {
  readonly state: "works" | "differs" | "no effect" | "unknown";
  /** What differs, or why there is no effect; empty: nothing is to be said. */
  readonly remark: string;
}

/** @param name without leading dashes. */
export function stateOfFlag(name: string): FlagState {
  const rows: readonly FlagRow<unknown>[] = Object.values(FLAGS);
  const row = rows.find(({ flag, commands }) => flag === name && (commands?.includes("run") ?? true));
  if (row) return row.differs === undefined ? { state: "works", remark: "" } : { state: "differs", remark: row.differs };
  const foreign = ingressNginxFlag(name);
  if (foreign) return { state: "no effect", remark: foreign.why };
  return { state: ALL_OF_INGRESS_NGINX.includes(name) ? "works" : "unknown", remark: "" };
}
