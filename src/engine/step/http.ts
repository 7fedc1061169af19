/** Decides when the nginx of http is told to run another configuration, and what its answer means. */
import { frontListens, socketsToOpen, type FrontListen } from "../../compile/fronts.ts";
import type { EngineFacts } from "../../compile/facts.ts";
import type { Profile } from "../../compile/profiles.ts";
import type { Part } from "../../compile/program.ts";
import { waitToLeave } from "../leaving.ts";
import type { EngineStatus, FromSubscriber } from "../protocol.ts";
import { firstOrdered, waitingOrdered } from "./applied.ts";
import { paceReloaded, paceWait } from "./pace.ts";
import { isLoaded, planReload, type ReloadPlan } from "./plan.ts";
import { setHttp, setState, type Http, type ReloadAttempt, type State, type Turn, type Wants } from "./state.ts";
import { examine, holdPlans, isUsable, searchFor, type Asked } from "./trials.ts";

const REFUSED_RETRY_MS = 30_000;

/**
 * With enable-serial-reloads, how long a reload waits at most for the old workers of the last one; ingress-nginx ends
 * its old workers after this time.
 */
const DRAIN_MS = 240_000;
const DRAIN_LOOK_MS = 500;

/**
 * Whether nginx has the profiles of this part now, and will still have them when the ordered configuration is loaded. While
 * no nginx runs and nothing is ordered there is nothing to wait for, because nginx starts with every profile.
 */
export function mayGo({ http: { status, ordered } }: State, part: Part | undefined): boolean {
  if (!part || part.profiles.size === 0) return true;
  return [...part.profiles].every(([id, profile]) => {
    const now = status.master === 0 || isLoaded(profile, status.profiles[id]);
    return now && (!ordered || isLoaded(profile, ordered.plan.profiles.get(id)));
  });
}

/** Orders a start or a reload when the plan says so and none is under way. */
export function configureHttp(turn: Turn, program: Wants, facts: EngineFacts): void {
  if (turn.state.http.ordered || isDelayed(turn, program)) return;
  if (isPlanned(turn, program)) return noteConfigured(turn);
  const { confOf, settings, http: { status } } = turn.state;
  const held = profilesInUse(turn.state);
  // Profiles that workers use are tested as well, because the operator's settings may have changed since.
  takeTrials(turn, examine(turn.state.trials, { confOf, settings, facts, config: program.config }, new Map([...held, ...program.profiles]), status, turn.now));
  if (holdPlans(turn.state.trials, turn.now)) return;
  const listens = listensOf(turn, program, facts);
  const open = openIn(status);
  const plan = planReload({ confOf, settings, facts, program, held, status, listens, open, usable: usableIn(turn.state) });
  const askers = new Set([...namespacesAsking(turn.state), ...opening(listens, open, program)]);
  const wait = plan ? waitFor(turn, program, plan, askers) : 0;
  if (wait > 0) return setHttp(turn, { delayed: { until: turn.now + wait, config: program.config } });
  setHttp(turn, { planned: { profiles: program.profiles, fronts: program.fronts, config: program.config, status } });
  const { refusal } = turn.state.http;
  const again = plan !== undefined && plan.conf.digest === refusal?.attempt.plan.conf.digest;
  if (!again) setHttp(turn, { refusal: undefined });
  if (!plan || (again && turn.now < refusal.retryAt)) return noteConfigured(turn);
  order(turn, { plan, number: turn.state.applied.number, askers });
}

/** The sockets that Gateways want, without those that others were found to have a moment ago. */
function listensOf({ state: { settings, http: { blocked } }, now }: Turn, { fronts, config }: Wants, facts: EngineFacts): readonly FrontListen[] {
  const all = frontListens(fronts.values(), settings, config, facts);
  return now < blocked.retryAt ? all.filter(({ id }) => !blocked.sockets.has(id)) : all;
}

/** Sockets of Gateways that nginx has. */
function openIn({ listens = [] }: EngineStatus): readonly FrontListen[] {
  return listens.map(({ id, host, port, ssl = false }) => ({ id, host, port, ssl }));
}

