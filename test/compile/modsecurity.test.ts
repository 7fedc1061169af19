/** ModSecurity in nginx.conf: the module and its rules where they are installed, a closed location where they are not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineFacts } from "../../src/compile/facts.ts";
import { missingPackage, rulesFiles } from "../../src/compile/modsecurity.ts";
import { nginxConf } from "../../src/compile/nginx-conf.ts";
import { defaultProfile, profileId, type Profile } from "../../src/compile/profiles.ts";
import type { Config } from "../../src/model/config/config.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import type { RuleLine } from "../../src/model/shapes/snippet.ts";
import { operatorRules } from "../../src/model/snippets/operator-rules.ts";
import { snippetOf } from "../../src/model/snippets/snippet.ts";
import { parseSettings } from "../../src/settings.ts";
import { readConf, type ReadDirective } from "../support/read-conf.ts";

const WITHOUT: EngineFacts = {
  version: [1, 22, 1], modules: ["/lua.so"], processors: 2, openFiles: 1024, ipv6: false, accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
};
const MODULE: EngineFacts = { ...WITHOUT, modsecurity: { module: "/modsecurity.so", rules: "/etc/rules.conf" } };
const BOTH: EngineFacts = { ...WITHOUT, modsecurity: { module: "/modsecurity.so", rules: "/etc/rules.conf", coreRules: ["/crs/setup.conf", "/crs/*.conf"] } };
const settings = parseSettings([], "run", {});

function confOf(facts: EngineFacts, config: Config, ...profiles: readonly Profile[]): readonly ReadDirective[] {
  return readConf(nginxConf({ settings, config, facts, profiles: new Map(profiles.map((one) => [profileId(one), one])) }).text);
}

/** The directives of a location that are about ModSecurity, and its `return`. */
function location(conf: readonly ReadDirective[], name: string): string[] {
  const inside = (list: readonly ReadDirective[]): readonly ReadDirective[] => list.flatMap((one) => [one, ...inside(one.children ?? [])]);
  const found = inside(conf).find(({ words }) => words.join(" ") === `location ${name}`);
  return (found?.children ?? []).map(({ words }) => words.join(" ")).filter((text) => /^(?:modsecurity|return)/.test(text));
}

const loads = (conf: readonly ReadDirective[]): string[] => conf.flatMap(({ words: [name, file = ""] }) => (name === "load_module" ? [file] : []));

function profile(change: Partial<Profile>): Profile {
  return { ...defaultProfile(DEFAULT_CONFIG), ...change };
}

test("rules are those of the machine, and a transaction has a name", () => {
  const [on, crs] = [profile({ modsecurity: "on" }), profile({ modsecurity: "crs", transactionId: true })];
  const conf = confOf(BOTH, DEFAULT_CONFIG, on, crs);
  assert.deepEqual(loads(conf), ["/lua.so", "/modsecurity.so"]);
  assert.deepEqual(location(conf, `= profile:${profileId(on)}`), ["modsecurity on", "modsecurity_rules_file /etc/rules.conf", "modsecurity_transaction_id $req_id"]);
  assert.deepEqual(location(conf, `= profile:${profileId(crs)}`), [
    "modsecurity on", "modsecurity_rules_file /etc/rules.conf", "modsecurity_rules Include /crs/setup.conf\nInclude /crs/*.conf", "modsecurity_transaction_id $sluice_transaction",
  ]);
  assert.deepEqual(location(conf, "/"), []);
});

test("nobody uses it: the module is not loaded", () => {
  assert.deepEqual(loads(confOf(BOTH, DEFAULT_CONFIG, profile({ bodySize: 1 }))), ["/lua.so"]);
});

test("what is not installed closes the location that asks for it, and only that", () => {
  const [on, crs, other] = [profile({ modsecurity: "on" }), profile({ modsecurity: "crs" }), profile({ bodySize: 1 })];
  const without = confOf(WITHOUT, DEFAULT_CONFIG, on, crs, other);
  for (const one of [on, crs]) assert.deepEqual(location(without, `= profile:${profileId(one)}`), ["return 503"]);
  assert.deepEqual(location(without, `= profile:${profileId(other)}`), []);
  const half = confOf(MODULE, DEFAULT_CONFIG, on, crs);
  assert.deepEqual(location(half, `= profile:${profileId(crs)}`), ["return 503"]);
  assert.equal(location(half, `= profile:${profileId(on)}`)[0], "modsecurity on");
  assert.deepEqual([missingPackage(crs, WITHOUT), missingPackage(crs, MODULE), missingPackage(crs, BOTH), missingPackage(other, WITHOUT)],
    ["libnginx-mod-http-modsecurity", "modsecurity-crs", undefined, undefined]);
});

