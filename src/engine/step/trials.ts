/**
 * Trials find out which snippets nginx takes. Each profile with a snippet is tested alone, on top of the configuration
 * without any snippet, before it may be in an nginx.conf that is used. So a bad snippet can stop nobody else's changes.
 *
 * The operator's rules for ModSecurity come first. Until nginx has given its verdict on them, and the compiled
 * configuration follows it, nothing else is tested and nothing is planned: with bad rules nginx would take no
 * configuration at all.
 *
 * Snippets that pass alone may fail together; when nginx refuses a configuration with several, the one to blame is
 * searched for, and refused as if it had failed alone (culprit-search.ts).
 *
 * A verdict holds for the configuration it was made with: when the operator's settings change, all snippets are tested
 * again.
 */
import type { EngineFacts } from "../../compile/facts.ts";
import { rulesFiles } from "../../compile/modsecurity.ts";
import { defaultProfile, type Profile } from "../../compile/profiles.ts";
import type { Program } from "../../compile/program.ts";
import { withoutFiles } from "../../compile/tls-files.ts";
import type { Settings } from "../../settings.ts";
import { digestOf } from "../../support/digest.ts";
import { printable } from "../../support/text.ts";
import type { AgentOrder, EngineStatus } from "../protocol.ts";
import type { ConfOf } from "./plan.ts";
import { searchAmong, searched, type CulpritSearch } from "./culprit-search.ts";

/** What the configuration of a trial is made from. */
export interface Ground {
  readonly confOf: ConfOf;
  readonly settings: Settings;
  readonly facts: EngineFacts;
  readonly config: Program["config"];
}

/** A configuration that nginx refused. */
export interface RefusedPlan extends Ground {
  readonly profiles: ReadonlyMap<string, Profile>;
}

interface Search extends CulpritSearch {
  readonly ground: Ground;
  /** Profiles without a snippet. */
  readonly innocent: readonly (readonly [string, Profile])[];
  /** Profiles with a snippet, in the order in which they passed their trials. */
  readonly suspects: readonly (readonly [string, Profile])[];
}

/** Immutable. */
export interface Trials {
  /** When the tests under way began. */
  readonly since: number;
  /** Digest of the configuration without any snippet that the verdicts hold for. */
  readonly base: string;
  /** Ids of the profiles that passed; RULES stands for the operator's rules. */
  readonly passed: ReadonlySet<string>;
  /** Id of a profile, or RULES → its snippet's digest, and what nginx said. */
  readonly failed: ReadonlyMap<string, { readonly snippet: string; readonly problem: string }>;
  /** Digest of a snippet that nginx refuses → nginx's words. The same map while nothing changed. */
  readonly refused: ReadonlyMap<string, string>;
  /** Ids of profiles that are still to be tested, or RULES alone. */
  readonly waiting: readonly string[];
  /** What the agent is testing, and the base that it was asked with: once the base has changed, the answer counts no more. */
  readonly asked: { readonly id: string; readonly base: string } | undefined;
  /** A snippet is searched for that nginx refuses together with others: until then no configuration is worth planning. */
  readonly search: Search | undefined;
  /** The profiles that may be in the next configuration. */
  readonly profiles: Program["profiles"];
  /** Those of `profiles` with a snippet that nginx runs now. */
  readonly inUse: readonly string[];
  /** What the next test is made from; undefined: nothing was to be tested yet. */
  readonly ground: Ground | undefined;
  /** Digest of the operator's rules, where they are used. */
  readonly rules: string | undefined;
  /** The operator's rules have no verdict yet, or one that the configuration does not follow yet: no configuration is worth planning. */
  readonly unsettled: boolean;
}

/** Ids of trials that are not of one profile. */
const TOGETHER = "together";
const RULES = "rules";

const LONGEST_PROBLEM = 300;
/** How long plans wait for verdicts. A test takes some ten milliseconds. */
const PATIENCE_MS = 2000;
/** Refusals that are remembered; one that was forgotten is tested again. */
const MOST_REFUSALS = 10_000;

export const NO_TRIALS: Trials = {
  since: 0, base: "", passed: new Set(), failed: new Map(), refused: new Map(), waiting: [], asked: undefined, search: undefined, profiles: new Map(), inUse: [], ground: undefined,
  rules: undefined, unsettled: false,
};

/** The next trials, and what the agent is to be asked. */
export interface Asked {
  readonly trials: Trials;
  readonly order: AgentOrder | undefined;
}

/** Whether profiles of the Program have no verdict yet, or routes still use a snippet that was refused. */
export function areOpen(trials: Trials): boolean {
  return isBusy(trials) || trials.unsettled || snippetsOf(trials).some(({ snippet }) => trials.refused.has(snippet?.digest ?? ""));
}

