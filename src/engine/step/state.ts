/**
 * What the engine remembers: an immutable value, of which `step` makes the next one.
 *
 * Each fact has one place: an order under way is `ordered`; what nginx refused is `refusal`, with the time at which it
 * is tried again; a reload that waits for its time is `delayed`.
 */
import { nginxConf } from "../../compile/nginx-conf.ts";
import type { EngineFacts } from "../../compile/facts.ts";
import type { PartKey, Program } from "../../compile/program.ts";
import type { Settings } from "../../settings.ts";
import { NONE_LEAVING, type LeavingCounts } from "../leaving.ts";
import { NO_ENGINE, type AgentHello, type EngineStatus, type FromSubscriber } from "../protocol.ts";
import { NOTHING_APPLIED, type Applied, type Change } from "./applied.ts";
import type { Order } from "./orders.ts";
import { newPace, type Pace } from "./pace.ts";
import type { ConfOf, ReloadPlan } from "./plan.ts";
import { NO_STREAMS, type Streams } from "./streams.ts";
import { NO_TRIALS, type Trials } from "./trials.ts";

/** What a Program asks of nginx. Its parts are not in it: they come as changes, because the compiler's map of parts is not immutable. */
export type Wants = Omit<Program, "parts">;

export interface State {
  readonly settings: Settings;
  readonly confOf: ConfOf;
  /** What the newest Program asks; undefined: none was applied yet. */
  readonly program: Wants | undefined;
  /** Facts about the machine where nginx runs; undefined: no agent has said hello yet. */
  readonly facts: EngineFacts | undefined;
  readonly applied: Applied;
  /** The next generation, if it was already told as observed because something was held back; 0: none was. */
  readonly promised: number;
  readonly http: Http;
  readonly streams: Streams;
  readonly trials: Trials;
  readonly pace: Pace;
  /** Old workers that are still there. */
  readonly leaving: Readonly<Record<"http" | "stream", LeavingCounts>>;
}

/** A configuration for the nginx of http. */
export interface ReloadAttempt {
  readonly plan: ReloadPlan;
  /** Number of the Program that it was made for. */
  readonly number: number;
  /** Namespaces that asked for profiles which come with it. */
  readonly askers: ReadonlySet<string>;
}

/** The nginx that serves http. */
export interface Http {
  /** What the agent says that this nginx runs. */
  readonly status: EngineStatus;
  /** The configuration that was sent to the agent and not answered yet. */
  readonly ordered: ReloadAttempt | undefined;
  /** The configuration that nginx refused last, which it may still take later. */
  readonly refusal: { readonly attempt: ReloadAttempt; readonly problem: string; readonly retryAt: number } | undefined;
  /** A reload waits for its time, with these settings of the operator's. */
  readonly delayed: { readonly until: number; readonly config: Wants["config"] } | undefined;
  /** What the last plan was made from: while all of it is the same, no new plan is needed. */
  readonly planned: { readonly profiles: Wants["profiles"]; readonly fronts: Wants["fronts"]; readonly config: Wants["config"]; readonly status: EngineStatus } | undefined;
  /** Sockets that others have: id → why; they are left out, and tried again then. */
  readonly blocked: { readonly sockets: ReadonlyMap<string, string>; readonly retryAt: number };
  /** Number of the newest Program whose configuration was tried: nginx has taken or refused it. */
  readonly configured: number;
  /** How many configurations nginx has taken, and how many it has refused. */
  readonly loads: number;
  readonly refusals: number;
  /** Unix time in milliseconds at which nginx last took a configuration; 0: never. */
  readonly loadedAt: number;
  /** Reason → reloads. */
  readonly reloads: ReadonlyMap<string, number>;
}

/** What has happened. */
export type EngineEvent =
  /** The compiler made another Program, in which these parts differ. */
  | { readonly kind: "program"; readonly program: Wants; readonly changed: ReadonlyMap<PartKey, Change> }
  | { readonly kind: "agent"; readonly hello: AgentHello }
  /** The agent said something about an nginx. */
  | { readonly kind: "said"; readonly message: AgentWord }
  /** The time that `nextWake` named has come. */
  | { readonly kind: "time"; readonly due: number }
  /** Nobody asks any more what nginx said of these snippets. */
  | { readonly kind: "idle-snippets"; readonly isIdle: (digest: string) => boolean };

/** What an agent says about its nginx. */
export type AgentWord = FromSubscriber & { readonly op: "engine" | "refused" | "leaving" | "tried" };

/** What the engine sees at the moment of an event. */
export interface Moment {
  /** Unix time in milliseconds. */
  readonly now: number;
  /** Workers of an earlier configuration are at their last requests. */
  readonly draining: boolean;
  /** Newest generation that everybody who has to has acknowledged. */
  readonly programmed: number;
}

export function initialState(settings: Settings, confOf: ConfOf = nginxConf): State {
  return {
    settings,
    confOf,
    program: undefined,
    facts: undefined,
    applied: NOTHING_APPLIED,
    promised: 0,
    http: {
      status: NO_ENGINE, ordered: undefined, refusal: undefined, delayed: undefined, planned: undefined, blocked: { sockets: new Map(), retryAt: 0 }, configured: 0, loads: 0, refusals: 0, loadedAt: 0,
      reloads: new Map(),
    },
    streams: NO_STREAMS,
    trials: NO_TRIALS,
    pace: newPace(settings.reloadInterval * 1000),
    leaving: { http: NONE_LEAVING, stream: NONE_LEAVING },
  };
}

/** One step while it is taken: the state so far, and the orders so far. The functions of a step replace `state` and never change it in place. */
export interface Turn extends Moment {
  now: number;
  state: State;
  readonly orders: Order[];
}

export function setState(turn: Turn, change: Partial<State>): void {
  turn.state = { ...turn.state, ...change };
}

export function setHttp(turn: Turn, change: Partial<Http>): void {
  setState(turn, { http: { ...turn.state.http, ...change } });
}
