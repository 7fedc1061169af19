/** Paths that the rule of a Gateway's route changes: as a whole, or the prefix that it matched (Gateway API, HTTPPathModifier). Pure. */
import { climbs, escapeUri } from "./rewrite-target.ts";

export interface PathChange {
  /** The path in place of the whole one. */
  full?: string;
  /** Bytes of the matched prefix, without a slash at its end, and what takes its place, likewise. */
  strip?: number;
  put?: string;
  /** That of a `Rewrite`, of which nothing is here. */
  pattern?: undefined;
}

/** The changed path, escaped; 400 for a path with a segment `.` or `..`. @param path decoded */
export function changePath({ full, strip, put }: PathChange, path: string): string | number {
  const text = full ?? (put ?? "") + path.slice(strip ?? 0);
  if (text === "") return "/";
  return climbs(text) ? 400 : escapeUri(text);
}
