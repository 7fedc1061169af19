/**
 * ModSecurity: nginx's module and its rules, where profiles ask for them.
 *
 * Guarantee: a profile whose inspection is not possible (a package is missing, nginx refuses the rules) answers 503. It
 * never serves requests uninspected.
 *
 * ModSecurity (tried with 3.0.9, connector 1.0.3 on nginx 1.22.1) keeps the first value of a setting that several rule
 * sets of one location make, and takes those of the location before those that hold for all. So an Ingress's rules are
 * in its location, and the ConfigMap's are outside, once, as in ingress-nginx: an Ingress's SecRuleEngine wins over
 * that of the main rules, and a reload reads the core rules of the ConfigMap once and not per profile.
 */
import type { Config } from "../model/config/config.ts";
import { includesCoreRules } from "../model/snippets/operator-rules.ts";
import type { RuleLine } from "../model/shapes/snippet.ts";
import { contentDigest } from "../support/digest.ts";
import type { Directive } from "./directive.ts";
import { directive, expression } from "./directive.ts";
import type { EngineFacts, ModsecurityFacts } from "./facts.ts";
import type { Profile } from "./profiles.ts";

type ProfileRules = Pick<Profile, "modsecurity" | "transactionId" | "snippet">;
type Mode = Pick<Profile, "modsecurity">;
type Operators = Pick<Config, "enableModsecurity" | "enableOwaspCrs" | "modsecuritySnippet" | "named">;

/** Debian's package that a profile needs and this machine lacks; undefined: nothing is missing. */
export function missingPackage({ modsecurity }: Mode, facts: EngineFacts): string | undefined {
  if (modsecurity === "off") return undefined;
  if (facts.modsecurity === undefined) return "libnginx-mod-http-modsecurity";
  return modsecurity === "crs" && facts.modsecurity.coreRules === undefined ? "modsecurity-crs" : undefined;
}

/** Whether the inspection that a profile asks for is not possible, so that nobody may get in. */
export function cannotInspect(profile: Mode, { named }: Operators, facts: EngineFacts): boolean {
  return profile.modsecurity !== "off" && (named.rulesRefused || missingPackage(profile, facts) !== undefined);
}

/** The module is loaded when some profile uses it. */
export function modsecurityModule(profiles: Iterable<Mode>, config: Operators, facts: EngineFacts): Directive[] {
  const used = [...profiles].some((profile) => profile.modsecurity !== "off" && !cannotInspect(profile, config, facts));
  return used && facts.modsecurity ? [directive("load_module", facts.modsecurity.module)] : [];
}

/** The rules of the ConfigMap, for every inspected request. nginx reads them here, and uses them only in locations where ModSecurity is on. */
export function rulesForAll(profiles: Iterable<Mode>, config: Operators, facts: EngineFacts): Directive[] {
  const [engine] = modsecurityModule(profiles, config, facts).length > 0 ? [facts.modsecurity] : [];
  if (!config.enableModsecurity || engine === undefined) return [];
  const { modsecuritySnippet: own } = config;
  const core = config.enableOwaspCrs && !includesCoreRules(own?.lines);
  return [
    directive("modsecurity_rules_file", own ? inRuntime(facts, rulesFile(own.lines, engine)) : engine.rules),
    ...(core ? coreRules(engine) : []),
  ];
}

/**
 * The directives of a profile's location. Tried on nginx 1.22.1 with connector 1.0.3: ModSecurity inspects the client's
 * own URI in a location that `set_uri` chose.
 */
export function modsecurityDirectives(wanted: ProfileRules, config: Operators, facts: EngineFacts): Directive[] {
  const { modsecurity: engine } = facts;
  if (wanted.modsecurity === "off" || engine === undefined || cannotInspect(wanted, config, facts)) return [];
  const own = ownRules(wanted, config);
  const core = wanted.modsecurity === "crs" && !coreForAll(config) && !includesCoreRules(own);
  return [
    directive("modsecurity", "on"),
    ...(own.length > 0 ? [directive("modsecurity_rules_file", inRuntime(facts, rulesFile(own, engine)))] : []),
    // ingress-nginx behaviour: where an Ingress turns ModSecurity on and has rules of its own, they take the place of the main rules.
    ...(!config.enableModsecurity && own.length === 0 ? [directive("modsecurity_rules_file", engine.rules)] : []),
    ...(core ? coreRules(engine) : []),
    directive("modsecurity_transaction_id", expression(wanted.transactionId ? "$sluice_transaction" : "$req_id")),
  ];
}

/** An Ingress's rules, without files that are loaded for everybody anyway, because ModSecurity refuses a rule that it has already. */
function ownRules({ snippet }: ProfileRules, config: Operators): readonly RuleLine[] {
  const rules = snippet?.rules ?? [];
  if (!config.enableModsecurity) return rules;
  const main = config.modsecuritySnippet === undefined || config.modsecuritySnippet.lines.some((line) => isFile(line, "main"));
  return rules.filter((line) => !(main && isFile(line, "main")) && !(coreForAll(config) && isFile(line, "core")));
}

function coreForAll({ enableModsecurity, enableOwaspCrs, modsecuritySnippet }: Operators): boolean {
  return enableModsecurity && (enableOwaspCrs || includesCoreRules(modsecuritySnippet?.lines));
}

function isFile(line: RuleLine, which: "main" | "core"): boolean {
  return typeof line !== "string" && line.include === which;
}

/**
 * Includes the files one by one: the list of the core rules in Debian's package is for Apache, and libmodsecurity does
 * not know its IncludeOptional.
 */
function coreRules({ coreRules: files = [] }: ModsecurityFacts): Directive[] {
  return [directive("modsecurity_rules", expression(files.map(include).join("\n")))];
}

function include(file: string): string {
  return `Include ${file}`;
}

/**
 * Files of rules that an nginx.conf with these profiles refers to: name → content, latin-1.
 *
 * Rules are in files and not in arguments of directives, so that nginx's configuration holds no text of tenants, and
 * nginx's limit of 4 KiB for an argument does not matter.
 */
export function rulesFiles(profiles: Iterable<ProfileRules>, config: Operators, { modsecurity: engine }: EngineFacts): Record<string, string> {
  const files: Record<string, string> = {};
  const add = (lines: readonly RuleLine[]): void => {
    if (engine && lines.length > 0) files[rulesFile(lines, engine)] = Buffer.from(contentOf(lines, engine), "utf8").toString("latin1");
  };
  if (config.enableModsecurity && !config.named.rulesRefused) add(config.modsecuritySnippet?.lines ?? []);
  for (const profile of profiles) if (profile.modsecurity !== "off") add(ownRules(profile, config));
  return files;
}

const NAME = /^rules-[0-9a-f]{64}\.conf$/;

export function isRulesFile(name: string): boolean {
  return NAME.test(name);
}

/** The name of a file with these rules: a digest of its content. */
function rulesFile(lines: readonly RuleLine[], engine: ModsecurityFacts): string {
  return `rules-${contentDigest(contentOf(lines, engine))}.conf`;
}

function contentOf(lines: readonly RuleLine[], engine: ModsecurityFacts): string {
  const text = lines.map((line) => {
    if (typeof line === "string") return line;
    return (line.include === "main" ? [engine.rules] : (engine.coreRules ?? [])).map(include).join("\n");
  });
  return `${text.join("\n")}\n`;
}

function inRuntime({ runtimeDir }: EngineFacts, file: string): string {
  return `${runtimeDir}/${file}`;
}
