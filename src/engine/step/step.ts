/**
 * One step of the engine: from what happened to what follows from it.
 *
 * Pure: the same state, event and moment make the same step; nothing that was given is changed. Orders are to be carried
 * out in their order, each once, before the next step.
 *
 * Guarantees, whatever the agent says or does not say: a part is published when nginx has its profiles, and not before;
 * each nginx has one order at a time; whoever waits for a number waits until all parts of that Program, or newer
 * versions, are published and nginx is configured for them; a refused configuration is tried again; when nothing happens
 * any more, only what nginx refuses is left waiting.
 */
import type { AgentHello } from "../protocol.ts";
import { apply, emptyGeneration, nextGeneration, noted } from "./applied.ts";
import { configureHttp, hearHttp, hearRefusal, mayGo, runs, takeTrials } from "./http.ts";
import type { Order } from "./orders.ts";
import { setHttp, setState, type AgentWord, type EngineEvent, type Moment, type State, type Turn } from "./state.ts";
import { adoptStreams, configureStreams, hearStreams } from "./streams.ts";
import { areOpen, forgetIdle, patienceEnds, restarted, tried } from "./trials.ts";

export interface Step {
  readonly state: State;
  readonly orders: readonly Order[];
}

export function step(state: State, event: EngineEvent, moment: Moment): Step {
  const turn: Turn = { ...moment, state, orders: [] };
  take(turn, event);
  advance(turn);
  return { state: turn.state, orders: turn.orders };
}

/** Unix time in milliseconds at which the next step is due if no event comes before; undefined: none is. */
export function nextWake({ http: { delayed, refusal, blocked }, streams: { retryAt }, trials }: State, now: number): number | undefined {
  const due = [delayed?.until, refusal?.retryAt, blocked.sockets.size > 0 ? blocked.retryAt : undefined, retryAt, patienceEnds(trials)].flatMap((time) => (time !== undefined && time > now ? [time] : []));
  return due.length === 0 ? undefined : Math.min(...due);
}

/** Whether something that was applied is not published yet, or waits for an answer or for its time. */
export function holdsBack({ applied, http, trials, streams }: State): boolean {
  return applied.waiting.size > 0 || http.ordered !== undefined || http.delayed !== undefined || areOpen(trials) || streams.ordered !== undefined;
}

function take(turn: Turn, event: EngineEvent): void {
  const { state } = turn;
  switch (event.kind) {
    case "program":
      return setState(turn, { program: event.program, applied: apply(state.applied, event.changed) });
    case "agent":
      return welcome(turn, event.hello);
    case "said":
      return hear(turn, event.message);
    case "idle-snippets":
      return setState(turn, { trials: forgetIdle(state.trials, event.isIdle) });
    case "time":
      // A timer may be early by a part of a millisecond.
      turn.now = Math.max(turn.now, event.due);
  }
}

/** Another agent has come, with the nginx that it runs. It will not answer what the last agent was told. */
function welcome(turn: Turn, { facts, status, stream }: AgentHello): void {
  runs(turn, status);
  // An agent without nginx starts one at once: what was put off, or tried again later, was so for the nginx that is gone.
  setHttp(turn, { ordered: undefined, planned: undefined, ...(status.master === 0 ? { delayed: undefined, refusal: undefined } : {}) });
  setState(turn, { facts, streams: adoptStreams(turn.state.streams, stream), trials: restarted(turn.state.trials) });
}

function hear(turn: Turn, message: AgentWord): void {
  const { state } = turn;
  switch (message.op) {
    case "leaving": {
      const { instance = "http", generations, workers, since, ended } = message;
      return setState(turn, { leaving: { ...state.leaving, [instance]: { generations, workers, since, ended } } });
    }
    case "tried":
      takeTrials(turn, tried(state.trials, message.id, message.problem));
      return setHttp(turn, { planned: undefined });
    case "engine":
    case "refused":
      if (message.instance === "stream") return takeStreams(turn, hearStreams(state.streams, message, turn.now));
      return message.op === "engine" ? hearHttp(turn, message) : hearRefusal(turn, message);
  }
}

function advance(turn: Turn): void {
  const { program, facts, settings } = turn.state;
  if (!program || !facts) return;
  publishWhatMay(turn);
  configureHttp(turn, program, facts);
  const { http: { ordered, refusal }, applied: { number, generation } } = turn.state;
  // Where the nginx below http takes over the https port, the nginx of http must have let go of it first.
  const settled = !ordered && !(refusal && settings.enableSslPassthrough);
  if (settled && generation > 0) takeStreams(turn, configureStreams(turn.state.streams, number, { settings, program, facts }, turn.now));
  keepPromise(turn);
  const { applied, http, streams } = turn.state;
  setState(turn, { applied: noted(applied, Math.min(http.configured, streams.configured), turn.programmed) });
}

/** Publishes the parts whose profiles are loaded; the others wait under their old version, which keeps what it refers to. */
function publishWhatMay(turn: Turn): void {
  const next = nextGeneration(turn.state.applied, (part) => mayGo(turn.state, part));
  if (!next) return;
  setState(turn, { applied: next.state });
  turn.orders.push({ kind: "publish", changes: next.changes });
}

/** A reload may change settings and no part. An empty generation then takes the number that was told as observed, so that it becomes programmed. */
function keepPromise(turn: Turn): void {
  const { applied, promised } = turn.state;
  if (applied.generation === 0) return;
  if (holdsBack(turn.state)) setState(turn, { promised: applied.generation + 1 });
  else if (applied.generation < promised) {
    setState(turn, { applied: emptyGeneration(applied) });
    turn.orders.push({ kind: "publish", changes: new Map() });
  }
}

function takeStreams(turn: Turn, { streams, orders }: ReturnType<typeof hearStreams>): void {
  setState(turn, { streams });
  turn.orders.push(...orders);
}
