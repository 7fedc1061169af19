/**
 * What follows from the list of features: every annotation that Sluice knows, by name (ingress-nginx's 136 and their two
 * aliases), and the values of an Ingress that has none of them.
 */
import { oncePer } from "../../support/once-per.ts";
import type { Config } from "../config/config.ts";
import type { Annotation } from "./annotation.ts";
import type { Feature } from "./feature.ts";
import { FEATURES } from "./features.ts";
import { NO_VALUES } from "./slot.ts";
import type { Values } from "./slot.ts";

export const annotations: readonly Annotation[] = FEATURES.flatMap((feature) => feature.annotations);

/** Name or alias, without prefix → its declaration. */
export const namesOf = oncePer((features: readonly Feature[]): ReadonlyMap<string, Annotation> => new Map(
  features.flatMap((feature) => feature.annotations).flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row] as const)),
));

export const annotationsByName: ReadonlyMap<string, Annotation> = namesOf(FEATURES);

/** What an Ingress without annotations says. */
export function defaultValues(config: Config, features: readonly Feature[] = FEATURES): Values {
  return features.reduce((values, { slot }) => slot?.start(values, config) ?? values, NO_VALUES);
}
