/**
 * The annotations about headers.
 *
 * ingress-nginx behaviour: custom-headers names a ConfigMap as `namespace/name`; each of its pairs replaces the
 * backend's response header; only headers that the operator lists in global-allowed-response-headers may be set.
 * Unlike there, the ConfigMap must be in the Ingress's namespace, as ingress-nginx's documentation says, and an edit of
 * the ConfigMap takes effect.
 */
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import type { ConfigMap } from "../../../source/objects.ts";
import { printable } from "../../../support/text.ts";
import * as found from "../../findings/catalogue.ts";
import { CLOSED } from "../../findings/findings.ts";
import { basicText } from "../../grammar/value-types.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import { namedConfigMap } from "../resolver.ts";
import type { ResolveContext, Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";

export interface HeaderValues {
  /** ConfigMap of custom-headers, as written. */
  readonly custom?: string;
  /** The ConfigMap's pairs, name and value; set by the resolver. */
  readonly set: readonly (readonly [string, string])[];
}

const DEFAULTS: HeaderValues = { set: [] };

/** What the annotations of an Ingress say about response headers. */
export const headers = slot<HeaderValues>("headers", () => DEFAULTS);

const annotations: readonly Honoured[] = [
  annotation<string>({
    name: "custom-headers",
    group: "headers",
    risk: "Medium",
    scope: "location",
    type: basicText,
    doc: "ConfigMap (`namespace/name`) of response headers, which replace the backend's.",
    differs: "The ConfigMap must be of the Ingress's own namespace unless `allow-cross-namespace-resources` is on, and an edit of it takes effect at once.",
    ...field(headers, "custom"),
  }),
];

/** Header names (RFC 9110 tokens that ingress-nginx allows) and values: printable ASCII. */
const NAME = /^[A-Za-z0-9_-]+$/;
const VALUE = /^[\x20-\x7e]*$/;

const resolver: Resolver = {
  groups: ["headers"],
  resolve(values, at) {
    const { custom } = headers.of(values);
    if (custom === undefined) return values;
    const set = customHeaders(custom, at);
    if (set === undefined) at.close();
    return headers.with(values, { set: set ?? [] });
  },
};

/** The pairs, sorted by name; undefined, with a finding, when they cannot be used. */
function customHeaders(text: string, at: ResolveContext): readonly (readonly [string, string])[] | undefined {
  const refuse = (key: string, why: string): undefined => {
    at.report(found.annotationReference(at.place("custom-headers"), { name: "custom-headers", kind: "ConfigMap", key: printable(key), why, effect: CLOSED }));
  };
  const configMap = namedConfigMap(text, at, refuse, "whole");
  if (!configMap) return undefined;
  const why = whyUnusable(configMap.object, at);
  return why === undefined ? Object.entries(configMap.object.data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)) : refuse(configMap.key, why);
}

function whyUnusable({ data = {} }: ConfigMap, { config }: ResolveContext): string | undefined {
  for (const [header, value] of Object.entries(data)) {
    if (!NAME.test(header)) return `sets "${header}", which is no header name`;
    if (!VALUE.test(value)) return `sets ${header} to more than printable ASCII on one line`;
    if (!config.globalAllowedResponseHeaders.includes(header)) {
      return `sets ${header}, which the operator does not list in global-allowed-response-headers`;
    }
  }
  return undefined;
}

/** What the edge does with the values. */
function edge(values: Values): EdgeFilters {
  const { set } = headers.of(values);
  return set.length > 0 ? { setHeaders: set.map(([name, value]) => [name, value]) } : {};
}

export const headerFeature: Feature = { slot: headers, annotations, resolver, edge };
