/**
 * How much one Ingress may mean: what its annotations say holds for each of its paths, and travels to nginx with each.
 *
 * An Ingress of a megabyte could stand for gigabytes there, and end everybody's controller and workers.
 */
import type { Ingress } from "../source/objects.ts";
import type { Finding } from "./findings.ts";
import * as found from "./findings-catalogue.ts";

/** Characters of annotations times paths. 2,000 paths with 8 KiB each are as many. */
const MOST = 16 * 1024 ** 2;

/** @param prefixes of annotations that are read. */
export function sizeFindings(ingress: Ingress, prefixes: readonly string[]): readonly Finding[] {
  const given = Object.entries(ingress.metadata.annotations ?? {}).filter(([key]) => prefixes.some((prefix) => key.startsWith(`${prefix}/`)));
  const characters = given.reduce((sum, [, value]) => sum + value.length, 0);
  const paths = (ingress.spec.rules ?? []).reduce((sum, { http }) => sum + 1 + (http?.paths.length ?? 0), 0);
  return characters * paths > MOST ? [found.ingressTooLarge({ object: ingress, field: "metadata.annotations" }, { characters, paths, most: MOST })] : [];
}
