/**
 * The annotations about ModSecurity, the web application firewall.
 *
 * It is an nginx module, and where that is missing the paths that ask for it answer 503 (src/compile/modsecurity.ts):
 * whether it is there is known where nginx runs.
 */
import type { Config } from "../config.ts";
import type { ProxySettings } from "../types.ts";
import * as found from "../findings-catalogue.ts";
import { annotation } from "./annotation.ts";
import type { Honoured } from "./annotation.ts";
import type { Resolver } from "./resolver.ts";
import { boolean, textOf } from "./value-types.ts";
import { includesCoreRules } from "../snippets/operator-rules.ts";
import type { RuleLine } from "../snippets/rules.ts";
import type { Values } from "./values.ts";

export interface ModsecurityValues {
  /** Undefined: as the ConfigMap says. */
  readonly enabled?: boolean;
  readonly coreRules: boolean;
  /** Text with variables. */
  readonly transactionId?: string;
  /** Rules of the Ingress's own, which the operator allowed. */
  readonly rules?: readonly RuleLine[];
}

export const modsecurityDefaults: ModsecurityValues = { coreRules: false };

const GROUP = { group: "modsecurity", scope: "location" } as const;
/** ingress-nginx's character set for variables. */
const withVariables = textOf(/^[A-Za-z0-9\-_${}]+$/, "letters, digits and - _ $ { } only");

export const modsecurityAnnotations: readonly Honoured[] = [
  annotation<boolean>({
    ...GROUP,
    name: "enable-modsecurity",
    risk: "Low",
    type: boolean,
    onInvalid: "closed",
    doc: "Inspect requests with ModSecurity, whatever the ConfigMap says.",
    differs: "Without nginx's ModSecurity module (Debian: libnginx-mod-http-modsecurity) the paths answer 503.",
    get: ({ modsecurity }) => modsecurity.enabled,
    set: (values, enabled) => ({ ...values, modsecurity: { ...values.modsecurity, enabled } }),
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
    get: ({ modsecurity }) => modsecurity.coreRules,
    set: (values, coreRules) => ({ ...values, modsecurity: { ...values.modsecurity, coreRules } }),
  }),
  annotation<string>({
    ...GROUP,
    name: "modsecurity-transaction-id",
    risk: "High",
    type: withVariables,
    doc: "What a request is called in ModSecurity's logs, with nginx's variables.",
    get: ({ modsecurity }) => modsecurity.transactionId,
    set: (values, transactionId) => ({ ...values, modsecurity: { ...values.modsecurity, transactionId } }),
  }),
];

/** Of an Ingress that says nothing. */
export function modsecurityDefault(config: Config): ProxySettings["modsecurity"] {
  if (!config.enableModsecurity) return "off";
  return config.enableOwaspCrs || includesCoreRules(config.modsecuritySnippet?.lines) ? "crs" : "on";
}

function modeOf({ enabled, coreRules, rules }: ModsecurityValues, config: Config): ProxySettings["modsecurity"] {
  const usual = modsecurityDefault(config);
  if (!(enabled ?? config.enableModsecurity)) return "off";
  return coreRules || usual === "crs" || includesCoreRules(rules) ? "crs" : "on";
}

/** What of modsecurity-snippet has a meaning: nothing where ModSecurity is off. */
export function rulesInForce({ modsecurity }: Values, config: Config): readonly RuleLine[] {
  return modeOf(modsecurity, config) === "off" ? [] : (modsecurity.rules ?? []);
}

export const modsecurityResolver: Resolver = {
  groups: ["modsecurity"],
  resolve(values, at) {
    const mode = modeOf(values.modsecurity, at.config);
    if (mode === "off") {
      const why = "ModSecurity is not on: add enable-modsecurity: \"true\"";
      const idle = [...(values.modsecurity.coreRules ? ["enable-owasp-core-rules"] : []), ...(values.modsecurity.rules ? ["modsecurity-snippet"] : [])];
      for (const name of idle) at.report(found.annotationIneffective(at.place(name), { name, why }));
    }
    return { ...values, proxy: { ...values.proxy, modsecurity: mode, transactionId: mode !== "off" && values.modsecurity.transactionId !== undefined } };
  },
};

/** The transaction's name, where one is made. */
export function transactionOf({ proxy, modsecurity }: Values): string | undefined {
  return proxy.transactionId ? modsecurity.transactionId : undefined;
}
