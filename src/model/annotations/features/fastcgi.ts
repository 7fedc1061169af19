/**
 * The annotations about FastCGI backends.
 *
 * ingress-nginx behaviour: fastcgi-params-configmap names a ConfigMap whose pairs become parameters, with nginx's
 * variables in their values. The names are part of a profile; values and index are data.
 */
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import { printable } from "../../../support/text.ts";
import * as found from "../../findings/catalogue.ts";
import { CLOSED, REFUSED } from "../../findings/findings.ts";
import { basicText, textOf } from "../../grammar/value-types.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature, FilterContext } from "../feature.ts";
import { namedConfigMap } from "../resolver.ts";
import type { ResolveContext, Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";
import { proxy } from "./proxy.ts";

type Pairs = readonly (readonly [string, string])[];

export interface FastcgiValues {
  readonly index?: string;
  /** Name of the ConfigMap, as written. */
  readonly configMap?: string;
  /** The ConfigMap's pairs, by name; set by the resolver. */
  readonly params: Pairs;
}

const DEFAULTS: FastcgiValues = { params: [] };

/** What the annotations of an Ingress say about FastCGI backends. */
export const fastcgi = slot<FastcgiValues>("fastcgi", () => DEFAULTS);

const GROUP = { group: "fastcgi", scope: "location", risk: "Medium", onInvalid: "refused" } as const;

const annotations: readonly Honoured[] = [
  annotation<string>({
    ...GROUP,
    name: "fastcgi-index",
    type: textOf(/^[A-Za-z0-9._-]+$/, "letters, digits and . - _ only"),
    doc: "File name put after a path that ends in /, in `$fastcgi_script_name`.",
    ...field(fastcgi, "index"),
  }),
  annotation<string>({
    ...GROUP,
    name: "fastcgi-params-configmap",
    type: basicText,
    doc: "ConfigMap (`name` or `namespace/name`) of FastCGI parameters; values may hold nginx's variables.",
    differs: "A ConfigMap of another namespace closes the paths instead of being ignored, unless `allow-cross-namespace-resources` is on.",
    reload: "when new",
    ...field(fastcgi, "configMap"),
  }),
];

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,127}$/;
const VALUE = /^[A-Za-z0-9\-_${}/.]*$/;
/** The bound on parameters: each is a directive of a profile, and a variable. */
const MOST_PARAMS = 64;

const resolver: Resolver = {
  groups: ["fastcgi"],
  resolve(values, at) {
    const { configMap } = fastcgi.of(values);
    const { protocol } = proxy.of(values);
    if (protocol !== "FCGI") {
      for (const { name } of annotations) {
        const why = `the backend does not speak FastCGI: add backend-protocol: "FCGI"`;
        if (at.given(name) !== undefined) at.report(found.annotationIneffective(at.place(name), { name, why }));
      }
    }
    if (configMap === undefined) return values;
    const params = readParams(configMap, at);
    if (params === undefined || protocol !== "FCGI") return values;
    return proxy.with(fastcgi.with(values, { params }), { fastcgiParams: params.map(([name]) => name) });
  },
};

/** The pairs, sorted by name; undefined, with a finding, when they cannot be used. */
function readParams(text: string, at: ResolveContext): Pairs | undefined {
  const tell = (key: string, why: string, effect: string): undefined => {
    at.report(found.annotationReference(at.place("fastcgi-params-configmap"), { name: "fastcgi-params-configmap", kind: "ConfigMap", key: printable(key), why, effect }));
  };
  const close = (key: string, why: string): undefined => {
    at.close();
    return tell(key, why, CLOSED);
  };
  const configMap = namedConfigMap(text, at, close);
  if (!configMap) return undefined;
  const pairs = Object.entries(configMap.object.data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const why = whyUnusable(pairs);
  if (why === undefined) return pairs;
  at.refuse();
  return tell(configMap.key, why, REFUSED);
}

function whyUnusable(pairs: Pairs): string | undefined {
  if (pairs.length > MOST_PARAMS) return `holds ${pairs.length} parameters: ${MOST_PARAMS} are the most`;
  for (const [name, value] of pairs) {
    if (!NAME.test(name)) return `sets "${printable(name)}", which is no name of a FastCGI parameter (letters, digits, _ and -)`;
    if (!VALUE.test(value)) return `sets ${name} to more than letters, digits and - _ $ { } / .`;
  }
  return undefined;
}

/** The index and the values of parameters, which the edge fills in. Nothing for backends that do not speak FastCGI, such as the default backend. */
function edge(values: Values, { service }: FilterContext): EdgeFilters {
  const { index, params } = fastcgi.of(values);
  if (service === undefined || proxy.of(values).protocol !== "FCGI" || (index === undefined && params.length === 0)) return {};
  return { upstream: { fastcgi: { ...(index === undefined ? {} : { index }), params: params.map(([, value]) => value) } } };
}

export const fastcgiFeature: Feature = { slot: fastcgi, annotations, resolver, edge };
