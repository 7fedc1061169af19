/**
 * The engine: makes nginx be what the Program says, and knows when it is.
 *
 * `apply` takes a Program and the keys that changed. Parts go out as deltas at once; only a profile that nginx has
 * not loaded yet, or the operator's own settings, cost a reload, and a part that needs such a profile keeps its last
 * version until the reload is done. Progress comes through `changed`; nothing here blocks.
 *
 * All decisions are made in `step`, which is pure. The engine tells it what happens, and carries out its orders.
 */
import type { ArmsRow } from "../../edge/src/arms.ts";
import type { JournalRow } from "../../edge/src/journal.ts";
import type { RouteQuestion } from "../../edge/src/question.ts";
import type { SpanRow } from "../../edge/src/trace.ts";
import { FILES, workerCount } from "../compile/nginx-conf.ts";
import type { PartKey, Program } from "../compile/program.ts";
import { frontsAt } from "../compile/fronts.ts";
import { oncePer } from "../support/once-per.ts";
import type { Settings } from "../settings.ts";
import type { Log } from "../support/log.ts";
import { steadyNow } from "../support/steady-clock.ts";
import { Channel } from "./channel.ts";
import type { EngineCounts, EngineState, NginxMeasures } from "./engine-state.ts";
import { Ledger } from "./ledger.ts";
import { missing } from "./missing.ts";
import type { AgentHello, Answers, CounterRow, FromSubscriber, WorkerReply } from "./protocol.ts";
import { servedNumber } from "./step/applied.ts";
import type { Order } from "./step/orders.ts";
import { initialState, type EngineEvent, type State } from "./step/state.ts";
import { holdsBack, nextWake, step } from "./step/step.ts";
import { streamState } from "./step/streams.ts";

export interface EngineOptions {
  readonly settings: Settings;
  readonly log: Log;
  /** Account of nginx's workers, when this process is root. */
  readonly workers: { readonly uid: number; readonly gid: number } | undefined;
  readonly changed: () => void;
  readonly counted: (rows: readonly CounterRow[], answers: Answers) => void;
  /** What the arms of releases did. */
  readonly armed: (rows: readonly ArmsRow[]) => void;
  /** What was measured of nginx itself. */
  readonly measured: (measures: NginxMeasures) => void;
  readonly spanned: (rows: readonly SpanRow[], dropped: number) => void;
  readonly noted: (rows: readonly JournalRow[], dropped: number) => void;
}

export type { EngineCounts, EngineState, NginxMeasures } from "./engine-state.ts";

/** A worker reads the channel all the time, between requests: one that is silent for so long is busy, or stuck. */
const REPLY_MS = 1000;

const NO_PROBLEMS = { snapshotProblem: undefined, endpointsProblem: undefined };

const NO_FRONTS: Program["fronts"] = new Map();

export class Engine {
  readonly #options: EngineOptions;
  readonly #ledger = new Ledger();
  readonly #channel: Channel;
  #state: State;
  /** The whole Program that was applied last; its parts are the compiler's. */
  #program: Program | undefined;
  #agent: AgentHello | undefined;
  #filesProblems: Pick<EngineState, "snapshotProblem" | "endpointsProblem"> = NO_PROBLEMS;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#state = initialState(options.settings);
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
    clearTimeout(this.#timer);
    await this.#channel.close();
  }

  /** Lets HTTP/1.1 clients open their next connection elsewhere, for so many seconds. */
  retire(seconds: number): void {
    this.#channel.retire(seconds);
  }

  /** Asks every worker where its tables lead a request. Gives the replies that come within a second. */
  ask(question: Omit<RouteQuestion, "id">): Promise<readonly WorkerReply[]> {
    return this.#channel.ask(question, REPLY_MS);
  }

  /** Lets workers say, for so many seconds, what becomes of every request. */
  watch(seconds: number): void {
    this.#channel.watch(seconds);
  }

  /** Asks the agent to end nginx and itself; false when no agent is connected. */
  stopAgent(): boolean {
    return this.#channel.order({ op: "stop" });
  }

