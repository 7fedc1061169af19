/**
 * Reads the annotations of one Ingress against the table.
 *
 * ingress-nginx behaviour: an empty value counts as absent, and so does one of blanks; a canary takes every annotation but its own group from
 * the Ingress that it joins.
 */
import type { Ingress } from "../../source/objects.ts";
import { closest } from "../../support/edit-distance.ts";
import { printable } from "../../support/text.ts";
import type { Config } from "../config/config.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding, Place } from "../findings/findings.ts";
import type { ObjectLookup } from "../shapes/lookup.ts";
import type { Annotation, Honoured, OnInvalid } from "./annotation.ts";
import type { Feature } from "./feature.ts";
import { FEATURES } from "./features.ts";
import { namedHere } from "./foreign-names.ts";
import { canary } from "./features/canary.ts";
import { readSnippet, saysNothing } from "./features/snippets.ts";
import { insteadOf } from "./former.ts";
import { whyRefused } from "./gate.ts";
import { othersAnnotations, prefixSlips } from "./other-controllers.ts";
import type { ResolveContext, ResolveSettings } from "./resolver.ts";
import type { Values } from "./slot.ts";
import { namesOf } from "./table.ts";

export interface ReadAnnotations {
  readonly values: Values;
  /** `refused`: the Ingress has no effect at all. `closed`: its paths answer 503. */
  readonly verdict: "open" | "closed" | "refused";
  readonly findings: readonly Finding[];
}

interface Given<A extends Annotation = Annotation> {
  readonly row: A;
  /** As written on the Ingress: the name or an alias. */
  readonly name: string;
  readonly text: string;
  readonly place: Place;
}

export interface ReadContext {
  /** Without the slash. */
  readonly annotationsPrefix: string;
  /** The values of an Ingress without annotations. */
  readonly defaults: Values;
  readonly config: Config;
  readonly settings: ResolveSettings;
  readonly lookup: ObjectLookup;
}

const NOTHING: readonly Finding[] = [];

/** @param features the features whose parts `context.defaults` holds. */
export function readAnnotations(ingress: Ingress, context: ReadContext, features: readonly Feature[] = FEATURES): ReadAnnotations {
  const { annotationsPrefix: prefix, defaults, config } = context;
  const findings: Finding[] = [];
  const names = namesOf(features);
  const all = givenAnnotations(ingress, prefix, names, findings);
  const known = (name: string): boolean => names.has(name);
  findings.push(...othersAnnotations(ingress, prefix, known), ...prefixSlips(ingress, prefix, known));
  const refusals = whyRefused(ingress, prefix, all, config);
  const refusedFields = new Set(refusals.map(({ field }) => field));
  const given = refusals.length > 0 ? all.filter(({ place }) => !refusedFields.has(place.field)) : all;
  findings.push(...refusals);
  if (given.length === 0 && refusals.length === 0) return { values: defaults, verdict: "open", findings: findings.length > 0 ? findings : NOTHING };

  let values = defaults;
  for (const one of given) if (isCanaryOnly(one)) values = readHonoured(values, one, config, findings).values;
  const isCanary = canary.of(values).enabled;

  let verdict: ReadAnnotations["verdict"] = "open";
  const close = (): void => {
    if (verdict === "open") verdict = "closed";
  };
  const refuse = (): void => {
    verdict = "refused";
  };
  const kept: Given[] = [];
  for (const one of given) {
    const { row, name, text, place } = one;
    if (row.group === "canary") {
      if (!isCanary && name !== "canary") findings.push(found.canaryNotEnabled(place, { name, prefix }));
      continue;
    }
    if (isCanary && row.onCanary !== true) {
      findings.push(found.annotationOnCanary(place, { name }));
    } else if (row.status === "snippet") {
      const read = readSnippet(values, name, text, place);
      findings.push(...read.findings);
      if (!read.values) close();
      values = read.values ?? values;
      kept.push(one);
    } else {
      const read = readHonoured(values, { ...one, row }, config, findings);
      values = read.values;
      if (read.outcome === "closed") close();
      if (read.outcome === "refused") refuse();
      kept.push(one);
    }
  }
  // What annotations name is not looked up for an Ingress that is not served.
  if (refusals.length > 0) return { values: defaults, verdict: "refused", findings };
  let lookedUp = false;
  const at: ResolveContext = {
    ...context,
    lookup: telling(context.lookup, () => {
      lookedUp = true;
    }),
    ingress,
    given: (name) => kept.find(({ row }) => row.name === name)?.text,
    place: (name) => kept.find(({ row }) => row.name === name)?.place ?? { object: ingress, field: `metadata.annotations[${prefix}/${name}]` },
    // Until a resolver has looked an object up, its findings are about the Ingress alone.
    report: (finding) => findings.push(lookedUp ? Object.assign(finding, { elsewhere: true as const }) : finding),
    close,
    refuse,
  };
  for (const { resolver } of features) {
    lookedUp = false;
    if (resolver && kept.some(({ row }) => resolver.groups.includes(row.group))) values = resolver.resolve(values, at);
  }
  return { values, verdict, findings };
}

