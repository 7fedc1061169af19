/**
 * Trials: which snippets nginx takes. Each profile with one is tested alone, on top of everything that is nobody's
 * snippet, before it may be in an nginx.conf that is used; so a bad one can stop nobody else.
 *
 * The operator's rules for ModSecurity come first. Until nginx has said what it makes of them, and the configuration says
 * so too, nothing else is tested and nothing is planned: with bad ones nginx would take nothing.
 *
 * Snippets that pass alone may fail together; when nginx refuses a configuration with several, the one to blame is
 * searched for, and refused as if it had failed alone (search.ts).
 *
 * A verdict holds for the configuration it was made with: when the operator's settings change, all are asked again.
 */
import type { EngineFacts } from "../compile/facts.ts";
import { rulesFiles } from "../compile/modsecurity.ts";
import { nginxConf } from "../compile/nginx-conf.ts";
import { defaultProfile, standingProfiles, type Profile } from "../compile/profiles.ts";
import type { Program } from "../compile/program.ts";
import { withoutFiles } from "../compile/tls-files.ts";
import type { Settings } from "../settings.ts";
import { digestOf } from "../support/digest.ts";
import { printable } from "../support/text.ts";
import type { AgentOrder, EngineStatus } from "./protocol.ts";
import { CulpritSearch, type Question } from "./culprit-search.ts";

export interface TrialInput {
  readonly settings: Settings;
  readonly facts: EngineFacts;
  readonly program: Program;
  readonly status: EngineStatus;
}

/** A configuration that nginx refused, and what its text is made from. */
export interface RefusedPlan extends Omit<TrialInput, "program" | "status"> {
  readonly config: Program["config"];
  readonly profiles: ReadonlyMap<string, Profile>;
}

interface Search {
  readonly steps: CulpritSearch;
  /** Profiles with a snippet, those that passed first before the others. */
  readonly suspects: readonly (readonly [string, Profile])[];
  readonly trialOf: (question: Question) => Trial;
  asked: Question;
}

/** What nginx is asked about. */
interface Trial {
  readonly text: string;
  readonly files: Readonly<Record<string, string>>;
}

/** What the agent is asked by, in place of a profile. */
const TOGETHER = "together";
const RULES = "rules";

const LONGEST_PROBLEM = 300;
/** A test takes some ten milliseconds. */
const PATIENCE_MS = 2000;
/** Refusals that are remembered; one that was forgotten is tested again. */
const MOST_REFUSALS = 10_000;

export class Trials {
  readonly #order: (order: AgentOrder) => void;
  readonly #now: () => number;
  /** When the tests under way began. */
  #since = 0;
  /** Digest of the configuration without any snippet that the verdicts hold for. */
  #base = "";
  /** Profiles by id. */
  readonly #passed = new Set<string>();
  /** Profile → what nginx said. */
  readonly #failed = new Map<string, { readonly snippet: string; readonly problem: string }>();
  #waiting = new Map<string, Trial>();
  /** What the agent is testing, and the base that it was asked with: of another one the answer says nothing. */
  #asked: { readonly id: string; readonly base: string } | undefined;
  #search: Search | undefined;
  #profiles: ReadonlyMap<string, Profile> = new Map();
  #snippets: Profile[] = [];
  #refused: ReadonlyMap<string, string> = new Map();
  /** Digest of the operator's rules, where they are used. */
  #rules: string | undefined;
  #unsettled = false;

  constructor(order: (order: AgentOrder) => void, now: () => number = Date.now) {
    this.#order = order;
    this.#now = now;
  }

