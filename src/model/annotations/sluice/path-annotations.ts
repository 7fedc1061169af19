/**
 * `sluice.ingress/path-annotations`: annotations for single paths of an Ingress, over those of the Ingress itself.
 *
 *     /upload: {proxy-body-size: 1g, proxy-request-buffering: "off"}
 *     /login:
 *       limit-rps: 5
 */
import { asTable, asText, Malformed, readTable } from "./yaml-text.ts";

/** Path → annotation (with the prefix) → value; a Malformed where a path's annotations cannot be read. */
export type PathAnnotations = ReadonlyMap<string, Readonly<Record<string, string>> | Malformed>;

/** Throws Malformed when not even the paths can be read. @param prefix without the slash. */
export function readPathAnnotations(text: string, prefix: string): PathAnnotations {
  return new Map(Object.entries(readTable(text)).map(([path, given]) => [path, annotationsOf(given, prefix)]));
}

function annotationsOf(given: unknown, prefix: string): Readonly<Record<string, string>> | Malformed {
  try {
    const all = Object.entries(asTable(given, "it"));
    return Object.fromEntries(all.map(([name, value]) => [name.includes("/") ? name : `${prefix}/${name}`, asText(value, name)]));
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
}