/**
 * Whether to wait for verdicts before a configuration is planned. A flood of new snippets is waited for only for a
 * while, so that it delays nobody. A snippet that nginx runs is always waited for: without its verdict, the routes that
 * use it would lose their profile.
 */
export function holdPlans(trials: Trials, now: number): boolean {
  const { unsettled, search, inUse, passed, failed } = trials;
  if (unsettled || search !== undefined || inUse.some((id) => !passed.has(id) && !failed.has(id))) return true;
  return isBusy(trials) && now - trials.since < PATIENCE_MS;
}

/** Unix time in milliseconds from which plans are made without the missing verdicts; undefined: none is missing. */
export function patienceEnds(trials: Trials): number | undefined {
  return isBusy(trials) ? trials.since + PATIENCE_MS : undefined;
}

/** False for a profile whose snippet was not tested, or was refused: it must not be in nginx.conf. */
export function isUsable({ passed }: Trials, id: string, profile: Profile): boolean {
  return profile.snippet === undefined || passed.has(id);
}

function isBusy({ asked, waiting, search }: Trials): boolean {
  return asked !== undefined || waiting.length > 0 || search !== undefined;
}

function snippetsOf({ profiles }: Trials): Profile[] {
  return [...profiles.values()].filter(({ snippet }) => snippet !== undefined);
}

/** Asks for verdicts on the operator's rules and on every profile with a snippet, as far as there are none. */
export function examine(before: Trials, ground: Ground, profiles: Program["profiles"], status: EngineStatus, now: number): Asked {
  const { config } = ground;
  const inUse = [...profiles].flatMap(([id, { snippet }]) => (snippet && id in status.profiles ? [id] : []));
  const known = {
    ...before, profiles, inUse, ground, waiting: [], unsettled: false, rules: rulesInUse(config),
    since: isBusy(before) ? before.since : now, passed: stillNeeded(before.passed, profiles, status),
  };
  if (snippetsOf(known).length === 0 && known.failed.size === 0 && known.rules === undefined) return { trials: known, order: undefined };
  const judged = taken(ofThisBase(known, ground), ground, status);
  const { rules, passed, failed } = judged;
  if (rules !== undefined && !passed.has(RULES) && !config.named.rulesRefused) {
    const waiting = failed.has(RULES) || isAsked(judged, RULES) ? [] : [RULES];
    return askNext({ ...judged, unsettled: true, waiting });
  }
  const withSnippet = [...profiles].flatMap(([id, { snippet }]) => (snippet ? [id] : []));
  const waiting = [...new Set([...inUse, ...withSnippet])].filter((id) => !passed.has(id) && !failed.has(id) && !isAsked(judged, id));
  return askNext({ ...judged, waiting });
}

/** Forgets the verdicts that were made with another configuration. */
function ofThisBase(trials: Trials, ground: Ground): Trials {
  // The base must not depend on the verdict on the rules: that verdict is kept only while the base stays.
  const base = digestOf(`${trialOf(ground, RULES, trials).text}${trials.rules ?? ""}`);
  return base === trials.base ? trials : { ...trials, base, search: undefined, passed: new Set(), failed: new Map(), refused: new Map() };
}

/** Counts what nginx runs as passed, where nginx runs it in this very configuration. */
function taken(trials: Trials, { confOf, settings, config, facts }: Ground, { master, profiles, config: digest }: EngineStatus): Trials {
  const live = new Map(Object.entries(profiles));
  if (master === 0 || confOf({ settings, config, facts, profiles: live }).digest !== digest) return trials;
  const all = [...live.keys(), ...(config.named.rulesRefused ? [] : [RULES])];
  return { ...trials, passed: new Set([...trials.passed, ...all.filter((id) => !trials.failed.has(id))]) };
}

/** Begins the search for the snippet to blame: nginx refuses this configuration, though each of its snippets passed alone. */
export function searchFor(trials: Trials, { profiles, ...ground }: RefusedPlan): Asked {
  const suspects = [...trials.passed].flatMap((id): readonly (readonly [string, Profile])[] => {
    const profile = profiles.get(id);
    return profile?.snippet ? [[id, profile]] : [];
  });
  if (suspects.length === 0 || trials.search) return { trials, order: undefined };
  const innocent = [...profiles].filter(([, { snippet }]) => snippet === undefined);
  return askNext({ ...trials, search: { ...searchAmong(suspects.length), ground, innocent, suspects } });
}

/** Takes the agent's answer to a trial. */
export function tried(before: Trials, id: string, problem: string): Asked {
  if (before.asked?.id !== id) return { trials: before, order: undefined };
  const trials = { ...before, asked: undefined };
  if (before.asked.base !== before.base) return askNext(trials);
  if (id === TOGETHER) return askNext(trials.search ? afterSearching(trials, trials.search, problem) : trials);
  const snippet = id === RULES ? trials.rules : trials.profiles.get(id)?.snippet?.digest;
  if (problem === "") return askNext({ ...trials, passed: new Set([...trials.passed, id]) });
  return askNext(snippet === undefined ? trials : refuse(trials, id, snippet, problem));
}

