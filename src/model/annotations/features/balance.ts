/**
 * The annotations about which endpoint of a Service takes a request.
 *
 * ingress-nginx behaviour, but that a policy belongs to the paths of its Ingress: there it belongs to the Service port,
 * and of two Ingresses that share one the older decides.
 */
import type { Template } from "../../../../edge/src/program.ts";
import type { Config } from "../../config/config.ts";
import * as found from "../../findings/catalogue.ts";
import { parseTemplate, templateText } from "../../grammar/template.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { boolean, integerBetween, oneOf } from "../../grammar/value-types.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured, Risk } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import type { ResolveContext, Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";
import { affinity } from "./affinity-values.ts";

const POLICIES = ["round_robin", "ewma", "chash", "chashsubset", "sticky_balanced", "sticky_persistent"] as const;
export type LoadBalance = (typeof POLICIES)[number];

/** ingress-nginx behaviour: the size where the annotation is absent or 0. */
const SUBSET_SIZE = 3;
const LARGEST_SUBSET = 10_000;

export interface BalanceValues {
  readonly loadBalance: LoadBalance;
  readonly serviceUpstream: boolean;
  readonly hashBy?: Template;
  readonly subset: boolean;
  readonly subsetSize: number;
}

/** What the annotations of an Ingress say about which endpoint takes a request. */
export const balance = slot("balance", ({ loadBalance, serviceUpstream }: Config): BalanceValues => (
  { loadBalance, serviceUpstream, subset: false, subsetSize: SUBSET_SIZE }
));

/** ingress-nginx's character set of upstream-hash-by. */
const hashKey: ValueType<Template> = {
  expects: "letters, digits and - _ $ { } only, such as $request_uri or ${http_x_user}",
  parse: (text) => (/^[A-Za-z0-9\-_${}]+$/.test(text) ? { value: parseTemplate(text) } : undefined),
  format: templateText,
};

const subsetSize: ValueType<number> = {
  ...integerBetween(0, LARGEST_SUBSET),
  parse: (text) => {
    const parsed = integerBetween(0, LARGEST_SUBSET).parse(text);
    return parsed?.value === 0 ? { value: SUBSET_SIZE } : parsed;
  },
};

const OWN_PATHS = "The policy is the Ingress's own: another Ingress may choose another one for the same Service port.";

const annotations: readonly Honoured[] = [
  row("service-upstream", "serviceUpstream", boolean, "Low", "default", "Send requests to the Service's ClusterIP instead of its pods.",
    "It holds for the paths of its Ingress, and a value that is neither true nor false leaves the ConfigMap's in force."),
  row("load-balance", "loadBalance", oneOf<LoadBalance>(...POLICIES), "Low", "refused",
    "`round_robin` takes the endpoints in turn, `ewma` prefers those that answered fast of late (`$balancer_ewma_score` in the access log). The other names ask for `upstream-hash-by` or `affinity`.", OWN_PATHS),
  row("upstream-hash-by", "hashBy", hashKey, "High", "refused",
    "Requests with the same value of this text with nginx variables go to the same endpoint; `$1` is a group of the path, where that is a regular expression.",
    "A retry goes on to the next endpoint of the ring instead of the one that failed; the policy is the Ingress's own."),
  row("upstream-hash-by-subset", "subset", boolean, "Low", "refused", "Requests with the same value go to the same few endpoints."),
  row("upstream-hash-by-subset-size", "subsetSize", subsetSize, "Low", "refused", "How many these are; 0 means 3."),
];

function row<K extends keyof BalanceValues>(
  name: string, key: K, type: ValueType<NonNullable<BalanceValues[K]>>, risk: Risk, onInvalid: "default" | "refused", doc: string, differs?: string,
): Honoured {
  return annotation<NonNullable<BalanceValues[K]>>({
    name,
    group: "load balancing",
    risk,
    scope: "location",
    onCanary: true,
    onInvalid,
    type,
    doc,
    ...(differs === undefined ? {} : { differs }),
    ...field(balance, key),
  });
}

/** Reports what cannot have an effect beside the other values. Nothing is corrected: `balanceOf` knows the precedence. */
const resolver: Resolver = {
  groups: ["load balancing"],
  resolve(values, at) {
    const { hashBy, subset, loadBalance, serviceUpstream } = balance.of(values);
    if (hashBy === undefined) {
      needs(at, "upstream-hash-by-subset", "upstream-hash-by", "requests are not hashed");
      needs(at, "upstream-hash-by-subset-size", "upstream-hash-by", "requests are not hashed");
    } else if (!subset) needs(at, "upstream-hash-by-subset-size", 'upstream-hash-by-subset: "true"', "each value has one endpoint");
    const winner = stronger(values);
    if (winner !== undefined && winner !== "upstream-hash-by") outranked(at, "upstream-hash-by", winner);
    if (loadBalance === "round_robin" || loadBalance === "ewma") {
      if (winner !== undefined) outranked(at, "load-balance", winner);
    } else if (winner === undefined) {
      needs(at, "load-balance", loadBalance.startsWith("chash") ? "upstream-hash-by" : 'affinity: "cookie"', "endpoints are taken in turn");
    }
    if (serviceUpstream && hashBy !== undefined) oneAddress(at, "upstream-hash-by");
    return values;
  },
};

/** The annotation that decides before load-balance does. */
function stronger(values: Values): string | undefined {
  if (affinity.of(values).enabled) return 'affinity: "cookie"';
  return balance.of(values).hashBy === undefined ? undefined : "upstream-hash-by";
}

function needs(at: ResolveContext, name: string, other: string, effect: string): void {
  if (at.given(name) !== undefined) at.report(found.balancingNeeds(at.place(name), { name, other, effect }));
}

function outranked(at: ResolveContext, name: string, winner: string): void {
  if (at.given(name) !== undefined) at.report(found.balancingOutranked(at.place(name), { name, winner }));
}

/** Reports that an annotation has no effect because service-upstream leaves one address to choose from. */
export function oneAddress(at: ResolveContext, name: string): void {
  if (at.given(name) !== undefined) at.report(found.balancingOneAddress(at.place(name), { name }));
}

export const balanceFeature: Feature = { slot: balance, annotations, resolver };
