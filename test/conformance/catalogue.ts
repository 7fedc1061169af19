/** What the suite holds: its tests, the features that each is about, and the features of each profile. Pure, but for reading the file. */
import { readFileSync } from "node:fs";
import type { Profile } from "./options.ts";

export interface SuiteTest {
  readonly name: string;
  readonly features: readonly string[];
  readonly provisional: boolean;
}

export interface SuiteProfile {
  readonly name: string;
  readonly core: readonly string[];
  readonly extended: readonly string[];
}

export interface Catalogue {
  readonly tests: readonly SuiteTest[];
  readonly profiles: readonly SuiteProfile[];
}

/** @param file as the suite wrote it when it was built */
export function readCatalogue(file: string): Catalogue {
  return JSON.parse(readFileSync(file, "utf8")) as Catalogue;
}

/** The suite's name of a profile: `GATEWAY-HTTP`. */
export function profileName(profile: Profile): string {
  return `GATEWAY-${profile.toUpperCase()}`;
}

/** The tests that these profiles are about, together: what one of them claims may be asked of another's route. */
export function testsOf(catalogue: Catalogue, asked: readonly Profile[]): readonly SuiteTest[] {
  const belongs = belongsTo(catalogue, asked);
  return catalogue.tests.filter(({ features }) => features.every(belongs));
}

/** What the suite is told that Sluice has: of what Sluice claims, that which belongs to these profiles, and their core. */
export function featuresFor(catalogue: Catalogue, asked: readonly Profile[], claimed: readonly string[]): readonly string[] {
  return [...new Set([...profilesOf(catalogue, asked).flatMap(({ core }) => core), ...claimed.filter(belongsTo(catalogue, asked))])].sort();
}

function profilesOf({ profiles }: Catalogue, asked: readonly Profile[]): readonly SuiteProfile[] {
  const names = new Set(asked.map(profileName));
  return profiles.filter(({ name }) => names.has(name));
}

/** A feature of a profile's kind of route belongs to it, too, where the suite forgot to say so: GRPCRouteNamedRouteRule. */
function belongsTo(catalogue: Catalogue, asked: readonly Profile[]): (feature: string) => boolean {
  const profiles = profilesOf(catalogue, asked);
  const known = new Set(profiles.flatMap(({ core, extended }) => [...core, ...extended]));
  const kinds = [...known].filter((feature) => feature.endsWith("Route"));
  return (feature) => known.has(feature) || kinds.some((kind) => feature.startsWith(kind));
}
