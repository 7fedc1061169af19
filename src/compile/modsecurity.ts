/**
 * ModSecurity: nginx's module and its rules, where profiles ask for them.
 *
 * Guarantee: a profile that asks for what this machine does not have answers 503. It never serves uninspected.
 */
import type { Directive } from "./directive.ts";
import { directive, expression } from "./directive.ts";
import type { EngineFacts } from "./facts.ts";
import type { Profile } from "./profiles.ts";

type Wanted = Pick<Profile, "modsecurity" | "transactionId">;

/** Debian's package that a profile needs and this machine lacks; undefined: nothing is missing. */
export function missingPackage({ modsecurity }: Wanted, facts: EngineFacts): string | undefined {
  if (modsecurity === "off") return undefined;
  if (facts.modsecurity === undefined) return "libnginx-mod-http-modsecurity";
  return modsecurity === "crs" && facts.modsecurity.coreRules === undefined ? "modsecurity-crs" : undefined;
}

/** The module is loaded when some profile uses it. */
export function modsecurityModule(profiles: Iterable<Wanted>, facts: EngineFacts): Directive[] {
  const used = [...profiles].some((profile) => profile.modsecurity !== "off" && missingPackage(profile, facts) === undefined);
  return used && facts.modsecurity ? [directive("load_module", facts.modsecurity.module)] : [];
}

/** Tried on 1.22.1 with connector 1.0.3: it inspects the client's own URI in a location that `set_uri` chose. */
export function modsecurityDirectives({ modsecurity, transactionId }: Wanted, { modsecurity: engine }: EngineFacts): Directive[] {
  if (modsecurity === "off" || engine === undefined) return [];
  const coreRules = modsecurity === "crs" ? (engine.coreRules ?? []) : [];
  return [
    directive("modsecurity", "on"),
    directive("modsecurity_rules_file", engine.rules),
    // Debian's own list of these files is Apache's: libmodsecurity does not know IncludeOptional.
    ...(coreRules.length > 0 ? [directive("modsecurity_rules", coreRules.map((file) => `Include ${file}`).join("\n"))] : []),
    directive("modsecurity_transaction_id", expression(transactionId ? "$sluice_transaction" : "$req_id")),
  ];
}
