/**
 * The annotations about cross-origin requests (CORS).
 *
 * ingress-nginx behaviour: an invalid list of origins allows every origin; single origins without a scheme are left
 * out, and when none is left CORS is off.
 */
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import { printable } from "../../../support/text.ts";
import * as found from "../../findings/catalogue.ts";
import { ANY_ORIGIN, exposedList, headerList, methodList, origins } from "../../grammar/response-types.ts";
import type { Origins } from "../../grammar/response-types.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { boolean, integer } from "../../grammar/value-types.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured, Risk } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import type { Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";

export interface CorsValues {
  readonly enabled: boolean;
  readonly origins: Origins;
  readonly methods: string;
  readonly headers: string;
  readonly credentials: boolean;
  readonly expose?: string;
  readonly maxAge: number;
}

const DEFAULTS: CorsValues = {
  enabled: false,
  origins: ANY_ORIGIN,
  methods: "GET, PUT, POST, DELETE, PATCH, OPTIONS",
  headers: "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization",
  credentials: true,
  maxAge: 1728000,
};

/** What the annotations of an Ingress say about cross-origin requests. */
export const cors = slot<CorsValues>("cors", () => DEFAULTS);

const annotations: readonly Honoured[] = [
  row("enable-cors", "enabled", boolean, "Low", "Answers preflight requests and adds the headers that let other origins use the responses.",
    "Error pages and all redirects of the host (`app-root`, `from-to-www-redirect`, the added slash) carry the headers too, and where the answer depends on the origin `Vary: Origin` says so to caches."),
  row("cors-allow-origin", "origins", origins, "Medium", "The origins that may; `*.` stands for one label.",
    "An origin is compared as a whole, from its beginning."),
  row("cors-allow-methods", "methods", methodList, "Medium", "Access-Control-Allow-Methods, verbatim."),
  row("cors-allow-headers", "headers", headerList, "Medium", "Access-Control-Allow-Headers, verbatim."),
  row("cors-allow-credentials", "credentials", boolean, "Low", "Whether Access-Control-Allow-Credentials is sent."),
  row("cors-expose-headers", "expose", exposedList, "Medium", "Access-Control-Expose-Headers, verbatim."),
  row("cors-max-age", "maxAge", integer, "Low", "Access-Control-Max-Age: seconds for which browsers keep the answer to a preflight request."),
];

function row<K extends keyof CorsValues>(
  name: string, key: K, type: ValueType<NonNullable<CorsValues[K]>>, risk: Risk, doc: string, differs?: string,
): Honoured {
  return annotation<NonNullable<CorsValues[K]>>({
    name,
    group: "cors",
    risk,
    scope: "location",
    type,
    doc,
    ...(differs === undefined ? {} : { differs }),
    ...field(cors, key),
  });
}

const resolver: Resolver = {
  groups: ["cors"],
  resolve(values, at) {
    const { text, allowed, skipped } = cors.of(values).origins;
    const none = allowed?.length === 0;
    if (none || skipped.length > 0) {
      const effect = none ? "no origin is allowed: CORS is off" : "the other origins are allowed";
      const origins = skipped.length > 0 ? skipped : [text];
      at.report(found.corsOriginSkipped(at.place("cors-allow-origin"), { origins: origins.map(printable), effect }));
    }
    return values;
  },
};

/** What the edge does with the values. */
function edge(values: Values): EdgeFilters {
  const { enabled, origins: { allowed }, ...rest } = cors.of(values);
  if (!enabled || allowed?.length === 0) return {};
  const headers: [string, string][] = [
    ...(rest.credentials ? [["Access-Control-Allow-Credentials", "true"] as [string, string]] : []),
    ["Access-Control-Allow-Methods", rest.methods],
    ["Access-Control-Allow-Headers", rest.headers],
    ...(rest.expose === undefined ? [] : [["Access-Control-Expose-Headers", rest.expose] as [string, string]]),
    ["Access-Control-Max-Age", String(rest.maxAge)],
  ];
  return { cors: { ...(allowed ? { origins: [...allowed] } : {}), headers } };
}

export const corsFeature: Feature = { slot: cors, annotations, resolver, edge };
