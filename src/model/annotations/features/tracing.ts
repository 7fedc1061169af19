/**
 * The annotations about tracing. Debian's nginx has no OpenTelemetry module: the edge makes the spans (edge/src/trace.ts).
 *
 * ingress-nginx behaviour: the annotations hold for the paths of their Ingress; without them the controller's ConfigMap
 * decides.
 */
import type { Config } from "../../config/config.ts";
import * as found from "../../findings/catalogue.ts";
import { boolean } from "../../grammar/value-types.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature, RouteFilters } from "../feature.ts";
import type { Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";

export interface TracingValues {
  readonly enabled: boolean;
  readonly trust: boolean;
  /** With `$variables`; "": method and path of the route. */
  readonly name: string;
}

/** What the annotations of an Ingress say about tracing. */
export const tracing = slot("tracing", (config: Config): TracingValues => (
  {
    enabled: config.enableOpentelemetry,
    trust: config.opentelemetryTrustIncomingSpan,
    name: config.opentelemetryOperationName,
  }
));

const OPERATION_NAME = /^[A-Za-z0-9_-]+$/;

const annotations: readonly Honoured[] = [
  annotation<boolean>({
    name: "enable-opentelemetry",
    group: "opentelemetry",
    risk: "Low",
    scope: "location",
    type: boolean,
    doc: "Make a span of each request and give the backend its `traceparent`.",
    differs: "Spans go to the collector from the controller, as OTLP over HTTP.",
    ...field(tracing, "enabled"),
  }),
  annotation<boolean>({
    name: "opentelemetry-trust-incoming-span",
    group: "opentelemetry",
    risk: "Low",
    scope: "location",
    type: boolean,
    doc: "Continue the trace that a client's `traceparent` names; otherwise each request begins a new one.",
    differs: "It counts wherever tracing is on, also where the ConfigMap turned it on.",
    ...field(tracing, "trust"),
  }),
  annotation<string>({
    name: "opentelemetry-operation-name",
    group: "opentelemetry",
    risk: "Medium",
    scope: "location",
    type: {
      expects: "letters, digits, - and _ only",
      parse: (text) => (OPERATION_NAME.test(text) ? { value: text } : undefined),
      format: (value) => (value === "" ? "none" : value),
    },
    doc: "Name of the spans.",
    differs: "It counts wherever tracing is on. Without it a span is named by its method and the path of its route.",
    onInvalid: "refused",
    ...field(tracing, "name"),
  }),
];

const resolver: Resolver = {
  groups: ["opentelemetry"],
  resolve(values, at) {
    const { enabled } = tracing.of(values);
    for (const name of ["opentelemetry-trust-incoming-span", "opentelemetry-operation-name"]) {
      if (!enabled && at.given(name) !== undefined) at.report(found.tracingOff(at.place(name), { name }));
    }
    if (enabled && !at.config.enableOpentelemetry && at.config.otlpCollectorHost === "") {
      at.report(found.tracingWithoutCollector(at.place("enable-opentelemetry"), {}));
    }
    return values;
  },
};

function route(values: Values): RouteFilters {
  const { enabled, trust, name } = tracing.of(values);
  return enabled ? { trace: { trust, ...(name === "" ? {} : { name: namePieces(name) }) } } : {};
}

/** Takes a name such as `HTTP $request_method` apart: texts and names of variables by turns, a text first. */
function namePieces(name: string): string[] {
  return name.split(/\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/).filter((piece) => piece !== undefined);
}

export const tracingFeature: Feature = { slot: tracing, annotations, resolver, route };
