/**
 * The engine: makes nginx be what the Program says, and knows when it is.
 *
 * `apply` takes a Program and the keys that changed. Parts go out as deltas at once; only a profile that nginx has
 * not loaded yet, or the operator's own settings, cost a reload, and a part that needs such a profile keeps its last
 * version until the reload is done. Progress comes through `changed`; nothing here blocks.
 */
import type { SpanRow } from "../../edge/src/trace.ts";
import { FILES, workerCount } from "../compile/nginx-conf.ts";
import type { Profile } from "../compile/profiles.ts";
import type { Part, PartKey, Program } from "../compile/program.ts";
import type { Settings } from "../settings.ts";
import type { Log } from "../support/log.ts";
import { Applied } from "./applied.ts";
import { Channel } from "./channel.ts";
import { Delay } from "./delay.ts";
import type { EngineCounts, EngineState, NginxMeasures } from "./engine-state.ts";
import { NONE_LEAVING, waitToLeave } from "./leaving.ts";
import { Ledger } from "./ledger.ts";
import { missing } from "./missing.ts";
import { Pace } from "./pace.ts";
import { isLoaded, planReload, type ReloadPlan } from "./plan.ts";
import { NO_ENGINE, type AgentHello, type Answers, type CounterRow, type EngineStatus, type FromSubscriber } from "./protocol.ts";
import { Streams } from "./streams.ts";
import { Trials } from "./trials.ts";

export interface EngineOptions {
  readonly settings: Settings;
  readonly log: Log;
  /** Account of nginx's workers, when this process is root. */
  readonly workers: { readonly uid: number; readonly gid: number } | undefined;
  readonly changed: () => void;
  readonly counted: (rows: readonly CounterRow[], answers: Answers) => void;
  /** What was measured of nginx itself. */
  readonly measured: (measures: NginxMeasures) => void;
  readonly spanned: (rows: readonly SpanRow[], dropped: number) => void;
}

export type { EngineCounts, EngineState, NginxMeasures } from "./engine-state.ts";

const REFUSED_RETRY_MS = 30_000;

/** How long a reload waits for the workers of the last one with enable-serial-reloads; ingress-nginx ends theirs after this. */
const DRAIN_MS = 240_000;
const DRAIN_LOOK_MS = 500;

const NO_PROBLEMS = { snapshotProblem: undefined, endpointsProblem: undefined };

