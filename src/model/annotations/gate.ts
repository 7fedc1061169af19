/**
 * What the operator lets no Ingress have: annotations above a level of risk, values with certain words.
 *
 * ingress-nginx behaviour: one such annotation refuses the whole Ingress, whatever else it says. Unlike there, an empty
 * item of the list of words matches nothing.
 */
import type { Ingress } from "../../source/objects.ts";
import { printable } from "../../support/text.ts";
import type { Config } from "../config/config.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding, Place } from "../findings/findings.ts";
import type { Annotation, Risk } from "./annotation.ts";
import { snippetAdvice } from "./features/snippets.ts";

interface Given {
  readonly row: Annotation;
  readonly name: string;
  readonly text: string;
  readonly place: Place;
}

const RISKS: readonly Risk[] = ["Low", "Medium", "High", "Critical"];

/** Why the Ingress is refused; empty when it may pass. */
export function whyRefused(ingress: Ingress, prefix: string, given: readonly Given[], config: Config): Finding[] {
  return [...blocked(ingress, prefix, config), ...given.flatMap((one) => aboveRisk(one, config) ?? [])];
}

/**
 * What the operator would have to set before Ingresses may have snippets: both keys, as in ingress-nginx. Unlike there,
 * the second key alone does not let the Ingress pass without its snippet: the snippet may be what kept requests out.
 */
function keysForSnippets({ allowSnippetAnnotations, annotationsRiskLevel }: Config): readonly string[] {
  return [
    ...(allowSnippetAnnotations ? [] : ['allow-snippet-annotations: "true"']),
    ...(annotationsRiskLevel === "Critical" ? [] : ['annotations-risk-level: "Critical"']),
  ];
}

function aboveRisk({ row, name, text, place }: Given, config: Config): Finding | undefined {
  if (row.status === "snippet") {
    const keys = keysForSnippets(config);
    return keys.length === 0 ? undefined : found.snippetRefused(place, { name, advice: snippetAdvice(name, text), keys: keys.join(" and ") });
  }
  const level = config.annotationsRiskLevel;
  if (RISKS.indexOf(row.risk) <= RISKS.indexOf(level)) return undefined;
  return found.annotationAboveRisk(place, { name, risk: row.risk, level });
}

/** Looks at every annotation with our prefix, known or not. */
function blocked(ingress: Ingress, prefix: string, config: Config): Finding[] {
  const words = config.annotationValueWordBlocklist;
  if (words.length === 0) return [];
  return Object.entries(ingress.metadata.annotations ?? {}).flatMap(([key, text]) => {
    const word = key.startsWith(`${prefix}/`) ? words.find((one) => text.includes(one)) : undefined;
    const place = { object: ingress, field: `metadata.annotations[${key}]` };
    return word === undefined ? [] : [found.annotationBlocked(place, { name: key.slice(prefix.length + 1), word: printable(word) })];
  });
}
