/**
 * How much one Ingress may mean: what its annotations say holds for each of its paths, and travels to nginx with each.
 *
 * An Ingress of a megabyte could stand for gigabytes there, and end everybody's controller and workers.
 */
import type { Ingress } from "../source/objects.ts";
import { OWN_PREFIX } from "./annotations/sluice/prefix.ts";
import { SIZE_BOUNDS } from "./bounds.ts";
import type { Finding } from "./findings.ts";
import * as found from "./findings-catalogue.ts";

/** Characters of annotations times paths. 2,000 paths with 8 KiB each are as many. */
const MOST = SIZE_BOUNDS.ingress;
const counted = new WeakMap<Ingress, number>();

/** Characters of the values of its annotations that are read. @param prefix of the flag; the same for all calls. */
export function annotationCharacters(ingress: Ingress, prefix: string): number {
  const known = counted.get(ingress);
  if (known !== undefined) return known;
  let sum = 0;
  for (const [key, value] of Object.entries(ingress.metadata.annotations ?? {})) if (key.startsWith(`${prefix}/`) || key.startsWith(`${OWN_PREFIX}/`)) sum += value.length;
  counted.set(ingress, sum);
  return sum;
}

/** @param prefix see `annotationCharacters` */
export function sizeFindings(ingress: Ingress, prefix: string): readonly Finding[] {
  const characters = annotationCharacters(ingress, prefix);
  const paths = (ingress.spec.rules ?? []).reduce((sum, { http }) => sum + 1 + (http?.paths.length ?? 0), 0);
  return characters * paths > MOST ? [found.ingressTooLarge({ object: ingress, field: "metadata.annotations" }, { characters, paths, most: MOST })] : [];
}