export class Engine {
  readonly #options: EngineOptions;
  readonly #ledger = new Ledger();
  readonly #channel: Channel;
  readonly #trials = new Trials((order) => void this.#channel.order(order));
  readonly #streams: Streams;
  #program: Program | undefined;
  /** What the last plan was made from; the same again needs no plan. */
  #planned: { profiles: unknown; config: unknown; status: EngineStatus } | undefined;
  #agent: AgentHello | undefined;
  #status: EngineStatus = NO_ENGINE;
  /** Sent to the agent and not answered yet. */
  #pending: ReloadPlan | undefined;
  readonly #applied = new Applied();
  /** Number of the Program that nginx was configured for last, and of the one that it is being configured for. */
  #configured = 0;
  #configuring = 0;
  readonly #reloads = new Map<string, number>();
  readonly #loads = { loads: 0, refusals: 0, loadedAt: 0 };
  #leaving: EngineState["leaving"] = { http: NONE_LEAVING, stream: NONE_LEAVING };
  #filesProblems: Pick<EngineState, "snapshotProblem" | "endpointsProblem"> = NO_PROBLEMS;
  /** nginx may take it late, after all. */
  #refused: { readonly plan: ReloadPlan; readonly problem: string } | undefined;
  /** The generation that `observed` has counted already because something was held back. */
  #promised = 0;
  readonly #pace: Pace;
  /** Namespaces that asked for profiles which come with the reload under way. */
  #askers: ReadonlySet<string> = new Set();
  readonly #delay = new Delay(() => this.#advance());
  #retry: NodeJS.Timeout | undefined;
  /** The configuration that was refused may be tried once more. */
  #askAgain = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#streams = new Streams({
      settings: options.settings,
      log: options.log,
      order: (order) => void this.#channel.order(order),
      again: () => this.#advance(),
    });
    this.#pace = new Pace(options.settings.reloadInterval * 1000);
    this.#channel = new Channel(this.#ledger, {
      agent: (hello) => this.#welcome(hello),
      message: (message) => this.#hear(message),
      progress: () => options.changed(),
      log: options.log,
    });
  }

  async listen(): Promise<void> {
    const { settings, workers } = this.#options;
    await this.#channel.listen(`${settings.runtimeDir}/${FILES.socket}`, workers);
  }

  async close(): Promise<void> {
    this.#delay.stop();
    clearTimeout(this.#retry);
    this.#streams.close();
    await this.#channel.close();
  }

  /** Lets HTTP/1.1 clients open their next connection elsewhere, for so many seconds. */
  retire(seconds: number): void {
    this.#channel.retire(seconds);
  }

  /** Asks the agent to end nginx and itself; false when no agent is connected. */
  stopAgent(): boolean {
    return this.#channel.order({ op: "stop" });
  }

  /** Takes a new Program and the keys that differ from the last one. Waits for an agent if none is there yet. */
  apply(program: Program, changed: ReadonlySet<PartKey>): void {
    this.#program = program;
    this.#applied.apply(changed);
    this.#advance();
  }

  /** What nginx said of these snippets nobody asks any more; the state then has another map of refusals. */
  forgetVerdicts(isIdle: (snippet: string) => boolean): void {
    this.#trials.forgetIdle(isIdle);
  }

  /** Asks for measures of nginx's processes; false when there is no agent to answer. */
  measure(): boolean {
    return this.#channel.order({ op: "measure" });
  }

  get counts(): EngineCounts {
    return { ...this.#loads, ...this.#channel.counts, config: this.#status.config };
  }

  get state(): EngineState {
    const slots = this.#slots();
    const { programmed, workers, behind } = this.#channel.progress(slots);
    return {
      observed: this.#ledger.generation + (this.#holdsBack() ? 1 : 0),
      programmed,
      published: this.#ledger.generation,
      waiting: this.#applied.waiting,
      applied: this.#applied.number,
      served: this.#applied.served(programmed),
      workers,
      slots,
      reloads: [...this.#reloads.values()].reduce((sum, count) => sum + count, 0),
      reloadReasons: this.#reloads,
      leaving: this.#leaving,
      behind,
      silent: this.#channel.silent,
      refused: this.#refused?.problem,
      refusedSnippets: this.#trials.refused,
      keysNotKept: this.#agent?.keepsKeys === false,
      ...this.#filesProblems,
      ...missing(this.#program, this.#agent?.facts),
      streams: this.#streams.state,
    };
  }

  #advance(): void {
    if (!this.#agent || !this.#program) return;
    this.#publishWhatMay(this.#program);
    this.#configure(this.#agent, this.#program);
    // Where it owns the https port, http's nginx must have made room first.
    const settled = !this.#pending && !(this.#refused && this.#options.settings.enableSslPassthrough);
    if (settled && this.#ledger.generation > 0) this.#streams.configure(this.#program, this.#applied.number);
    this.#keepPromise();
    this.#applied.note(Math.min(this.#configured, this.#streams.reached), this.#ledger.generation);
    this.#options.changed();
  }

  /** Something that was applied is not published yet, or waits for a reload. */
  #holdsBack(): boolean {
    return this.#applied.waiting.size > 0 || this.#pending !== undefined || this.#delay.waits || this.#trials.open || this.#streams.open;
  }

  /** A reload may change settings and no part: an empty generation then says that what was observed is programmed. */
  #keepPromise(): void {
    const { generation } = this.#ledger;
    if (generation === 0) return;
    if (this.#holdsBack()) this.#promised = generation + 1;
    else if (generation < this.#promised) this.#channel.publish(new Map());
  }

  /** Sends the parts whose profiles are loaded; the others wait under their old version, which keeps what it refers to. */
  #publishWhatMay(program: Program): void {
    const mayGo = (part: Part | undefined): boolean => this.#mayGo(part);
    const may = this.#ledger.generation === 0 ? this.#applied.takeFirst(program, mayGo) : this.#applied.takeWhatMay(program, mayGo, (key) => this.#ledger.part(key));
    if (may) this.#channel.publish(may);
  }

  /** Before nginx runs there is nothing to wait for: it starts with every profile. */
  #mayGo(part: Part | undefined): boolean {
    if (!part || part.profiles.size === 0 || this.#status.master === 0) return true;
    return [...part.profiles].every(([id, profile]) => isLoaded(id, profile, this.#status));
  }

  /** Orders a start or a reload when the plan says so and none is under way. */
  #configure({ facts }: AgentHello, program: Program): void {
    if (this.#pending || !this.#delay.isOver(() => this.#wait(this.#namespacesAsking(program)), program.config)) return;
    const status = this.#status;
    const before = this.#planned;
    if (before?.profiles === program.profiles && before.config === program.config && before.status === status) return this.#noteConfigured();
    this.#trials.examine({ settings: this.#options.settings, facts, program, status });
    if (this.#trials.pending || this.#trials.searching || this.#trials.unsettled) return;
    const usable = this.#trials.usable;
    const plan = planReload({ settings: this.#options.settings, facts, program, held: this.#profilesInUse(), status, usable });
    const askers = this.#namespacesAsking(program);
    // The first one at once; a burst of new profiles costs one reload.
    const paced = plan?.reason === "new-profile" ? this.#wait(askers) : 0;
    const wait = Math.max(paced, plan && plan.reason !== "start" ? this.#drainWait(program) : 0);
    if (wait > 0) return this.#delay.start(wait, program.config);
    this.#planned = { profiles: program.profiles, config: program.config, status };
    if (plan?.conf.digest !== this.#refused?.plan.conf.digest) this.#refused = undefined;
    if (!plan || (this.#refused && !this.#askAgain)) return this.#noteConfigured();
    this.#askAgain = false;
    this.#pending = plan;
    this.#configuring = this.#applied.number;
    if (this.#ledger.generation === 0) this.#applied.orderFirst(program);
    this.#askers = askers;
    this.#channel.expect(plan.conf.digest);
    const { conf: { text, digest }, files } = plan;
    this.#channel.order({ op: "configure", text, digest, files, profiles: Object.fromEntries(plan.profiles) });
  }

  /** Milliseconds until nginx may be reloaded for profiles that these namespaces ask for. */
  #wait(askers: ReadonlySet<string>): number {
    const now = Date.now();
    return Math.max(this.#pace.wait(askers, now), waitToLeave(this.#leaving.http, now));
  }

  /** Milliseconds until it is looked again whether the workers of the last reload have left, where one shall follow the other. */
  #drainWait({ config }: Program): number {
    if (!config.enableSerialReloads || !this.#channel.draining) return 0;
    return Math.max(0, Math.min(DRAIN_LOOK_MS, this.#loads.loadedAt + DRAIN_MS - Date.now()));
  }

  /** Those whose routes wait for a profile that a reload would bring. */
  #namespacesAsking({ parts }: Program): ReadonlySet<string> {
    const namespaces = new Set<string>();
    for (const key of this.#applied.waiting.keys()) {
      const { needs = [], profiles } = parts.get(key) ?? {};
      for (const { namespace, profile: id } of needs) {
        const profile = profiles?.get(id);
        if (profile && !isLoaded(id, profile, this.#status) && this.#trials.usable(id, profile)) namespaces.add(namespace);
      }
    }
    return namespaces;
  }

  /** Profiles that workers may be using: of the parts they were sent, or of the nginx that was adopted. */
  #profilesInUse(): Map<string, Profile> {
    if (this.#ledger.generation === 0) return new Map(Object.entries(this.#status.profiles));
    const held = new Map<string, Profile>();
    for (const part of this.#ledger.parts()) for (const [id, profile] of part.profiles) held.set(id, profile);
    return held;
  }

  #welcome(hello: AgentHello): void {
    this.#agent = hello;
    this.#filesProblems = NO_PROBLEMS;
    this.#runs(hello.status);
    this.#pending = undefined;
    this.#streams.welcome(hello);
    this.#trials.restart();
    this.#advance();
  }

  #runs(status: EngineStatus): void {
    this.#status = status;
    this.#channel.running(status);
  }

  #hear(message: FromSubscriber): void {
    if (message.op === "counters") this.#options.counted(message.rows, message.answers);
    else if (message.op === "connections" || message.op === "processes") this.#options.measured(message);
    else if (message.op === "spans") this.#options.spanned(message.rows, message.dropped);
    else if (message.op === "leaving") this.#leftBehind(message);
    else if (message.op === "reloading") this.#channel.retire(message.seconds);
    else if (message.op === "tried") this.#tried(message.id, message.problem);
    else if ((message.op === "engine" || message.op === "refused") && message.instance === "stream") this.#streamChanged(message);
    else if (message.op === "engine") this.#engineChanged(message.status, message.event);
    else if (message.op === "refused") this.#engineRefused(message.config, message.problem);
    else if (message.op === "snapshot") {
      this.#filesProblems = { snapshotProblem: message.problem || undefined, endpointsProblem: message.endpoints || undefined };
      this.#options.changed();
    }
  }

  #leftBehind({ instance, generations, workers, since, ended }: FromSubscriber & { op: "leaving" }): void {
    this.#leaving = { ...this.#leaving, [instance ?? "http"]: { generations, workers, since, ended } };
    // A reload may have waited for the oldest.
    if (this.#delay.waits) this.#advance();
  }

  #tried(id: string, problem: string): void {
    this.#trials.tried(id, problem);
    this.#planned = undefined;
    this.#advance();
  }

  #engineChanged(status: EngineStatus, event: "started" | "reloaded" | "restarted"): void {
    this.#runs(status);
    const plan = [this.#pending, this.#refused?.plan].find((one) => one?.conf.digest === status.config);
    if (plan) {
      if (plan === this.#pending) this.#answered();
      this.#refused = undefined;
      this.#loads.loads++;
      this.#loads.loadedAt = Date.now();
      if (event === "reloaded") this.#countReload(plan.reason);
    }
    this.#advance();
  }

  /** The newest Program asks for no other nginx.conf than the one that was tried last. */
  #noteConfigured(): void {
    this.#configured = this.#applied.number;
  }

  /** nginx has said what it makes of the configuration that it was given. */
  #answered(): void {
    this.#pending = undefined;
    this.#configured = this.#configuring;
  }

  #streamChanged(message: FromSubscriber & { op: "engine" | "refused" }): void {
    this.#streams.hear(message);
    this.#advance();
  }

  #countReload(reason: string): void {
    this.#pace.reloaded(this.#askers, Date.now());
    this.#reloads.set(reason, (this.#reloads.get(reason) ?? 0) + 1);
    this.#options.log("info", "nginx was reloaded", { reason });
  }

  #engineRefused(digest: string, problem: string): void {
    const refused = this.#pending;
    if (refused?.conf.digest !== digest) return;
    this.#answered();
    this.#loads.refusals++;
    this.#searchCulprit(refused);
    this.#refused = { plan: refused, problem };
    this.#tryAgainLater();
    this.#promised = 0;
    this.#options.log("error", `nginx refuses its new configuration and goes on with the old one: ${problem}`);
    this.#advance();
  }

  #searchCulprit({ profiles }: ReloadPlan): void {
    if (!this.#agent || !this.#program) return;
    this.#trials.searchFor({ settings: this.#options.settings, facts: this.#agent.facts, config: this.#program.config, profiles });
  }

  /** What nginx refused it may take later (a port that was in use), so it is asked again now and then. */
  #tryAgainLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#planned = undefined;
      this.#askAgain = true;
      this.#advance();
    }, REFUSED_RETRY_MS);
  }

  #slots(): number {
    return this.#agent && this.#program ? workerCount(this.#program.config, this.#agent.facts) : 1;
  }
}
