/**
 * The annotations about how much a client may ask for: requests per second and minute, requests at a time, and how
 * fast responses are sent.
 *
 * ingress-nginx behaviour: the paths of an Ingress share what they count; a burst is a multiple of the rate.
 */
import { isDeepStrictEqual } from "node:util";
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import type { Config } from "../../config/config.ts";
import * as found from "../../findings/catalogue.ts";
import { compileNetworks } from "../../grammar/networks.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { integer, integerBetween } from "../../grammar/value-types.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured, OnInvalid } from "../annotation.ts";
import type { Feature, FilterContext } from "../feature.ts";
import type { Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";
import { networkList } from "./access.ts";
import { proxy } from "./proxy.ts";

export interface LimitValues {
  /** Kilobytes per second of each response; 0: no limit. */
  readonly rate: number;
  /** Kilobytes of each response before `rate` holds. */
  readonly rateAfter: number;
  /** Requests per second, per minute, and at a time; 0: no limit. */
  readonly second: number;
  readonly minute: number;
  readonly connections: number;
  readonly burstMultiplier: number;
  readonly except: readonly string[];
}

/** What the annotations of an Ingress say about how much a client may ask for. */
export const limits = slot("limits", ({ limitRate, limitRateAfter }: Config): LimitValues => (
  { rate: limitRate, rateAfter: limitRateAfter, second: 0, minute: 0, connections: 0, burstMultiplier: 5, except: [] }
));

/** ingress-nginx behaviour: a number below 1 is no limit. */
const limit: ValueType<number> = {
  expects: "a whole number (0: no limit)",
  parse: (text) => {
    const value = integer.parse(text)?.value;
    return value === undefined ? undefined : { value: Math.max(0, value) };
  },
  format: String,
};
/** nginx counts bytes in 63 bits; a terabyte a second is no limit any more. */
const kilobytes = integerBetween(0, 2 ** 30, "a whole number of kilobytes");
const multiplier = integerBetween(1, 1_000_000);

const annotations: readonly Honoured[] = [
  row("limit-connections", "connections", limit, "refused", "Requests at a time per client; one more gets the ConfigMap's limit-conn-status-code (503)."),
  row("limit-rps", "second", limit, "refused", "Requests per second and client; over the burst they get the ConfigMap's limit-req-status-code (503)."),
  row("limit-rpm", "minute", limit, "refused", "Requests per minute and client; both this and limit-rps may be set."),
  row("limit-burst-multiplier", "burstMultiplier", multiplier, "default",
    "How many times limit-rps or limit-rpm a client may ask for at once.",
    "A multiplier below 1, with which ingress-nginx's configuration breaks for everybody, counts as absent.",
    (value) => Number(value) < 1),
  row("limit-rate", "rate", kilobytes, "default", "Kilobytes per second of each response; needs proxy-buffering. 0: no limit."),
  row("limit-rate-after", "rateAfter", kilobytes, "default", "Kilobytes of each response before limit-rate holds."),
  annotation<readonly string[]>({
    name: "limit-allowlist",
    aliases: ["limit-whitelist"],
    group: "rate-limit",
    risk: "Low",
    scope: "location",
    type: networkList,
    doc: "Clients of these networks are not held to limit-connections, limit-rps and limit-rpm.",
    onInvalid: "refused",
    ...field(limits, "except"),
    get: (values) => (limits.of(values).except.length > 0 ? limits.of(values).except : undefined),
  }),
];

function row(
  name: string, key: Exclude<keyof LimitValues, "except">, type: ValueType<number>, onInvalid: OnInvalid, doc: string, differs?: string, differsFor?: Honoured["differsFor"],
): Honoured {
  return annotation<number>({
    name,
    group: "rate-limit",
    risk: "Low",
    scope: "location",
    type,
    doc,
    ...(differs === undefined ? {} : { differs }),
    ...(differsFor === undefined ? {} : { differsFor }),
    onInvalid,
    ...field(limits, key),
  });
}

/** Reports what has no effect. */
const resolver: Resolver = {
  groups: ["rate-limit"],
  resolve(values, at) {
    const { second, minute, connections, rate } = limits.of(values);
    /** Reports an annotation that needs one of others. If one of them is given, though it is 0, it is off on purpose and not missing. */
    const alone = (name: string, ...needs: readonly string[]): void => {
      if (at.given(name) === undefined || needs.some((one) => at.given(one) !== undefined)) return;
      at.report(found.annotationAlone(at.place(name), { name, needs: needs.join(" or ") }));
    };
    if (second === 0 && minute === 0) alone("limit-burst-multiplier", "limit-rps", "limit-rpm");
    if (second === 0 && minute === 0 && connections === 0) alone("limit-allowlist", "limit-rps", "limit-rpm", "limit-connections");
    if (rate === 0) alone("limit-rate-after", "limit-rate");
    else if (!proxy.of(values).buffering && at.given("limit-rate") !== undefined) {
      at.report(found.limitRateUnbuffered(at.place("limit-rate"), { name: "limit-rate" }));
    }
    return values;
  },
};

/** What the edge does with the values. */
function edge(values: Values, { namespace, ingress, uid, path, shared, config }: FilterContext): EdgeFilters {
  const own = limits.of(values);
  const { rate, rateAfter, second, minute, connections, burstMultiplier: burst, except } = own;
  const limited = second > 0 || minute > 0 || connections > 0;
  // The uid is part of the zone, so that what was counted for a deleted Ingress does not count for the next one of its name.
  const zone = uid === undefined ? `${namespace}/${ingress}` : `${namespace}/${ingress} ${uid}`;
  const same = rate === config.limitRate && (rate === 0 || rateAfter === config.limitRateAfter);
  return {
    ...(limited
      ? {
          limits: {
            // A path with limits of its own counts apart from the others.
            zone: isDeepStrictEqual(own, limits.of(shared)) ? zone : `${zone} ${path}`,
            ...(second > 0 ? { second: { rate: second * 1000, burst: second * burst * 1000 } } : {}),
            // Rounded down, as nginx does.
            ...(minute > 0 ? { minute: { rate: Math.floor((minute * 1000) / 60), burst: minute * burst * 1000 } } : {}),
            ...(connections > 0 ? { connections } : {}),
            ...(except.length > 0 ? { except: compileNetworks(except) } : {}),
          },
        }
      : {}),
    // The ConfigMap's rate stands in nginx.conf, for everybody.
    ...(same ? {} : { speed: [rate * 1024, rateAfter * 1024] }),
  };
}

export const limitFeature: Feature = { slot: limits, annotations, resolver, edge };
