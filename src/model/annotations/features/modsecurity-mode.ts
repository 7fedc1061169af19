/** Whether requests are inspected where an Ingress says nothing of ModSecurity. */
import type { Config } from "../../config/config.ts";
import type { ProxySettings } from "../../shapes/routing.ts";
import { includesCoreRules } from "../../snippets/operator-rules.ts";

/** The mode of an Ingress that says nothing of ModSecurity. */
export function modsecurityDefault(config: Config): ProxySettings["modsecurity"] {
  if (!config.enableModsecurity) return "off";
  return config.enableOwaspCrs || includesCoreRules(config.modsecuritySnippet?.lines) ? "crs" : "on";
}