  /** Digests of snippets that nginx refuses, with its words. The same map while nothing changed. */
  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }

  /** Profiles of the Program without a verdict, or whose refusal its routes do not know yet. */
  get open(): boolean {
    return this.#busy || this.#unsettled || this.#snippets.some(({ snippet }) => this.#refused.has(snippet?.digest ?? ""));
  }

  /** A snippet is searched for that nginx refuses together with others: until then no configuration is worth planning. */
  get searching(): boolean {
    return this.#search !== undefined;
  }

  /** The operator's rules have no verdict yet, or one that the configuration does not know: none is worth planning. */
  get unsettled(): boolean {
    return this.#unsettled;
  }

  /** There is a test worth waiting for before a configuration is planned. A flood of snippets keeps nobody waiting. */
  get pending(): boolean {
    return this.#busy && this.#now() - this.#since < PATIENCE_MS;
  }

  get #busy(): boolean {
    return this.#asked !== undefined || this.#waiting.size > 0 || this.searching;
  }

  /** False for a profile whose snippet was not tested, or was refused. */
  readonly usable = (id: string, profile: Profile): boolean => profile.snippet === undefined || this.#passed.has(id);

  /** Sees to it that the operator's rules and every profile with a snippet get a verdict. */
  examine({ settings, facts, program, status }: TrialInput): void {
    this.#snippets = [...program.profiles.values()].filter(({ snippet }) => snippet !== undefined);
    this.#rules = rulesInUse(program.config);
    this.#unsettled = false;
    if (!this.#busy) this.#since = this.#now();
    this.#waiting = new Map();
    this.#forgetPassed(program, status);
    if (this.#snippets.length === 0 && this.#failed.size === 0 && this.#rules === undefined) return;
    const runs = (profiles: ReadonlyMap<string, Profile>): ReturnType<typeof nginxConf> =>
      nginxConf({ settings, config: program.config, facts, profiles });
    const standing = standingProfiles(program.config);
    const config = withoutFiles(program.config);
    const withRules = trial({ settings, facts, config: { ...config, named: { ...config.named, rulesRefused: false } }, profiles: standing });
    // It must not depend on the verdict about the rules, which it is kept by.
    const base = digestOf(`${withRules.text}${this.#rules ?? ""}`);
    if (base !== this.#base) this.#forget(base);
    // What nginx runs in this very configuration it has taken.
    const live = new Map(Object.entries(status.profiles));
    if (status.master !== 0 && runs(live).digest === status.config) {
      for (const id of [...live.keys(), ...(program.config.named.rulesRefused ? [] : [RULES])]) if (!this.#failed.has(id)) this.#passed.add(id);
    }
    this.#profiles = program.profiles;
    this.#unsettled = this.#rules !== undefined && !this.#passed.has(RULES) && !program.config.named.rulesRefused;
    if (this.#unsettled) {
      if (!this.#failed.has(RULES) && !this.#isAsked(RULES)) this.#waiting.set(RULES, withRules);
      return this.#askNext();
    }
    for (const [id, profile] of program.profiles) {
      if (profile.snippet === undefined || this.#passed.has(id) || this.#failed.has(id) || this.#isAsked(id)) continue;
      this.#waiting.set(id, trial({ settings, facts, config, profiles: new Map([...standing, [id, profile]]) }));
    }
    this.#askNext();
  }

  /** nginx refuses this, though it has taken each of its snippets alone. */
  searchFor({ profiles, ...others }: RefusedPlan): void {
    const snippets = [...this.#passed].flatMap((id): readonly (readonly [string, Profile])[] => {
      const profile = profiles.get(id);
      return profile?.snippet ? [[id, profile]] : [];
    });
    if (snippets.length === 0 || this.#search) return;
    const innocent = [...profiles].filter(([, profile]) => profile.snippet === undefined);
    const steps = new CulpritSearch(snippets.length);
    const trialOf = ({ count }: Question): Trial => trial({ ...others, profiles: new Map([...innocent, ...snippets.slice(0, count)]) });
    this.#search = { steps, suspects: snippets, trialOf, asked: steps.first };
    this.#askNext();
  }

  #searched(search: Search, problem: string): void {
    const result = search.steps.answered(search.asked, problem);
    if (result !== "nobody" && "ask" in result) {
      search.asked = result.ask;
      return;
    }
    this.#search = undefined;
    const [id, profile] = (result === "nobody" ? undefined : search.suspects[result.culprit]) ?? [];
    if (result === "nobody" || id === undefined || !profile?.snippet) return;
    this.#passed.delete(id);
    this.#refuse(id, profile.snippet.digest, `together with other snippets: ${result.problem}`);
  }

  /** The agent's answer. */
  tried(id: string, problem: string): void {
    const asked = this.#asked;
    if (asked?.id !== id) return;
    this.#asked = undefined;
    if (asked.base !== this.#base) return this.#askNext();
    if (id === TOGETHER) {
      if (this.#search) this.#searched(this.#search, problem);
      return this.#askNext();
    }
    const snippet = id === RULES ? this.#rules : this.#profiles.get(id)?.snippet?.digest;
    if (problem === "") this.#passed.add(id);
    else if (snippet !== undefined) this.#refuse(id, snippet, problem);
    this.#askNext();
  }

  /** Forgets the refusals that nobody asks about any more. */
  forgetIdle(isIdle: (snippet: string) => boolean): void {
    const before = this.#failed.size;
    for (const [id, { snippet }] of this.#failed) if (id !== RULES && !this.#profiles.has(id) && isIdle(snippet)) this.#failed.delete(id);
    if (this.#failed.size < before) this.#tellRefused();
  }

  /** Another agent: what the last one was asked it will not answer. */
  restart(): void {
    this.#asked = undefined;
    this.#search = undefined;
  }

  #isAsked(id: string): boolean {
    return this.#asked?.id === id && this.#asked.base === this.#base;
  }

  #askNext(): void {
    if (this.#asked !== undefined) return;
    if (this.#search) {
      this.#asked = { id: TOGETHER, base: this.#base };
      return this.#order({ op: "try", id: TOGETHER, ...this.#search.trialOf(this.#search.asked) });
    }
    const [next] = this.#waiting;
    if (!next) return;
    const [id, asked] = next;
    this.#waiting.delete(id);
    this.#asked = { id, base: this.#base };
    this.#order({ op: "try", id, ...asked });
  }

  #refuse(id: string, snippet: string, problem: string): void {
    this.#failed.set(id, { snippet, problem: oneLine(problem) });
    const [oldest] = this.#failed.keys();
    if (this.#failed.size > MOST_REFUSALS && oldest !== undefined) this.#failed.delete(oldest);
    this.#tellRefused();
  }

  #tellRefused(): void {
    this.#refused = new Map([...this.#failed.values()].map((one) => [one.snippet, one.problem]));
  }

  /** A verdict is needed for what may be in a configuration: what the Program or nginx has. */
  #forgetPassed(program: Program, { profiles }: EngineStatus): void {
    for (const id of this.#passed) if (id !== RULES && !program.profiles.has(id) && !(id in profiles)) this.#passed.delete(id);
  }

  #forget(base: string): void {
    this.#base = base;
    this.#search = undefined;
    this.#passed.clear();
    this.#failed.clear();
    this.#refused = new Map();
  }
}

function trial(input: RefusedPlan): Trial {
  const { config, facts, profiles } = input;
  return { text: nginxConf(input).text, files: rulesFiles([defaultProfile(config), ...profiles.values()], config, facts) };
}

/** Digest of the operator's rules that nginx is to be asked about; undefined: there are none, or they are not used. */
function rulesInUse({ enableModsecurity, modsecuritySnippet: rules }: Program["config"]): string | undefined {
  return enableModsecurity && rules?.problem === undefined ? rules?.digest : undefined;
}

/** nginx's words without the places, which are files that nobody can look at. */
function oneLine(problem: string): string {
  const words = printable(problem.replace(/ in \/\S+:[0-9]+$/, "").replace(/File: \S*\/rules-[0-9a-f]{64}\.conf\. /, ""));
  return words.length > LONGEST_PROBLEM ? `${words.slice(0, LONGEST_PROBLEM)}…` : words;
}