/** Namespaces of Gateways that ask for sockets which nginx does not have. */
function opening(listens: readonly FrontListen[], open: readonly FrontListen[], { fronts }: Wants): readonly string[] {
  const ports = new Set(socketsToOpen(listens, open).map(({ port }) => port));
  return ports.size === 0 ? [] : [...fronts.values()].flatMap(({ port, origin }) => (ports.has(port) ? [origin.namespace] : []));
}

function order(turn: Turn, attempt: ReloadAttempt): void {
  const { plan: { conf: { text, digest }, files, profiles, listens } } = attempt;
  setHttp(turn, { ordered: attempt });
  const { applied } = turn.state;
  setState(turn, { applied: applied.generation === 0 ? firstOrdered(applied) : waitingOrdered(applied) });
  turn.orders.push({ kind: "tell", order: { op: "configure", text, digest, files, profiles: Object.fromEntries(profiles), ...(listens.length > 0 ? { listens: listens.map(({ id, host, port, ssl }) => ({ id, host, port, protocol: "tcp" as const, ...(ssl ? { ssl } : {}) })) } : {}) } });
}

/**
 * Whether a reload still waits for its time. It waits no longer when a namespace that has come since may have one
 * sooner, or when the operator's settings have changed.
 */
function isDelayed(turn: Turn, { config }: Wants): boolean {
  const { delayed } = turn.state.http;
  if (!delayed) return false;
  const inTime = turn.now < delayed.until && turn.now + waitForTurn(turn, namespacesAsking(turn.state)) >= delayed.until;
  if (inTime && delayed.config === config) return true;
  setHttp(turn, { delayed: undefined });
  return false;
}

/** Whether nothing has changed since the last plan was made, and a refused configuration is not yet to be tried again. */
function isPlanned({ state: { http: { planned, status, refusal, blocked } }, now }: Turn, { profiles, fronts, config }: Wants): boolean {
  if (blocked.sockets.size > 0 && now >= blocked.retryAt) return false;
  const same = planned?.profiles === profiles && planned.fronts === fronts && planned.config === config && planned.status === status;
  return same && (refusal === undefined || now < refusal.retryAt);
}

/** Notes that the newest Program asks for no other nginx.conf than the one that was tried last. */
function noteConfigured(turn: Turn): void {
  setHttp(turn, { configured: turn.state.applied.number });
}

/** Milliseconds until the reload may be ordered. The first is ordered at once; a burst of new profiles costs one reload. */
function waitFor(turn: Turn, { config }: Wants, { reason }: ReloadPlan, askers: ReadonlySet<string>): number {
  const paced = reason === "new-profile" || reason === "new-port" ? waitForTurn(turn, askers) : 0;
  const drains = reason !== "start" && config.enableSerialReloads && turn.draining;
  const drained = drains ? Math.min(DRAIN_LOOK_MS, turn.state.http.loadedAt + DRAIN_MS - turn.now) : 0;
  return Math.max(0, paced, drained);
}

/** Milliseconds until nginx may be reloaded for profiles that these namespaces ask for. */
function waitForTurn({ state, now }: Turn, askers: ReadonlySet<string>): number {
  return Math.max(paceWait(state.pace, askers, now), waitToLeave(state.leaving.http, now));
}

/** The namespaces whose routes wait for a profile that a reload would bring. */
function namespacesAsking(state: State): ReadonlySet<string> {
  const usable = usableIn(state);
  const namespaces = new Set<string>();
  for (const { newest } of state.applied.waiting.values()) {
    for (const { namespace, profile: id } of newest?.needs ?? []) {
      const profile = newest?.profiles.get(id);
      if (profile && !isLoaded(profile, state.http.status.profiles[id]) && usable(id, profile)) namespaces.add(namespace);
    }
  }
  return namespaces;
}

function usableIn({ trials }: State): (id: string, profile: Profile) => boolean {
  return (id, profile) => isUsable(trials, id, profile);
}

