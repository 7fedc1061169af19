/**
 * How much one Ingress may mean: what its annotations say, and the ConfigMaps that they name, holds for each of its paths, and
 * travels to nginx with each.
 *
 * An Ingress of a megabyte could stand for gigabytes in nginx, and bring down everybody's controller and workers.
 */
import type { ConfigMap, Ingress } from "../../source/objects.ts";
import { edgeFilters } from "../annotations/filters.ts";
import type { ReadContext } from "../annotations/read.ts";
import type { Values } from "../annotations/slot.ts";
import { OWN_PREFIX } from "../annotations/sluice/prefix.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import { TOTAL_SIZE_BOUNDS } from "../shapes/bounds.ts";
import type { ObjectLookup } from "../shapes/lookup.ts";
import type { Extent, ParsedIngress } from "./parsed.ts";

export interface Measuring {
  /** Looks objects up as the given one does. */
  readonly lookup: ObjectLookup;
  /** Characters of the ConfigMaps that `lookup` has found, each ConfigMap counted once. */
  named(): number;
}

export function measuring(lookup: ObjectLookup): Measuring {
  const objects = new Set<ConfigMap>();
  const configMap = (namespace: string, name: string): ConfigMap | undefined => {
    const one = lookup.configMap(namespace, name);
    if (one) objects.add(one);
    return one;
  };
  return { lookup: { ...lookup, configMap }, named: () => [...objects].reduce((sum, { data = {} }) => sum + charactersOf(data), 0) };
}

function charactersOf(data: Readonly<Record<string, string>>): number {
  return Object.entries(data).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

const ofDefaults = new WeakMap<Values, number>();

/**
 * Counts the annotations as they are written or as they travel, whichever is more: a network travels as up to four times
 * the characters of its text. Without annotations nothing counts: what holds for everybody is the operator's affair.
 * @param named characters of ConfigMaps.
 */
export function extentOf(ingress: Ingress, values: Values, context: ReadContext, named: number): Extent {
  const { metadata, spec } = ingress;
  const paths = (spec.rules ?? []).reduce((sum, { http }) => sum + 1 + (http?.paths.length ?? 0), spec.defaultBackend ? 1 : 0);
  let written = named;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) if (isRead(key, context)) written += value.length;
  if (written === 0 || written * paths > TOTAL_SIZE_BOUNDS.ingress) return { characters: written, paths };
  return { characters: Math.max(written, travelling(ingress, values, context)), paths };
}

function isRead(key: string, { annotationsPrefix }: ReadContext): boolean {
  return key.startsWith(`${annotationsPrefix}/`) || key.startsWith(`${OWN_PREFIX}/`);
}

/** Characters that travel with each path because of the annotations. */
function travelling({ metadata: { namespace, name } }: Ingress, values: Values, { defaults, config }: ReadContext): number {
  const of = (some: Values): number =>
    JSON.stringify(edgeFilters(some, { host: "", path: "/", pathType: "prefix", namespace, ingress: name, shared: some, config, httpsPort: 443 })).length;
  const usual = ofDefaults.get(defaults) ?? of(defaults);
  ofDefaults.set(defaults, usual);
  return of(values) - usual;
}

export function sizeFindings(ingress: Ingress, extent: Extent): readonly Finding[] {
  const { ingress: most } = TOTAL_SIZE_BOUNDS;
  return extent.characters * extent.paths > most ? [found.ingressTooLarge(placeOf(ingress), { ...extent, most })] : [];
}

/** Characters that the Ingress takes of the room of its namespace, and of the room of all. */
export function sizeOf({ refused, extent: { characters, paths } }: ParsedIngress): number {
  return refused ? 0 : characters * paths;
}

/** The Ingress as it is read where its namespace has no room for it. */
export function withoutRoom(parsed: ParsedIngress): ParsedIngress {
  return closedForSize({ ...parsed, findings: [found.namespaceTooLarge(placeOf(parsed.ingress), parsed.extent), ...parsed.findings] });
}

/**
 * The Ingress with nothing of what makes it large. Its paths stay and are closed: it may have kept requests out of them, and
 * another Ingress of the host would serve them. A canary joins no route.
 */
export function closedForSize(parsed: ParsedIngress): ParsedIngress {
  const extent = { ...parsed.extent, characters: 0 };
  if (parsed.canary) return { ...parsed, extent, rules: [], hosts: [] };
  const rules = parsed.rules.map(({ host, paths }) => ({ host, paths: paths.map(({ path, pathType, backend, field }) => ({ path, pathType, backend, field })) }));
  return { ...parsed, extent, closed: true, rules };
}

function placeOf(object: Ingress): { object: Ingress; field: string } {
  return { object, field: "metadata.annotations" };
}
