/**
 * ModSecurity: nginx's module and its rules, where profiles ask for them.
 *
 * Guarantee: a profile that asks for what this machine does not have answers 503. It never serves uninspected.
 */
import type { Directive } from "./directive.ts";
import { directive, expression } from "./directive.ts";
import type { EngineFacts } from "./facts.ts";
import type { Profile } from "./profiles.ts";
import type { Config } from "../model/config.ts";
import type { RuleFile, RuleLine } from "../model/snippets/rules.ts";

type Wanted = Pick<Profile, "modsecurity" | "transactionId" | "snippet">;

/** Debian's package that a profile needs and this machine lacks; undefined: nothing is missing. */
export function missingPackage({ modsecurity }: Pick<Profile, "modsecurity">, facts: EngineFacts): string | undefined {
  if (modsecurity === "off") return undefined;
  if (facts.modsecurity === undefined) return "libnginx-mod-http-modsecurity";
  return modsecurity === "crs" && facts.modsecurity.coreRules === undefined ? "modsecurity-crs" : undefined;
}

/** The module is loaded when some profile uses it. */
export function modsecurityModule(profiles: Iterable<Wanted>, facts: EngineFacts): Directive[] {
  const used = [...profiles].some((profile) => profile.modsecurity !== "off" && missingPackage(profile, facts) === undefined);
  return used && facts.modsecurity ? [directive("load_module", facts.modsecurity.module)] : [];
}

/**
 * Tried on 1.22.1 with connector 1.0.3: it inspects the client's own URI in a location that `set_uri` chose.
 *
 * ingress-nginx behaviour: where an Ingress turns it on that brings rules of its own, these take the main rules' place.
 */
export function modsecurityDirectives({ modsecurity, transactionId, snippet }: Wanted, { modsecurity: engine }: EngineFacts, config: Pick<Config, "enableModsecurity">): Directive[] {
  if (modsecurity === "off" || engine === undefined) return [];
  const rules = snippet?.rules ?? [];
  const main = config.enableModsecurity || rules.length === 0;
  const coreRules = modsecurity === "crs" && !rules.some((line) => isFile(line, "core")) ? includes(engine.coreRules) : [];
  const own = rules.flatMap((line) => {
    if (typeof line === "string") return [line];
    if (isFile(line, "core")) return includes(engine.coreRules);
    return main ? [] : includes([engine.rules]);
  });
  return [
    directive("modsecurity", "on"),
    ...(main ? [directive("modsecurity_rules_file", engine.rules)] : []),
    ...[own, coreRules].flatMap((lines) => (lines.length > 0 ? [directive("modsecurity_rules", expression(lines.join("\n")))] : [])),
    directive("modsecurity_transaction_id", expression(transactionId ? "$sluice_transaction" : "$req_id")),
  ];
}

/** Debian's own list of the core rules is Apache's: libmodsecurity does not know IncludeOptional. */
function includes(files: readonly string[] = []): readonly string[] {
  return files.map((file) => `Include ${file}`);
}

function isFile(line: RuleLine, which: RuleFile["include"]): boolean {
  return typeof line !== "string" && line.include === which;
}
