/** The filter RequestMirror: who else gets a rule's requests, and how many of them. */
import type { BackendReference, RouteFilter } from "../../source/gateway/shared.ts";
import type { ResolvedBackend } from "./backend-refs.ts";

export interface RuleMirror {
  readonly ref: BackendReference;
  /** Where the reference is written. */
  readonly field: string;
  /** It gets `taking` of `of` requests. */
  readonly taking: number;
  readonly of: number;
  /** Absent: the reference does not lead to a Service, and nobody gets a copy. */
  readonly backend?: ResolvedBackend;
}

/** nginx makes each copy by a location of its own; the API's schema allows no more filters than that. */
export const MOST_MIRRORS = 16;

/** The mirror; or why it cannot be, a sentence without its full stop. @param where the field of the filter */
export function readMirror({ backendRef, percent, fraction }: NonNullable<RouteFilter["requestMirror"]>, where: string): RuleMirror | string {
  if (backendRef === undefined) return `${where}.backendRef is missing: name the Service that gets the requests`;
  if (percent !== undefined && fraction !== undefined) return `${where} has percent and fraction: remove one of them`;
  const taking = fraction ? (fraction.numerator ?? 0) : (percent ?? 100);
  const of = fraction?.denominator ?? 100;
  if (taking > of) return `${where}.fraction is more than the whole: make the numerator at most ${of}`;
  return { ref: backendRef, field: `${where}.backendRef`, taking, of };
}