/** The same look-up, which calls `asked` when an object is asked for. A snippet's verdict does not count: it is about the Ingress itself. */
function telling(lookup: ObjectLookup, asked: () => void): ObjectLookup {
  const tell = <T>(read: (namespace: string, name: string) => T) => (namespace: string, name: string): T => {
    asked();
    return read(namespace, name);
  };
  return { ...lookup, secret: tell(lookup.secret), configMap: tell(lookup.configMap), service: tell(lookup.service) };
}

/** Findings up to which similar names are searched: the search is slow, and an Ingress has room for thousands of annotations. */
const MOST_SUGGESTIONS = 20;

/** The known annotations with a value; of a name and its alias, the name. Unknown ones become findings. */
function givenAnnotations(ingress: Ingress, prefix: string, names: ReadonlyMap<string, Annotation>, findings: Finding[]): readonly Given[] {
  const all = ingress.metadata.annotations ?? {};
  const given: Given[] = [];
  for (const key in all) {
    if (!key.startsWith(prefix) || key[prefix.length] !== "/") continue;
    const name = key.slice(prefix.length + 1);
    const text = valueOf(all, key);
    const place = { object: ingress, field: `metadata.annotations[${key}]` };
    const row = names.get(name);
    const instead = row ? undefined : (insteadOf(name) ?? namedHere(name));
    if (instead !== undefined) findings.push(found.annotationFormer(place, { name, instead }));
    else if (!row) {
      const near = findings.length < MOST_SUGGESTIONS ? closest(name, names.keys()) : undefined;
      findings.push(found.annotationUnknown(place, { name, ...(near === undefined ? {} : { near }) }));
    } else if (row.status === "snippet" && text !== "" && saysNothing(name, text)) {
      findings.push(found.snippetEmpty(place, { name }));
    } else if (text !== "" && (name === row.name || valueOf(all, `${prefix}/${row.name}`) === "")) {
      given.push({ row, name, text, place });
    }
  }
  return given;
}

/**
 * The value without blanks, tabs and line breaks at its ends: they are slips of quoting, or the end of a YAML block. ""
 * stands for absent.
 */
function valueOf(annotations: Readonly<Record<string, string>>, key: string): string {
  return annotations[key]?.trim() ?? "";
}

function isCanaryOnly(one: Given): one is Given<Honoured> {
  return one.row.group === "canary" && one.row.status === "honoured";
}

function readHonoured(
  values: Values, one: Given<Honoured>, config: Config, findings: Finding[],
): { readonly values: Values; readonly outcome?: OnInvalid } {
  const { row, name, text, place } = one;
  const read = row.read(values, text, config);
  if (!read.problem) return read;
  const params = { name, value: printable(text), expects: read.expects ?? row.expects, used: row.show(read.values) };
  if (read.problem === "reduced") {
    findings.push(found.annotationReduced(place, params));
    return read;
  }
  const { onInvalid: outcome = "default" } = row;
  const factory = {
    default: found.annotationInvalid,
    closed: found.annotationClosed,
    forbidden: found.annotationForbidden,
    refused: found.annotationRefused,
  }[outcome];
  findings.push(factory(place, params));
  return { values: read.values, outcome };
}
