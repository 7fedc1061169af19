/**
 * Trials: which snippets nginx takes. Each profile with one is tested alone, on top of everything that is nobody's
 * snippet, before it may be in an nginx.conf that is used; so a bad one can stop nobody else.
 *
 * A verdict holds for the configuration it was made with: when the operator's settings change, all are asked again.
 */
import type { EngineFacts } from "../compile/facts.ts";
import { nginxConf } from "../compile/nginx-conf.ts";
import { standingProfiles, type Profile } from "../compile/profiles.ts";
import type { Program } from "../compile/program.ts";
import { withoutFiles } from "../compile/tls-files.ts";
import type { Settings } from "../settings.ts";
import { printable } from "../support/text.ts";
import type { AgentOrder, EngineStatus } from "./protocol.ts";

export interface TrialInput {
  readonly settings: Settings;
  readonly facts: EngineFacts;
  readonly program: Program;
  readonly status: EngineStatus;
}

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
  #waiting = new Map<string, string>();
  /** The one that the agent is testing. */
  #asked: string | undefined;
  #profiles: ReadonlyMap<string, Profile> = new Map();
  #snippets: Profile[] = [];
  #refused: ReadonlyMap<string, string> = new Map();

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
    return this.#busy || this.#snippets.some(({ snippet }) => this.#refused.has(snippet?.digest ?? ""));
  }

  /** There is a test worth waiting for before a configuration is planned. A flood of snippets keeps nobody waiting. */
  get pending(): boolean {
    return this.#busy && this.#now() - this.#since < PATIENCE_MS;
  }

  get #busy(): boolean {
    return this.#asked !== undefined || this.#waiting.size > 0;
  }

  /** False for a profile whose snippet was not tested, or was refused. */
  readonly usable = (id: string, profile: Profile): boolean => profile.snippet === undefined || this.#passed.has(id);

  /** Sees to it that every profile with a snippet gets a verdict. */
  examine({ settings, facts, program, status }: TrialInput): void {
    this.#snippets = [...program.profiles.values()].filter(({ snippet }) => snippet !== undefined);
    if (!this.#busy) this.#since = this.#now();
    this.#waiting = new Map();
    if (this.#snippets.length === 0 && this.#failed.size === 0) return;
    const runs = (profiles: ReadonlyMap<string, Profile>): ReturnType<typeof nginxConf> =>
      nginxConf({ settings, config: program.config, facts, profiles });
    const config = withoutFiles(program.config);
    const conf = (profiles: ReadonlyMap<string, Profile>): ReturnType<typeof nginxConf> => nginxConf({ settings, config, facts, profiles });
    const standing = standingProfiles(program.config);
    const base = conf(standing).digest;
    if (base !== this.#base) this.#forget(base);
    // What nginx runs in this very configuration it has taken.
    const live = new Map(Object.entries(status.profiles));
    if (status.master !== 0 && this.#snippets.length > 0 && runs(live).digest === status.config) for (const id of live.keys()) this.#passed.add(id);
    for (const [id, profile] of program.profiles) {
      if (profile.snippet === undefined || this.#passed.has(id) || this.#failed.has(id) || this.#asked === id) continue;
      this.#waiting.set(id, conf(new Map([...standing, [id, profile]])).text);
    }
    this.#profiles = program.profiles;
    this.#askNext();
  }

  /** The agent's answer. */
  tried(id: string, problem: string): void {
    if (this.#asked !== id) return;
    this.#asked = undefined;
    const snippet = this.#profiles.get(id)?.snippet?.digest;
    if (problem === "") this.#passed.add(id);
    else if (snippet !== undefined) this.#refuse(id, snippet, problem);
    this.#askNext();
  }

  /** Another agent: what the last one was asked it will not answer. */
  restart(): void {
    this.#asked = undefined;
  }

  #askNext(): void {
    if (this.#asked !== undefined) return;
    const [next] = this.#waiting;
    if (!next) return;
    const [id, text] = next;
    this.#waiting.delete(id);
    this.#asked = id;
    this.#order({ op: "try", id, text });
  }

  #refuse(id: string, snippet: string, problem: string): void {
    this.#failed.set(id, { snippet, problem: oneLine(problem) });
    const [oldest] = this.#failed.keys();
    if (this.#failed.size > MOST_REFUSALS && oldest !== undefined) this.#failed.delete(oldest);
    this.#refused = new Map([...this.#failed.values()].map((one) => [one.snippet, one.problem]));
  }

  #forget(base: string): void {
    this.#base = base;
    this.#passed.clear();
    this.#failed.clear();
    this.#refused = new Map();
  }
}

/** nginx's words without the place, which is a file that nobody can look at. */
function oneLine(problem: string): string {
  const words = printable(problem.replace(/ in \/\S+:[0-9]+$/, ""));
  return words.length > LONGEST_PROBLEM ? `${words.slice(0, LONGEST_PROBLEM)}…` : words;
}