/** Profiles that workers may use beside those of the newest Program: those of published versions not replaced yet, or of an adopted nginx. */
function profilesInUse({ applied, http }: State): ReadonlyMap<string, Profile> {
  if (applied.generation === 0) return new Map(Object.entries(http.status.profiles));
  return new Map([...applied.waiting.values()].flatMap(({ published }) => [...(published?.profiles ?? [])]));
}

/** The agent says that nginx was started, reloaded, or that a new master took over. */
export function hearHttp(turn: Turn, { status, event }: FromSubscriber & { readonly op: "engine" }): void {
  runs(turn, status);
  const { http: { ordered, refusal, blocked, loads, reloads }, pace } = turn.state;
  const attempt = [ordered, refusal?.attempt].find((one) => one?.plan.conf.digest === status.config);
  if (!attempt) return;
  if (attempt === ordered) answered(turn, attempt);
  setHttp(turn, { refusal: undefined, loads: loads + 1, loadedAt: turn.now, blocked: without(blocked, attempt.plan.listens) });
  if (event !== "reloaded") return;
  const { plan: { reason }, askers } = attempt;
  setState(turn, { pace: paceReloaded(pace, askers, turn.now) });
  setHttp(turn, { reloads: new Map(reloads).set(reason, (reloads.get(reason) ?? 0) + 1) });
  turn.orders.push({ kind: "log", level: "info", message: "nginx was reloaded", fields: { reason } });
}

/**
 * The agent says that nginx refused the configuration that was ordered. nginx may take it later (a port that was in
 * use), so it is tried again now and then.
 */
export function hearRefusal(turn: Turn, { config, problem, ports }: FromSubscriber & { readonly op: "refused" }): void {
  const { http: { ordered, refusals }, confOf, settings, facts, program } = turn.state;
  if (ordered?.plan.conf.digest !== config) return;
  if (ports) return leaveOut(turn, ordered, ports);
  answered(turn, ordered);
  setHttp(turn, { refusals: refusals + 1, refusal: { attempt: ordered, problem, retryAt: turn.now + REFUSED_RETRY_MS } });
  setState(turn, { promised: 0 });
  if (facts && program) takeTrials(turn, searchFor(turn.state.trials, { confOf, settings, facts, config: program.config, profiles: ordered.plan.profiles }));
  turn.orders.push({ kind: "log", level: "error", message: `nginx refuses its new configuration and goes on with the old one: ${problem}` });
}

function without({ sockets, retryAt }: Http["blocked"], open: readonly FrontListen[]): Http["blocked"] {
  return { sockets: new Map([...sockets].filter(([id]) => open.every((one) => one.id !== id))), retryAt };
}

/** A port that others have must not keep the configuration from what else is in it. */
function leaveOut(turn: Turn, attempt: ReloadAttempt, ports: Readonly<Record<string, string>>): void {
  const { blocked } = turn.state.http;
  const sockets = new Map([...(turn.now < blocked.retryAt ? blocked.sockets : []), ...Object.entries(ports)]);
  setHttp(turn, { ordered: undefined, planned: undefined, blocked: { sockets, retryAt: turn.now + REFUSED_RETRY_MS } });
  turn.orders.push({ kind: "log", level: "error", message: "ports of Gateways cannot be had, and are tried again", fields: { sockets: Object.entries(ports).map(([id, why]) => `${id} (${why})`).join(", "), program: attempt.number } });
}

/** nginx has taken or refused the ordered configuration. */
function answered(turn: Turn, { number }: ReloadAttempt): void {
  setHttp(turn, { ordered: undefined, configured: number });
}

export function runs(turn: Turn, status: EngineStatus): void {
  setHttp(turn, { status });
  turn.orders.push({ kind: "runs", status });
}

export function takeTrials(turn: Turn, { trials, order: asks }: Asked): void {
  setState(turn, { trials });
  if (asks) turn.orders.push({ kind: "tell", order: asks });
}