  /** Takes a new Program and the keys that differ from the last one. Waits for an agent if none is there yet. */
  apply(program: Program, changed: ReadonlySet<PartKey>): void {
    this.#program = program;
    const changes = new Map([...changed].map((key) => [key, { published: this.#ledger.part(key), newest: program.parts.get(key) }]));
    this.#step({ kind: "program", program, changed: changes });
  }

  /** Forgets nginx's verdicts on snippets that nobody uses any more. The state then has another map of refusals. */
  forgetVerdicts(isIdle: (snippet: string) => boolean): void {
    this.#step({ kind: "idle-snippets", isIdle });
  }

  /** Asks for measures of nginx's processes; false when there is no agent to answer. */
  measure(): boolean {
    return this.#channel.order({ op: "measure" });
  }

  get counts(): EngineCounts {
    const { loads, refusals, loadedAt, status: { config } } = this.#state.http;
    return { loads, refusals, loadedAt, config, ...this.#channel.counts };
  }

  readonly #blockedFronts = oncePer((sockets: ReadonlyMap<string, string>) => oncePer((fronts: Program["fronts"]) => frontsAt(sockets, fronts)));

  get state(): EngineState {
    const { applied, http, leaving, trials, streams } = this.#state;
    const { settings } = this.#options;
    const slots = this.#slots();
    const { programmed, workers, behind } = this.#channel.progress(slots);
    return {
      observed: applied.generation + (holdsBack(this.#state) ? 1 : 0),
      programmed,
      published: applied.generation,
      waiting: applied.waiting,
      applied: applied.number,
      served: servedNumber(applied, programmed),
      workers,
      slots,
      reloads: [...http.reloads.values()].reduce((sum, count) => sum + count, 0),
      reloadReasons: http.reloads,
      leaving,
      behind,
      silent: this.#channel.silent,
      refused: http.refusal?.problem,
      refusedSnippets: trials.refused,
      keysNotKept: this.#agent?.keepsKeys === false,
      ...this.#filesProblems,
      ...missing(this.#program, this.#agent?.facts, this.#options.settings),
      frontsBlocked: this.#blockedFronts(http.blocked.sockets)(this.#program?.fronts ?? NO_FRONTS),
      streams: streamState(streams, settings, this.#program?.listeners, this.#agent?.facts),
    };
  }

  #welcome(hello: AgentHello): void {
    this.#agent = hello;
    this.#filesProblems = NO_PROBLEMS;
    this.#step({ kind: "agent", hello });
  }

  #hear(message: FromSubscriber): void {
    switch (message.op) {
      case "counters":
        return this.#options.counted(message.rows, message.answers);
      case "arms":
        return this.#options.armed(message.rows);
      case "connections":
      case "processes":
        return this.#options.measured(message);
      case "spans":
        return this.#options.spanned(message.rows, message.dropped);
      case "requests":
        return this.#options.noted(message.rows, message.dropped);
      case "reloading":
        if (message.farewell === undefined) return this.#channel.retire(message.seconds);
        return this.#channel.sayFarewell(message.seconds, message.farewell, this.#slots());
      case "snapshot":
        this.#filesProblems = { snapshotProblem: message.problem || undefined, endpointsProblem: message.endpoints || undefined };
        return this.#options.changed();
      case "engine":
      case "refused":
      case "tried":
        return this.#step({ kind: "said", message });
      case "leaving":
        // The agent's time of day, which may be set, becomes a time of the clock that waits are counted by.
        return this.#step({ kind: "said", message: { ...message, since: message.since === 0 ? 0 : steadyNow() - (Date.now() - message.since) } });
      default:
        return undefined;
    }
  }

  /** The new state is set before its orders are carried out, because whoever hears of an order may ask for the state. */
  #step(event: EngineEvent): void {
    const { programmed } = this.#channel.progress(this.#slots());
    const { state, orders } = step(this.#state, event, { now: steadyNow(), draining: this.#channel.draining, programmed });
    this.#state = state;
    for (const order of orders) this.#carryOut(order);
    this.#wakeLater();
    this.#options.changed();
  }

  #carryOut(order: Order): void {
    switch (order.kind) {
      case "publish":
        return this.#channel.publish(order.changes);
      case "runs":
        return this.#channel.running(order.status);
      case "log":
        return this.#options.log(order.level, order.message, order.fields);
      case "tell":
        // Its workers may say hello before the agent says so.
        if (order.order.op === "configure" && !order.order.instance) this.#channel.expect(order.order.digest);
        this.#channel.order(order.order);
    }
  }

  #wakeLater(): void {
    clearTimeout(this.#timer);
    const now = steadyNow();
    const due = nextWake(this.#state, now);
    this.#timer = due === undefined ? undefined : setTimeout(() => this.#step({ kind: "time", due }), due - now);
  }

  #slots(): number {
    return this.#agent && this.#program ? workerCount(this.#program.config, this.#agent.facts) : 1;
  }
}
