/**
 * The annotations about how much a client may ask for: requests per second and minute, requests at a time, and how
 * fast responses are sent.
 *
 * ingress-nginx behaviour: the paths of an Ingress share what they count; a burst is a multiple of the rate.
 */
import { isDeepStrictEqual } from "node:util";
import type { Filters } from "../../../edge/src/program.ts";
import type { Config } from "../config.ts";
import * as found from "../findings-catalogue.ts";
import type { FilterContext } from "../filters.ts";
import { compileNetworks } from "../networks.ts";
import { networkList } from "./access.ts";
import { annotation } from "./annotation.ts";
import type { Honoured, OnInvalid, ValueType } from "./annotation.ts";
import type { Resolver } from "./resolver.ts";
import { integer, integerBetween } from "./value-types.ts";
import type { LimitValues, Values } from "./values.ts";

export function limitDefaults({ limitRate, limitRateAfter }: Config): LimitValues {
  return { rate: limitRate, rateAfter: limitRateAfter, second: 0, minute: 0, connections: 0, burstMultiplier: 5, except: [] };
}

/** ingress-nginx behaviour: below 1 is no limit. */
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

export const limitAnnotations: readonly Honoured[] = [
  limits("limit-connections", "connections", limit, "refused", "Requests at a time per client; one more gets the ConfigMap's limit-conn-status-code (503)."),
  limits("limit-rps", "second", limit, "refused", "Requests per second and client; over the burst they get the ConfigMap's limit-req-status-code (503)."),
  limits("limit-rpm", "minute", limit, "refused", "Requests per minute and client; both this and limit-rps may be set."),
  limits("limit-burst-multiplier", "burstMultiplier", multiplier, "default",
    "How many times limit-rps or limit-rpm a client may ask for at once.",
    "A multiplier below 1, with which ingress-nginx's configuration breaks for everybody, counts as absent."),
  limits("limit-rate", "rate", kilobytes, "default", "Kilobytes per second of each response; needs proxy-buffering. 0: no limit."),
  limits("limit-rate-after", "rateAfter", kilobytes, "default", "Kilobytes of each response before limit-rate holds."),
  annotation<readonly string[]>({
    name: "limit-allowlist",
    aliases: ["limit-whitelist"],
    group: "rate-limit",
    risk: "Low",
    scope: "location",
    type: networkList,
    doc: "Clients of these networks are not held to limit-connections, limit-rps and limit-rpm.",
    onInvalid: "refused",
    get: ({ limits: { except } }) => (except.length > 0 ? except : undefined),
    set: (values, except) => ({ ...values, limits: { ...values.limits, except } }),
  }),
];

function limits(
  name: string, field: Exclude<keyof LimitValues, "except">, type: ValueType<number>, onInvalid: OnInvalid, doc: string, differs?: string,
): Honoured {
  return annotation<number>({
    name,
    group: "rate-limit",
    risk: "Low",
    scope: "location",
    type,
    doc,
    ...(differs === undefined ? {} : { differs }),
    onInvalid,
    get: (values) => values.limits[field],
    set: (values, value) => ({ ...values, limits: { ...values.limits, [field]: value } }),
  });
}

/** Only says what has no effect: nothing here depends on another object. */
export const limitResolver: Resolver = {
  groups: ["rate-limit"],
  resolve(values, at) {
    const { second, minute, connections, rate } = values.limits;
    /** Beside a limit that is off on purpose nothing is missing. */
    const alone = (name: string, ...needs: readonly string[]): void => {
      if (at.given(name) === undefined || needs.some((one) => at.given(one) !== undefined)) return;
      at.report(found.annotationAlone(at.place(name), { name, needs: needs.join(" or ") }));
    };
    if (second === 0 && minute === 0) alone("limit-burst-multiplier", "limit-rps", "limit-rpm");
    if (second === 0 && minute === 0 && connections === 0) alone("limit-allowlist", "limit-rps", "limit-rpm", "limit-connections");
    if (rate === 0) alone("limit-rate-after", "limit-rate");
    else if (!values.proxy.buffering && at.given("limit-rate") !== undefined) {
      at.report(found.limitRateUnbuffered(at.place("limit-rate"), { name: "limit-rate" }));
    }
    return values;
  },
};

/** What the edge does with them. */
export function limitFilters({ limits: values }: Values, { namespace, ingress, uid, path, shared, config }: FilterContext): Filters {
  const { rate, rateAfter, second, minute, connections, burstMultiplier: burst, except } = values;
  const limited = second > 0 || minute > 0 || connections > 0;
  // By uid: what was counted for an Ingress that is deleted does not count for the next one of its name.
  const zone = uid === undefined ? `${namespace}/${ingress}` : `${namespace}/${ingress} ${uid}`;
  const same = rate === config.limitRate && (rate === 0 || rateAfter === config.limitRateAfter);
  return {
    ...(limited
      ? {
          limits: {
            // A path with limits of its own counts for itself.
            zone: isDeepStrictEqual(values, shared.limits) ? zone : `${zone} ${path}`,
            ...(second > 0 ? { second: { rate: second * 1000, burst: second * burst * 1000 } } : {}),
            // nginx divides so, and cuts.
            ...(minute > 0 ? { minute: { rate: Math.floor((minute * 1000) / 60), burst: minute * burst * 1000 } } : {}),
            ...(connections > 0 ? { connections } : {}),
            ...(except.length > 0 ? { except: compileNetworks(except) } : {}),
          },
        }
      : {}),
    // What the ConfigMap says of all stands in nginx.conf.
    ...(same ? {} : { speed: [rate * 1024, rateAfter * 1024] }),
  };
}