function afterSearching(trials: Trials, search: Search, problem: string): Trials {
  const result = searched(search, problem);
  if (result === "nobody") return { ...trials, search: undefined };
  if ("search" in result) return { ...trials, search: { ...search, ...result.search } };
  const [id = "", profile] = search.suspects[result.culprit] ?? [];
  const passed = new Set(trials.passed);
  passed.delete(id);
  const over = { ...trials, search: undefined, passed };
  return profile?.snippet ? refuse(over, id, profile.snippet.digest, `together with other snippets: ${result.problem}`) : over;
}

/** Forgets the refusals of snippets that nobody uses any more. */
export function forgetIdle(trials: Trials, isIdle: (snippet: string) => boolean): Trials {
  const failed = new Map([...trials.failed].filter(([id, { snippet }]) => id === RULES || trials.profiles.has(id) || !isIdle(snippet)));
  return failed.size === trials.failed.size ? trials : { ...trials, failed, refused: refusedOf(failed) };
}

/** Another agent has come, which will not answer what the last one was asked. */
export function restarted(trials: Trials): Trials {
  return { ...trials, asked: undefined, search: undefined };
}

function isAsked({ asked, base }: Trials, id: string): boolean {
  return asked?.id === id && asked.base === base;
}

function askNext(trials: Trials): Asked {
  const { asked, search, ground, base, profiles } = trials;
  if (asked !== undefined) return { trials, order: undefined };
  if (search) {
    const text = trial({ ...search.ground, profiles: new Map([...search.innocent, ...search.suspects.slice(0, search.asks)]) });
    return { trials: { ...trials, asked: { id: TOGETHER, base } }, order: { op: "try", id: TOGETHER, ...text } };
  }
  const [id, ...waiting] = trials.waiting.filter((one) => one === RULES || profiles.has(one));
  if (id === undefined || !ground) return { trials: { ...trials, waiting: [] }, order: undefined };
  return { trials: { ...trials, waiting, asked: { id, base } }, order: { op: "try", id, ...trialOf(ground, id, trials) } };
}

function refuse(trials: Trials, id: string, snippet: string, problem: string): Trials {
  const failed = new Map(trials.failed);
  failed.set(id, { snippet, problem: oneLine(problem) });
  const [oldest] = failed.keys();
  if (failed.size > MOST_REFUSALS && oldest !== undefined) failed.delete(oldest);
  return { ...trials, failed, refused: refusedOf(failed) };
}

function refusedOf(failed: Trials["failed"]): Trials["refused"] {
  return new Map([...failed.values()].map(({ snippet, problem }) => [snippet, problem]));
}

/** Of the profiles that passed, those that may be in a configuration: they are in the Program, or nginx runs them. */
function stillNeeded(passed: Trials["passed"], profiles: Program["profiles"], status: EngineStatus): Trials["passed"] {
  return new Set([...passed].filter((id) => id === RULES || profiles.has(id) || id in status.profiles));
}

/** A configuration that nginx is to test. */
interface Trial {
  readonly text: string;
  readonly files: Readonly<Record<string, string>>;
}

/** The trial of the operator's rules without anybody's snippet, or of one profile beside the controller's own. */
function trialOf({ config, ...ground }: Ground, id: string, { profiles }: Pick<Trials, "profiles">): Trial {
  const alone = withoutFiles(config);
  if (id === RULES) return trial({ ...ground, config: { ...alone, named: { ...alone.named, rulesRefused: false } }, profiles: new Map() });
  const profile = profiles.get(id);
  return trial({ ...ground, config: alone, profiles: new Map(profile ? [[id, profile]] : []) });
}

function trial(input: RefusedPlan): Trial {
  const { confOf, config, facts, profiles } = input;
  return { text: confOf(input).text, files: rulesFiles([defaultProfile(config), ...profiles.values()], config, facts) };
}

/** Digest of the operator's rules that nginx is to be asked about; undefined: there are none, or they are not used. */
function rulesInUse({ enableModsecurity, modsecuritySnippet: rules }: Program["config"]): string | undefined {
  return enableModsecurity && rules?.problem === undefined ? rules?.digest : undefined;
}

/** nginx's words without file names, because nobody can look at the files of a trial. */
function oneLine(problem: string): string {
  const words = printable(problem.replace(/ in \/\S+:[0-9]+$/, "").replace(/File: \S*\/rules-[0-9a-f]{64}\.conf\. /, ""));
  return words.length > LONGEST_PROBLEM ? `${words.slice(0, LONGEST_PROBLEM)}…` : words;
}
