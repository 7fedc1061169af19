/**
 * Reads the annotations of one Ingress against the table.
 *
 * ingress-nginx behaviour: an empty value counts as absent; a canary takes every annotation but its own group from
 * the Ingress that it joins.
 */
import type { Ingress } from "../../source/objects.ts";
import { closest } from "../../support/edit-distance.ts";
import type { Config } from "../config.ts";
import type { Finding, Place } from "../findings.ts";
import * as found from "../findings-catalogue.ts";
import type { Annotation, Honoured } from "./annotation.ts";
import { annotationsByName } from "./table.ts";
import type { Values } from "./values.ts";

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

const NOTHING: readonly Finding[] = [];

/** @param prefix without the slash. @param defaults what holds where the Ingress says nothing. */
export function readAnnotations(ingress: Ingress, prefix: string, defaults: Values, config: Config): ReadAnnotations {
  const findings: Finding[] = [];
  const given = givenAnnotations(ingress, prefix, findings);
  if (given.length === 0) return { values: defaults, verdict: "open", findings: findings.length > 0 ? findings : NOTHING };

  let values = defaults;
  for (const one of given) if (isCanaryOnly(one)) values = readHonoured(values, one, config, findings);
  const isCanary = values.canary.enabled;

  let verdict: ReadAnnotations["verdict"] = "open";
  for (const one of given) {
    const { row, name, text, place } = one;
    if (row.group === "canary") {
      if (!isCanary && name !== "canary") findings.push(found.canaryNotEnabled(place, { name, prefix }));
      continue;
    }
    if (row.status === "snippet") {
      findings.push(found.snippetRefused(place, { name }));
      verdict = "refused";
    } else if (isCanary && row.scope !== "pool") {
      findings.push(found.annotationOnCanary(place, { name }));
    } else if (row.status === "honoured") {
      values = readHonoured(values, { ...one, row }, config, findings);
    } else if (row.guardsAccess(text)) {
      findings.push(found.annotationNotHonoured(place, { name, value: text }));
      if (verdict === "open") verdict = "closed";
    } else {
      findings.push(found.annotationNotYet(place, { name, value: text }));
    }
  }
  return { values, verdict, findings };
}

/** The known annotations with a value; of a name and its alias, the name. Unknown ones become findings. */
function givenAnnotations(ingress: Ingress, prefix: string, findings: Finding[]): readonly Given[] {
  const all = ingress.metadata.annotations ?? {};
  const given: Given[] = [];
  for (const key in all) {
    if (!key.startsWith(prefix) || key[prefix.length] !== "/") continue;
    const name = key.slice(prefix.length + 1);
    const text = all[key] ?? "";
    const place = { object: ingress, field: `metadata.annotations[${key}]` };
    const row = annotationsByName.get(name);
    if (!row) {
      const near = closest(name, annotationsByName.keys());
      findings.push(found.annotationUnknown(place, { name, ...(near === undefined ? {} : { near }) }));
    } else if (text !== "" && (name === row.name || !all[`${prefix}/${row.name}`])) {
      given.push({ row, name, text, place });
    }
  }
  return given;
}

function isCanaryOnly(one: Given): one is Given<Honoured> {
  return one.row.group === "canary" && one.row.status === "honoured";
}

function readHonoured(values: Values, one: Given<Honoured>, config: Config, findings: Finding[]): Values {
  const { row, name, text, place } = one;
  const read = row.read(values, text, config);
  if (read.problem) {
    const params = { name, value: text, expects: row.expects, used: row.show(read.values) };
    findings.push((read.problem === "invalid" ? found.annotationInvalid : found.annotationReduced)(place, params));
  }
  return read.values;
}
