/** Where the path of a route is written, for what is said of it. */
import type { Place } from "../findings/findings.ts";
import type { DraftRoute } from "./draft.ts";

/** Undefined: a flag says it, and no Ingress. */
export function placeOfPath({ ingress, origin }: Pick<DraftRoute, "ingress" | "origin">): Place | undefined {
  return ingress && { object: ingress, field: origin.field.replace(/\.backend$/, ".path") };
}
