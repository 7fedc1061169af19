/**
 * The annotations about ModSecurity, the web application firewall.
 *
 * ModSecurity is an nginx module. Where it is missing, the paths that ask for it answer 503 (src/compile/modsecurity.ts):
 * whether it is there is known only where nginx runs.
 */
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import type { Config } from "../../config/config.ts";
import * as found from "../../findings/catalogue.ts";
import { boolean, textOf } from "../../grammar/value-types.ts";
import type { ProxySettings } from "../../shapes/routing.ts";
import type { RuleLine } from "../../shapes/snippet.ts";
import { includesCoreRules } from "../../snippets/operator-rules.ts";
import { annotation, field, whereOn } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import type { Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";
import { modsecurityDefault } from "./modsecurity-mode.ts";
import { proxy } from "./proxy.ts";

export interface ModsecurityValues {
  /** Undefined: as the ConfigMap says. */
  readonly enabled?: boolean;
  readonly coreRules: boolean;
  /** Text with nginx's variables. */
  readonly transactionId?: string;
  /** Rules of the Ingress's own, which the operator allowed. */
  readonly rules?: readonly RuleLine[];
}

const DEFAULTS: ModsecurityValues = { coreRules: false };

/** What the annotations of an Ingress say about ModSecurity. */
export const modsecurity = slot<ModsecurityValues>("modsecurity", () => DEFAULTS);

const GROUP = { group: "modsecurity", scope: "location", reload: "when new" } as const;
/** ingress-nginx's character set for variables. */
const withVariables = textOf(/^[A-Za-z0-9\-_${}]+$/, "letters, digits and - _ $ { } only");

const annotations: readonly Honoured[] = [
  annotation<boolean>({
    ...GROUP,
    name: "enable-modsecurity",
    risk: "Low",
    type: boolean,
    onInvalid: "closed",
    doc: "Inspect requests with ModSecurity, whatever the ConfigMap says.",
    differs: "Without nginx's ModSecurity module (Debian: libnginx-mod-http-modsecurity) the paths answer 503.",
    differsFor: whereOn,
    ...field(modsecurity, "enabled"),
  }),
  annotation<boolean>({
    ...GROUP,
    name: "enable-owasp-core-rules",
    risk: "Low",
    type: boolean,
    onInvalid: "closed",
    doc: "With the OWASP core rules, where ModSecurity is on.",
    differs:
      "Without the rules (Debian: modsecurity-crs) the paths answer 503. " +
      "They are had also where the ConfigMap has `enable-owasp-modsecurity-crs` without `enable-modsecurity`: there, neither counts then.",
    ...field(modsecurity, "coreRules"),
  }),
  annotation<string>({
    ...GROUP,
    name: "modsecurity-transaction-id",
    risk: "High",
    type: withVariables,
    doc: "What a request is called in ModSecurity's logs, with nginx's variables.",
    ...field(modsecurity, "transactionId"),
  }),
];

function modeOf({ enabled, coreRules, rules }: ModsecurityValues, config: Config): ProxySettings["modsecurity"] {
  const usual = modsecurityDefault(config);
  if (!(enabled ?? config.enableModsecurity)) return "off";
  return coreRules || usual === "crs" || includesCoreRules(rules) ? "crs" : "on";
}

/** The rules of modsecurity-snippet; none where ModSecurity is off. */
export function rulesInForce(values: Values, config: Config): readonly RuleLine[] {
  const given = modsecurity.of(values);
  return modeOf(given, config) === "off" ? [] : (given.rules ?? []);
}

const resolver: Resolver = {
  groups: ["modsecurity"],
  resolve(values, at) {
    const given = modsecurity.of(values);
    const mode = modeOf(given, at.config);
    if (mode === "off") {
      const why = "ModSecurity is not on: add enable-modsecurity: \"true\"";
      const idle = [...(given.coreRules ? ["enable-owasp-core-rules"] : []), ...(given.rules ? ["modsecurity-snippet"] : [])];
      for (const name of idle) at.report(found.annotationIneffective(at.place(name), { name, why }));
    }
    return proxy.with(values, { modsecurity: mode, transactionId: mode !== "off" && given.transactionId !== undefined });
  },
};

/** The name of ModSecurity's transaction, where it is on and the Ingress gives one. */
function edge(values: Values): EdgeFilters {
  const { transactionId } = modsecurity.of(values);
  return proxy.of(values).transactionId && transactionId !== undefined ? { upstream: { transaction: transactionId } } : {};
}

export const modsecurityFeature: Feature = { slot: modsecurity, annotations, resolver, edge };