test("the ConfigMap's holds for routes without annotations, and an Ingress can leave it", () => {
  const config = { ...DEFAULT_CONFIG, enableModsecurity: true };
  const off: Profile = { ...defaultProfile(config), modsecurity: "off" };
  const conf = confOf(BOTH, config, off);
  assert.equal(location(conf, "/")[0], "modsecurity on");
  assert.deepEqual(location(conf, `= profile:${profileId(off)}`), []);
  assert.deepEqual(location(confOf(WITHOUT, config, off), "/"), ["return 503"]);
});

/** The rules of a location, in order; where they are in a file, the text of that file. */
function rulesOf(one: Profile, config: Config, where = `= profile:${profileId(one)}`): string[] {
  const files = rulesFiles([defaultProfile(config), one], config, BOTH);
  const conf = confOf(BOTH, config, one);
  const directives = where === "http" ? (conf.find(({ words }) => words[0] === "http")?.children ?? []).map(({ words }) => words.join(" ")) : location(conf, where);
  return directives.filter((text) => text.startsWith("modsecurity_rules")).map((text) => {
    const file = /rules-\w+\.conf$/.exec(text)?.[0];
    return file === undefined ? text : `file ${(files[file] ?? "missing").trimEnd()}`;
  });
}

const own = (...rules: readonly RuleLine[]): Profile => profile({ modsecurity: rules.includes(CORE) ? "crs" : "on", snippet: snippetOf([], rules) });
const CORE: RuleLine = { include: "core" };
const MAIN: RuleLine = { include: "main" };
const ALL_CORE = "modsecurity_rules Include /crs/setup.conf\nInclude /crs/*.conf";
const EVERYBODY = { ...DEFAULT_CONFIG, enableModsecurity: true };

test("rules of an Ingress take the main rules' place, unless these hold for everybody; the core rules stand where they are included", () => {
  assert.deepEqual(rulesOf(own("SecRuleEngine On", 'SecAction "id:1,pass"'), DEFAULT_CONFIG), ['file SecRuleEngine On\nSecAction "id:1,pass"']);
  assert.deepEqual(rulesOf(own(CORE, "SecRuleRemoveById 7"), DEFAULT_CONFIG), ["file Include /crs/setup.conf\nInclude /crs/*.conf\nSecRuleRemoveById 7"]);
  assert.deepEqual(rulesOf(own(MAIN, "SecRuleEngine On"), DEFAULT_CONFIG), ["file Include /etc/rules.conf\nSecRuleEngine On"]);
  const annotated = { ...own("SecRuleEngine On"), modsecurity: "crs" } as const;
  assert.deepEqual(rulesOf(annotated, DEFAULT_CONFIG), ["file SecRuleEngine On", ALL_CORE]);
});

test("what holds for everybody stands outside, once, where an Ingress's own come first; nothing is read twice", () => {
  const operators = { ...EVERYBODY, modsecuritySnippet: operatorRules('SecRuleEngine On\ninclude "/etc/nginx/owasp-modsecurity-crs/nginx-modsecurity.conf"') };
  const withCore = { ...EVERYBODY, enableOwaspCrs: true };
  const mine = own("SecRuleEngine On");
  assert.deepEqual([rulesOf(mine, EVERYBODY), rulesOf(mine, EVERYBODY, "http")], [["file SecRuleEngine On"], ["modsecurity_rules_file /etc/rules.conf"]]);
  assert.deepEqual(rulesOf(mine, withCore, "http"), ["modsecurity_rules_file /etc/rules.conf", ALL_CORE]);
  assert.deepEqual(rulesOf(mine, operators, "http"), ["file SecRuleEngine On\nInclude /crs/setup.conf\nInclude /crs/*.conf"]);
  assert.deepEqual(rulesOf(own(MAIN), EVERYBODY), []);
  assert.deepEqual([rulesOf(own(CORE), withCore), rulesOf(own(CORE), operators), rulesOf(own(MAIN), operators)], [[], [], ["file Include /etc/rules.conf"]]);
  assert.deepEqual(rulesOf(profile({ modsecurity: "crs" }), EVERYBODY), [ALL_CORE]);
  assert.deepEqual(rulesOf(profile({ modsecurity: "crs" }), withCore), []);
  assert.deepEqual(rulesOf(profile({ modsecurity: "on" }), DEFAULT_CONFIG, "http"), []);
});

test("rules of the operator's that nginx refuses close what they should guard, and the text names them no more", () => {
  const config = { ...EVERYBODY, modsecuritySnippet: operatorRules("SecNonsense"), named: { ...DEFAULT_CONFIG.named, rulesRefused: true } };
  const [mine, off] = [own("SecRuleEngine On"), profile({ modsecurity: "off" })];
  const conf = confOf(BOTH, config, mine, off);
  assert.deepEqual([location(conf, "/"), location(conf, `= profile:${profileId(mine)}`), location(conf, `= profile:${profileId(off)}`)], [["return 503"], ["return 503"], []]);
  assert.deepEqual([loads(conf), rulesOf(mine, config, "http"), rulesFiles([defaultProfile(config)], config, BOTH)], [["/lua.so"], [], {}]);
});
